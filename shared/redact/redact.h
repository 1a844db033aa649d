/* Takes secrets out of a request or an answer, so that the rest may be pasted in public.
 *
 *    redact_names.c      which names tell of a secret: one table, and the names a user adds
 *    redact_shapes.c     tokens that tell by their form what they are: one table
 *    redact_random.c     words that nobody chose
 *    redact_text.c       any text: shapes, NAME=VALUE, NAME: VALUE, URLs
 *    redact_element.c    elements and attributes of XML and HTML
 *    redact_url.c        URLs, their user, path and query; forms
 *    redact_logins.c     user and password: //user:pw@host, curl -u
 *    redact_lines.c      values of YAML on lines of their own
 *    redact_base64.c     base64 of any of these
 *    redact_json.c       JSON, edited in place: order, spacing and doubled keys stay
 *    redact_csv.c        columns of CSV
 *    redact_multipart.c  parts of multipart/…
 *    redact_fields.c     header fields
 *    redact_value.c      a value, which may be any of these
 *    redact_body.c       a body by its type and content coding
 *    redact_put.c, redact_note.c   what stands for a secret, and what is counted
 *
 * A value becomes REDACTED and as many x as keep its length, a number one of as many digits, a token keeps what it
 * begins with (`sk_live_REDACTED****`), so that what is left still parses. Everything is linear in the input. Pure; a
 * struct redaction is used by one thread at a time. False is: out of memory. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/base/error.h"
#include "shared/options/options.h"

#define REDACTED "REDACTED"

/* The kinds by which findings are counted. */
enum redact_kind {
	REDACT_HEADER,
	REDACT_COOKIE,
	REDACT_SIGNATURE, /* anywhere */
	REDACT_QUERY,
	REDACT_PATH, /* a segment of a path */
	REDACT_USER, /* user and password of a URL */
	REDACT_FORM,
	REDACT_PART,
	REDACT_JSON,
	REDACT_TEXT,  /* NAME=VALUE in a text, an element or attribute of XML */
	REDACT_SHAPE, /* a token recognised by its form alone */
	REDACT_BODY,  /* that cannot be looked into, whole */
	REDACT_KINDS
};

struct redact_found {
	enum redact_kind kind;
	const char *of;    /* as in struct redaction */
	struct bytes name; /* "X-Api-Key", "data.token"; empty for what has none */
	const char *why;   /* "secret by its name", "asked for", "GitHub token", … */
};

/* Names that a user adds: NAME for header fields, cookies, query parameters, fields of forms, parts and JSON members
 * (by their last segment, or the path "data.customer.email"), or one of these alone: "header:NAME", "cookie:NAME",
 * "query:NAME", "form:NAME", "part:NAME", "json:data.customer.email". Without case. */
struct redact_names {
	struct redact_name *at;
	size_t count;
};

/* Takes the values of an option, several in one with commas between them. False and *e (EXIT_USAGE) for an unknown
 * prefix. redact_names_free in any case. */
MUST_CHECK bool redact_names_read(struct redact_names *names, const struct option_values *values, struct error *e);
void redact_names_free(struct redact_names *names);

struct redact_within;

struct redaction {
	const struct redact_names *names;                               /* or NULL */
	void (*on_found)(void *user, const struct redact_found *found); /* or NULL */
	void *user;
	size_t counts[REDACT_KINDS];
	size_t total;
	const char *of; /* what it is looked for in: "request", "answer"; or NULL */
	/* Of the table of shapes, made at first use: by the first letter the row, by a row the next of that letter. */
	uint8_t shape_first[128], shape_next[255];
	bool has_shapes;
	bool near_aws; /* a key id of AWS is in this message, so a secret key may be as well */
	const struct redact_within *within;
};

/* Whether a header field's value alone lets one act as the sender or the user: Authorization, Cookie, API keys, … */
bool redact_is_secret(struct bytes name);
/* Secrets, signatures, and what `names` (or NULL) adds. */
bool redact_is_named(struct bytes name, const struct redact_names *names);

/* These append to `out`, which holds nothing that was taken out. */
MUST_CHECK bool redact_headers(struct redaction *r, struct bytes block, struct buffer *out);
/* A request's target or a whole URL. */
MUST_CHECK bool redact_url(struct redaction *r, struct bytes url, struct buffer *out);
MUST_CHECK bool redact_text(struct redaction *r, struct bytes text, struct buffer *out);

/* The body of a message with that block of header fields, decoded where the header says so and something was taken out
 * of it: then *decoded is true, and Content-Encoding is no longer true of it. A text in another charset than UTF-8
 * stays in it. A body that cannot be looked into (an unknown or damaged content coding, an archive, UTF-16 with half a
 * character) becomes a sentence that says so, when *replaced is true and Content-Type is no longer true either. */
MUST_CHECK bool redact_body(struct redaction *r, struct bytes headers, struct bytes body, struct buffer *out,
			    bool *decoded, bool *replaced);

/* "3 headers, 2 query parameters, 1 token by shape"; "nothing" when there is none. */
MUST_CHECK bool redact_append_counts(const size_t counts[REDACT_KINDS], struct buffer *out);
/* "header", "query parameter", … */
const char *redact_kind_name(enum redact_kind kind);
