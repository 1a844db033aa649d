/* What redact*.c share. Lower files know upper ones only by struct redact_within; from the ground up: note, put,
 * random, logins, lines; names, shapes, element; base64, text and url; fields, json, csv, multipart; value, body;
 * redact.c. */
#pragma once

#include "shared/redact/redact.h"

#include <ctype.h>

/* JSON in a text in JSON in a form …: what lies deeper is taken out whole. */
#define REDACT_DEPTH_MAX 8
#define NESTED_TOO_DEEPLY "nested too deeply"
#define REDACT_NAME_MOST 100 /* of a name in a text */
#define REDACT_BASE64_MIN 12 /* what is shorter is a word */

/* How a value within another one is looked into, whatever its format. */
struct redact_within {
	bool (*value)(struct redaction *r, struct bytes value, unsigned depth, struct buffer *out);
	bool (*content)(struct redaction *r, struct bytes type, struct bytes body, unsigned depth, struct buffer *out,
			bool *replaced);
};

enum redact_where {
	WHERE_HEADER = 1 << 0,
	WHERE_COOKIE = 1 << 1,
	WHERE_QUERY = 1 << 2,
	WHERE_FORM = 1 << 3,
	WHERE_PART = 1 << 4,
	WHERE_JSON = 1 << 5,
	WHERE_TEXT = 1 << 6,
	WHERE_ALL = 0x7f
};

enum redact_why { WHY_NOT, WHY_NAME, WHY_SIGNATURE, WHY_ASKED };
struct redact_match {
	enum redact_why why;
	bool deep;      /* of an object or array: all that is in it */
	bool text_only; /* a number or an object of that name is something else: {"pass": 17, "fail": 0} */
};

/* `path` is the name's, such as "data.items.token"; or empty. */
struct redact_match redact_match_name(const struct redact_names *names, enum redact_where where, struct bytes name,
				      struct bytes path);

/* What stands beside a member or parameter: `code` alone is mostly a status or a country. */
enum redact_beside { BESIDE_NOTHING, BESIDE_STATE /* which addresses have, too */, BESIDE_OAUTH };
enum redact_beside redact_beside_of(struct bytes name);
/* The same for names that tell of a secret only with the value they have: `code`, `refresh`, `authorization`. */
struct redact_match redact_match_value(const struct redact_names *names, enum redact_where where, struct bytes name,
				       struct bytes path, struct bytes value, enum redact_beside beside);
/* Whether it is long and looks random. */
bool redact_is_random(struct bytes word);

/* Counts a finding and reports it. */
void redact_note(struct redaction *r, enum redact_kind kind, struct bytes name, const char *why);
/* The same for a named value, whose kind is `kind` unless it is a signature. */
void redact_note_named(struct redaction *r, enum redact_kind kind, struct bytes name, enum redact_why why);

/* Whether there is nothing to take out of it: it is empty, or was taken out already. */
bool redact_is_done(struct bytes value);
/* REDACTED, padded to `len` within reason. */
MUST_CHECK bool redact_put(struct buffer *out, size_t len);
/* What stands for a value of that kind: of a signature the keys and the time stay ("t=1,v1=REDACTED…"). */
MUST_CHECK bool redact_put_value(struct buffer *out, enum redact_why why, struct bytes value);

/* Whether a user and a password follow the "//" at `at`, up to the '@' at *end. */
bool redact_login_in_link(struct bytes text, size_t at, size_t *end);
/* "user:pw", and not two ids or a URL. */
bool redact_login_is_pair(struct bytes value);
/* Whether an option of curl begins at `at` that has a user and a password, which are text[*from, *end). */
bool redact_login_of_curl(struct bytes text, size_t at, size_t *from, size_t *end);
/* user:password of a URL, without the '@'. */
MUST_CHECK bool redact_user(struct redaction *r, struct bytes user, struct buffer *out);

/* Whether a value of YAML is on the lines below, from *from on, since only the sign for that follows
 * its name's colon; *scalar: all that is on them is the value. */
