/* Inside of shared/signature: a provider's row in the table, and what the signature_*.c files ask of one another.
 *
 * Every check has three steps: what the request claims (claim.h), what is signed (content.h), and whether that holds
 * with the key (key.h, crypto.h). Pure. */
#pragma once

#include "shared/http/headers.h"
#include "shared/signature/crypto.h"
#include "shared/signature/signature.h"

enum secret_form { SECRET_TEXT, SECRET_STANDARD, SECRET_PUBLIC_KEY };
enum time_unit { TIME_NONE, TIME_SECONDS, TIME_MILLISECONDS, TIME_RFC3339, TIME_TEXT };
enum signature_layout {
	LAYOUT_VALUE, /* prefix, then the signature */
	LAYOUT_PAIRS, /* t=…,v1=…: keys, `separator` between them */
	LAYOUT_WORDS, /* v1,… v1,… with blanks between them */
	LAYOUT_BODY,  /* in the body: Mailgun */
};

struct signature_provider {
	const char *name;
	const char *field; /* of the signature */
	const char
	    *also; /* the row that counts when the field is not there: another name of the same, or an older form */
	/* The row for signing secrets (Standard Webhooks' whsec_ and its key pairs), of a provider whose other secrets
	 * are tokens: a key that signs is never sent. */
	const char *keyed;
	/* A field of pairs, key=…,algorithm=…: for HMAC_SHA256 the row `stronger` counts, for HMAC_SHA1 or none this
	 * one; no other is known. */
	const char *settings_field, *stronger;
	const char *prefix;   /* before the signature, or the key of its pair */
	const char *time_key; /* of its pair */
	const char *time_field, *id_field;
	const char *body_time; /* a number in the body, in milliseconds */
	/* What is signed: %B body, %T time as text, %I id, %U URL, %M method, %P the form's parameters. */
	const char *content;
	const char *agent;       /* what its User-Agent holds */
	const char *own_field;   /* a field that nobody else sends */
	const char *event_field; /* the name of the event, or by paths in the body: "event.type", "[0].event" */
	const char *event_path[3];
	/* Where its event's id stands, the first that is there: "field:NAME", "form:NAME" or a path in the body. */
	const char *ids[3];
	int64_t age; /* seconds, 0: none */
	enum signature_layout layout;
	enum signature_algorithm algorithm;
	enum signature_form form;
	enum secret_form secret;
	enum time_unit unit;
	char separator;
	bool future; /* the limit goes both ways */
	bool hidden; /* only somebody's `also` */
	/* Only recognised by its own field: its signatures are not checked here, and the row says nothing of them. */
	bool unchecked;
	bool signs_in_body; /* with `unchecked`: it signs, and no field shows it */
};

extern const struct signature_provider signature_table[];
extern const size_t signature_table_len;

/* The row of that name, hidden ones as well; NULL: none. */
const struct signature_provider *signature_find_row(const char *name);
const struct signature_provider *signature_also(const struct signature_provider *p);
/* signature_table.c: the row that this request is judged by, or signed by, with this secret (empty: none yet). NULL and
 * *named: its settings name that algorithm, which is not known. */
const struct signature_provider *signature_row(const struct signature_provider *p, struct bytes headers,
					       struct bytes secret, struct bytes *named);

struct claim;
/* signature_why.c: puts into *out why it does not hold, found by trying. */
void signature_explain(const struct signature_provider *p, const struct signature_input *in, struct claim *c,
		       struct bytes content, struct signature_result *out);
/* What a missing field may mean: signed by another's scheme. */
void signature_explain_missing(const struct signature_provider *p, const struct signature_input *in,
			       struct signature_result *out);

/* signature_respell.c: the ways in which frameworks write a JSON body again. */
struct respelling {
	const char *name; /* "re-serialised as compact JSON" */
	struct buffer body;
};
/* Steps through them: *step from 0. False after the last. The caller frees the body. */
MUST_CHECK bool signature_respell(struct bytes body, int *step, struct respelling *out);
