/* Inside of signature_*.c: a scheme's row, what is read of a request, and the three steps of every check. */
#pragma once

#include "shared/http/headers.h"
#include "shared/signature/signature.h"
#include "shared/signature/signature_tools.h"

enum signature_algorithm { SIGN_SHA256, SIGN_SHA1, SIGN_TOKEN, SIGN_ED25519, SIGN_ECDSA };
enum signature_form { FORM_HEX, FORM_BASE64 };
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
	const char *agent, *event_field, *event_path[3]; /* paths: "event.type", "[0].event" */
	int64_t age;                                     /* seconds, 0: none */
	enum signature_layout layout;
	enum signature_algorithm algorithm;
	enum signature_form form;
	enum secret_form secret;
	enum time_unit unit;
	char separator;
	bool future; /* the limit goes both ways */
	bool hidden; /* only somebody's `also` */
};

extern const struct signature_provider signature_table[];
extern const size_t signature_table_len;

#define CLAIM_MOST 16

/* What a request says of its signature. Views into the request, or into `own`. */
struct claim {
	const struct signature_provider *scheme; /* the row itself or its `also` */
	struct bytes marks[CLAIM_MOST];          /* the signatures as text; one is enough */
	bool is_public[CLAIM_MOST];              /* v1a */
	size_t count;
	struct bytes time, id;
	int64_t time_s;
	bool has_time;
	struct buffer own;
	enum signature_reason reason; /* when it could not be read */
	char text[200];
};

struct secret_key {
	struct buffer mac; /* key of HMAC, or the token */
	void *public;      /* EVP_PKEY */
};

/* signature_read.c. False: claim->reason and text. Freed by claim_free in any case. */
MUST_CHECK bool claim_read(const struct signature_provider *p, const struct signature_input *in, struct claim *c);
/* By its name, hidden ones as well; NULL: none. */
const struct signature_provider *signature_find_row(const char *name);
const struct signature_provider *signature_also(const struct signature_provider *p);
/* signature_table.c: the row that this request is judged by, or signed by, with this secret (empty: none yet). NULL and
 * *named: its settings name that algorithm, which is not known. */
const struct signature_provider *signature_row(const struct signature_provider *p, struct bytes headers,
					       struct bytes secret, struct bytes *named);
void claim_free(struct claim *c);
bool claim_fail(struct claim *c, enum signature_reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Whether `text` is a signature of that scheme by its letters and length. */
bool signature_well_formed(const struct signature_provider *s, bool is_public, struct bytes text);
bool signature_time(enum time_unit unit, struct bytes text, int64_t *seconds);

/* signature_content.c. False: claim->reason and text. */
MUST_CHECK bool content_build(struct claim *c, const struct signature_input *in, struct buffer *out);
/* "application/x-www-form-urlencoded" */
bool content_is_form(struct bytes headers);
/* The named member of a form, decoded, appended. False: not there, or out of memory. */
bool content_form_value(struct bytes form, const char *name, struct buffer *out);

/* signature_keys.c. False and *why, a clause. */
MUST_CHECK bool key_read(const struct signature_provider *s, struct bytes secret, struct secret_key *out,
			 const char **why);
/* The private half, for signing. */
MUST_CHECK bool key_read_private(const struct signature_provider *s, struct bytes secret, struct secret_key *out,
				 const char **why);
void key_free(struct secret_key *k);

/* signature_crypto.c */
MUST_CHECK bool crypto_mac(enum signature_algorithm a, struct bytes key, struct bytes content, uint8_t out[32],
			   size_t *len);
MUST_CHECK bool crypto_sha256_hex(struct bytes content, char out[65]);
bool crypto_verify(enum signature_algorithm a, void *key, struct bytes content, struct bytes mark);
MUST_CHECK bool crypto_sign(enum signature_algorithm a, void *key, struct bytes content, struct buffer *mark);
MUST_CHECK bool crypto_encode(enum signature_form form, struct bytes in, struct buffer *out);
/* False: it is not of that form. Hex of either case; base64 with or without its padding, URL-safe letters too. */
MUST_CHECK bool crypto_decode(enum signature_form form, struct bytes in, struct buffer *out);

/* signature.c: whether one of the marks is right. */
bool claim_holds(const struct claim *c, const struct secret_key *k, struct bytes content);

/* signature_why.c */
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
/* Steps through them: *step from 0. False behind the last. The body is the caller's, to be freed. */
MUST_CHECK bool signature_respell(struct bytes body, int *step, struct respelling *out);