bool redact_lines_follow(struct bytes text, size_t at, bool *scalar, size_t *from);
/* The end of the lines that belong to the name at `name`; 0: there are none. */
size_t redact_lines_end(struct bytes text, size_t name, size_t from, bool scalar);
/* The part of the line text[at, end) to be taken out; empty: nothing. deep: the value of "name: value" as well. */
struct bytes redact_lines_value(struct bytes text, size_t at, size_t end, bool scalar, bool deep);

/* What a name in a text is made of. */
static inline bool redact_is_name_start(uint8_t c)
{
	return c >= 0x80 ? false : isalnum(c) || c == '_';
}

static inline bool redact_is_name_letter(uint8_t c)
{
	return redact_is_name_start(c) || c == '-' || c == '.';
}

/* A value that goes when the scan of a text is there; end 0: none. */
struct redact_ahead {
	size_t from, end;
	struct bytes name;
	enum redact_why why;
};
/* Looks at the tag that may begin at text[open]: *tagged becomes the value of its element or attribute, where a name
 * there tells of a secret. */
void redact_element_look_at(const struct redact_names *names, struct bytes text, size_t open,
			    struct redact_ahead *tagged);

struct shape_hit {
	size_t keep, end;    /* what stays of the token, counted from where it begins; where it ends in the text */
	const char *what;    /* "Stripe secret key" */
	const char *instead; /* written in the place of all of it, or NULL */
};
struct shape_scan {
	size_t tried; /* no JWT begins before this */
};
void redact_shapes_ready(struct redaction *r);
/* Whether a token begins at text[at]; after redact_shapes_ready. */
bool redact_shape_at(const struct redaction *r, struct shape_scan *s, struct bytes text, size_t at,
		     struct shape_hit *hit);
/* Whether a key id of AWS is in it. */
bool redact_shape_has_aws_key(struct bytes text);

/* A text on its own: in addition to redact_text it may be JSON or base64 of such a text, which stays what it is. */
MUST_CHECK bool redact_value(struct redaction *r, struct bytes value, unsigned depth, struct buffer *out);
/* *done: it was base64 of a text or of gzip, and something was taken out of that. */
MUST_CHECK bool redact_base64(struct redaction *r, struct bytes value, unsigned depth, struct buffer *out, bool *done);
MUST_CHECK bool redact_scan(struct redaction *r, struct bytes text, unsigned depth, struct buffer *out);
/* NAME=VALUE&… of a query or a form. */
MUST_CHECK bool redact_pairs(struct redaction *r, enum redact_where where, struct bytes pairs, unsigned depth,
			     struct buffer *out);
/* A request's target or a whole URL. */
MUST_CHECK bool redact_link(struct redaction *r, struct bytes url, struct buffer *out);
/* What follows a URL's "://", up to its end. `paths`: long random segments of a path go as well. */
MUST_CHECK bool redact_behind_scheme(struct redaction *r, struct bytes rest, bool paths, unsigned depth,
				     struct buffer *out);
/* A block of header fields. */
MUST_CHECK bool redact_fields(struct redaction *r, struct bytes block, struct buffer *out);
/* *is_json false: it is none, and *out is as it was. */
MUST_CHECK bool redact_json(struct redaction *r, struct bytes text, unsigned depth, struct buffer *out, bool *is_json);
/* The same for JSON whose end is missing, as a body has that was recorded in part. */
MUST_CHECK bool redact_cut_json(struct redaction *r, struct bytes text, unsigned depth, struct buffer *out,
				bool *is_json);
/* *is_csv false: no column is named like a secret, and *out is as it was. */
MUST_CHECK bool redact_csv(struct redaction *r, struct bytes text, unsigned depth, struct buffer *out, bool *is_csv);
/* *is_multipart false: no boundary, and *out is as it was. */
MUST_CHECK bool redact_multipart(struct redaction *r, struct bytes type, struct bytes body, unsigned depth,
				 struct buffer *out, bool *is_multipart);
/* A body without content coding, of that media type (may be empty). */
MUST_CHECK bool redact_content(struct redaction *r, struct bytes type, struct bytes body, unsigned depth,
			       struct buffer *out, bool *replaced);
/* The same of a message's body, by its header fields; as redact_body. */
MUST_CHECK bool redact_coded(struct redaction *r, struct bytes headers, struct bytes body, struct buffer *out,
			     bool *decoded, bool *replaced);
