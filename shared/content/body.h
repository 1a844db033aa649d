/* What a message's body says: the one place where a body is read for its meaning. Who sent it and which event it is,
 * filters, the search for words, `creel diff` and the inspector all ask here, so that they find the same in it.
 *
 * Content codings are undone first (decode.h), then the charset (charset.h); both within a bound. What is then there is
 * JSON if it begins as JSON and can be read as such, whatever its Content-Type says (`curl -d '{}'` says form), or if
 * that says JSON; else multipart or a form, as the type says, or a form by its looks where there is none; else text, or
 * bytes that are not text. The rules for JSON are in shared/json/json_tokens.h.
 *
 * A path (shared/json/json_find.h) is followed in all of these:
 *
 *    JSON                 its values. Of several values (JSON lines) or an array at the top each is looked at, when
 *                         the path begins with a name: batches of CloudEvents or of SendGrid's events
 *    form, multipart      fields by their names; data[object][id] is data.object.id too
 *    text that is JSON    is stepped into: Slack's and GitHub's form field "payload", Amazon SNS's "Message"
 *    "data" in base64     of JSON: Google Pub/Sub's, Amazon Kinesis's; CloudEvents' data_base64 is its data
 *    envelopes            a form's fields that are JSON, SNS's Message and Pub/Sub's message.data are also looked into
 * as if they were the body: json:type finds what json:payload.type does
 *
 * A body is read when something is asked of it, and once. All views end with body_free, or with what was received.
 * Without memory a body says nothing (`no_memory`). Pure; any thread. */
#pragma once

#include "shared/content/charset.h"
#include "shared/content/decode.h"
#include "shared/json/json_find.h"

#define BODY_MOST DECODE_MOST

enum body_kind { BODY_EMPTY, BODY_JSON, BODY_MULTIPART, BODY_FORM, BODY_TEXT, BODY_BYTES };

struct body {
	struct bytes headers, received;
	size_t most;
	/* After body_text. */
	struct bytes text;              /* decoded, as UTF-8 as far as it was understood, without a byte order mark */
	enum decode_result decoded;     /* what became of the content codings */
	char codings[64];               /* their names */
	char charset[CHARSET_NAME_LEN]; /* empty: as it came */
	bool no_memory;
	/* body.c's own. */
	bool has_text, has_json, is_json;
	struct bytes type;
	struct buffer plain, converted, meaning;
	struct json_tokens tokens;
};

/* Reads nothing yet. Both are borrowed until body_free. `most`: bytes that are decoded, and looked at as JSON. */
void body_open(struct body *b, struct bytes headers, struct bytes received, size_t most);
void body_free(struct body *b);
/* Takes over the memory that body_text points into; empty where that is `received` itself. body_free is still to be
 * called. */
struct buffer body_take(struct body *b);

struct bytes body_text(struct body *b);
/* What was undone for the text, in words: "gzip, Shift_JIS"; empty: nothing. */
#define BODY_UNDONE_LEN 110
void body_say_undone(struct body *b, char out[BODY_UNDONE_LEN]);
enum body_kind body_kind(struct body *b);
/* Whether its first character is one that objects and arrays begin with. */
bool body_begins_json(struct body *b);
/* The tokens of b->text, of one value or several; NULL when it is not JSON. */
const struct json_tokens *body_json(struct body *b);
/* For a search for words: the first `most` bytes of the text, and in out[1] what they mean where that is written
 * otherwise: a form's fields, the parts that are text, or the strings of JSON without their escapes. Empty: there is
 * nothing of the kind. Bytes that are not text give nothing. */
void body_words(struct body *b, size_t most, struct bytes out[2]);

/* ---- fields of forms and of multipart bodies ---- */

struct body_field {
	struct bytes name, value; /* decoded, in UTF-8; until the next one is read */
	bool has_value;           /* false: a form's name alone, without a = */
};
struct body_fields {
	struct body *body;
	struct bytes rest;           /* of a form */
	struct multipart *multipart; /* NULL: a form */
	struct buffer name, value;
	bool has_value;
	char charset[CHARSET_NAME_LEN];
};
/* Begins at the first field. Call body_fields_free in any case. */
void body_fields_open(struct body_fields *f, struct body *b);
bool body_fields_next(struct body_fields *f, struct body_field *out);
void body_fields_free(struct body_fields *f);
/* Appends the first field of that name. False: there is none, or no memory. */
bool body_field_find(struct body *b, struct bytes name, struct buffer *out);
/* Appends a form or multipart body as one object of JSON, for those who compare or lay it out: values that are JSON are
 * that, all others strings. False when out of memory. */
MUST_CHECK bool body_put_object(struct body *b, struct buffer *out);

/* ---- values ---- */

/* A value that a path leads to: of JSON at token `at`, or with `tokens` NULL a text. */
struct body_value {
	struct bytes in;
	const struct json_tokens *tokens;
	size_t at;
};
/* TOKEN_STRING for a text. */
enum json_kind body_value_kind(const struct body_value *v);
/* Appends it as json_put_value does. False when out of memory. */
MUST_CHECK bool body_value_put(const struct body_value *v, struct buffer *out);

/* Calls `each` for the values that the path leads to, in their order, until it returns true. Returns whether it did. */
bool body_walk(struct body *b, const struct json_step *steps, size_t count,
	       bool (*each)(void *user, const struct body_value *v), void *user);
/* Whether names and values may stand in the text otherwise than letter by letter: by escapes of JSON, or in base64. */
bool body_may_hide(struct body *b);
/* Appends the first value at that path that is neither an object nor an array. False: there is none, or no memory. */
bool body_find(struct body *b, const char *path, struct buffer *out);
