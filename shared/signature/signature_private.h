/* Inside of shared/signature: a provider's row in the table, and what the signature_*.c files ask of one another.
 *
 * Every check has three steps: what the request claims (claim.h), what is signed (content.h), and whether that holds
 * with the key (key.h, crypto.h). Pure. */
#pragma once

#include "shared/http/headers.h"
#include "shared/secrets/crypto.h"
#include "shared/signature/signature.h"

/* What the user's secret is, and the key that it becomes. */
enum secret_form {
	SECRET_TEXT,
	SECRET_STANDARD,   /* whsec_ and base64, or a key pair of Standard Webhooks */
	SECRET_HEX,        /* a key's bytes in hex */
	SECRET_BASE64,     /* in base64 */
	SECRET_HASHED,     /* the key is the text's SHA-1 */
	SECRET_PUBLIC_KEY, /* PEM (also of a certificate), hex or base64; before a PEM there may be a line of its own */
};
enum time_unit {
	TIME_NONE,
	TIME_SECONDS,
	TIME_MILLISECONDS,
	TIME_RFC3339,
	TIME_TEXT,      /* signed as it stands, whatever it is; written in seconds */
	TIME_TEXT_DATE, /* the same, written by RFC 3339 */
};
enum signature_layout {
	LAYOUT_VALUE, /* prefix, then the signature */
	LAYOUT_PAIRS, /* t=…,v1=…: keys, `separator` between them */
	LAYOUT_WORDS, /* v1,… v1,… with blanks between them */
	LAYOUT_LIST,  /* the time, then signatures, commas between them */
	LAYOUT_JWT,   /* a JSON Web Token (RFC 7519), signed (RFC 7515) */
};

/* A place is where a value stands: "field:NAME" of the header, "form:NAME" of a form or multipart body, "query:NAME" of
 * the URL, or a path in a JSON body, as "event.type" or "[0].event" (place.h).
 *
 * A provider may sign in several forms: a row each, the later ones hidden and named by `also`. */
struct signature_provider {
	const char *name;

	/* Who sent it. */
	const char *own_fields[3]; /* any of these: fields that nobody before it in the table sends */
	const char *agent;         /* what its User-Agent holds */
	const char *marks[4];      /* marks (place.h) in what it sends that together tell it from others */
	const char *events[4];     /* places of the event's name: the first that is there */
	const char *ids[3];        /* places of the event's id */

	/* Which form. */
	const char *family; /* those of one family sign alike, under other names: a secret for one is for all */
	const char *also;   /* the form that counts when this one's signature is not there */
	const char *when;   /* it counts only if this mark holds (place.h) */
	const char *beside; /* another form, which the provider sends with this one */
	/* The row for signing secrets (Standard Webhooks' whsec_ and its key pairs), of a provider whose other secrets
	 * are tokens: a key that signs is never sent. */
	const char *keyed;
	/* A field of pairs, key=…,algorithm=…: for HMAC_SHA256 the row `stronger` counts, for HMAC_SHA1 or none this
	 * one; no other is known. */
	const char *settings_field, *stronger;

	/* Where its parts are. */
	const char *field;     /* of the signature; with `numbered` it ends in 1, and those in 2 to 100 count as well */
	const char *second;    /* another field whose signature counts as well */
	const char *places[2]; /* of the signature in the body, where there is no field */
	const char *each;      /* the list in the body each of whose members is signed: "[#]" in a path is its number */
	const char *prefix;    /* before the signature, or the key of its pair */
	const char *time_key;  /* of its pair */
	const char *time_field, *id_field;
	const char *time_place, *id_place;   /* in the body */
	const char *names_key, *names_field; /* the names of the fields that are signed: of a pair, or a field */

	/* What is signed: %B body, %T time as text, %I id, %U URL, %Q its path and query, %M method, %P the form's
	 * parameters, %C the body's CRC-32, %L the line before the key, %J a token's own text, %H the names of the
	 * signed fields, %V their values, %N both; %{PLACE} a value, %{?PLACE} one that may be missing, %[…%] all of it
	 * only when the value in it is there. */
	const char *content;
	int64_t age; /* seconds, 0: none */

	/* Tokens. */
	const char *token_algorithm; /* the only one that is taken */
	const char *token_issuer;
	const char *token_sum;    /* the claim that is the body's SHA-256, in sum_form */
	const char *token_claims; /* of one that is made here: as `content`, and %i the issuer as it was, %n now, %x in
				     five minutes, %S the sum */

	const char *retries; /* what it does when no answer comes in waits_ms; NULL: not known */

	/* The small ones, of all of the above. */
	enum signature_layout layout;
	enum signature_algorithm algorithm;
	enum signature_form form;
	enum secret_form secret;
	enum time_unit unit;
	enum signature_form sum_form;
	uint32_t waits_ms;      /* for an answer; 0: not known */
	bool shared;            /* others sign in its fields as well: they alone tell nothing */
	bool hidden;            /* only somebody's further form */
	bool unchecked;         /* it is recognised only: it signs nothing, or not in a way that is checked here */
	char event_join;        /* of events: with one, the first two together, this between them */
	char separator, assign; /* of pairs: ',' and '=' where none is named */
	bool numbered, prefix_optional;
	bool newline_optional; /* what is signed may have lost the newline at its end on the way */
	bool escaped_too;      /* the body may be signed with its characters beyond ASCII as JSON escapes */
	bool exact;            /* of pairs: the time, one signature, and nothing else */
	bool future;           /* the limit `age` goes both ways */
	bool token_audience;   /* it is for the URL, or for the line before the key */
	bool token_expires;    /* one without `exp` does not count */
};

#define SIGNATURE_ROWS_MOST 256
extern const struct signature_provider signature_table[];
extern const size_t signature_table_len; /* SIGNATURE_ROWS_MOST at most */

/* The provider that the row is a form of: the one of its first word. */
const struct signature_provider *signature_owner(const struct signature_provider *row);
/* The form after `row` that counts for p, in which it may have signed as well; NULL: there is no other. */
const struct signature_provider *signature_next_form(const struct signature_provider *p,
						     const struct signature_provider *row);
/* The row of that name, hidden ones as well; NULL: none. */
const struct signature_provider *signature_find_row(const char *name);
/* Whether the field is the row's, of those that are numbered. */
bool signature_is_numbered(const struct signature_provider *row, struct bytes name);
/* The value of the first of its fields that is there: its own, the second, or a numbered one. */
bool signature_find_field(const struct signature_provider *row, struct bytes headers, struct bytes *value);
/* signature_row.c: the row that this request is judged by, or signed by, with in->secret (empty: none yet). NULL and
 * *named: its settings name that algorithm, which is not known. */
const struct signature_provider *signature_row(const struct signature_provider *p, const struct signature_input *in,
					       struct bytes *named);
/* Whether the request carries a signature in the form of that very row. */
bool signature_row_carried(const struct signature_provider *row, const struct signature_input *in);
/* A key that signs, in any of Standard Webhooks' forms or as PEM; also with blanks or quotes around it. */
bool signature_row_is_signing_key(struct bytes secret);

/* signature_respell.c: the ways in which frameworks write a JSON body again. */
struct respelling {
	const char *name; /* "re-serialised as compact JSON" */
	struct buffer body;
};
/* The body with each UTF-8 character beyond ASCII as \uXXXX, appended. False: it has none, or no memory. */
MUST_CHECK bool signature_respell_escaped(struct bytes body, struct buffer *out);
/* Steps through them: *step from 0. False after the last. The caller frees the body. */
MUST_CHECK bool signature_respell(struct bytes body, int *step, struct respelling *out);
