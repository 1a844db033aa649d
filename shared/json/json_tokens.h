/* JSON as a table of tokens over the received bytes, which are never re-encoded: lexemes of numbers, order of keys,
 * duplicate keys and escapes stay as they came (RFC 8259). The inspector folds on it, `creel diff` compares with it.
 *
 * What JSON leaves open, and what senders do all the same, has one rule here for all that reads it (filters, events,
 * ids, the inspector, `creel diff`):
 *
 *    a key twice              the last counts, as in JSON.parse; the inspector shows both
 *    escapes                  count for what they mean, in keys as well: "\u0069d" is id
 *    lone surrogates          stay apart from each other and from all else (three bytes each, as UTF-8 would have it)
 *    bytes that are not UTF-8 stay as they are, within strings
 *    numbers                  are exact (json_number.h); "1" is a text, which 1 finds as well; diff has them as written
 *    a byte order mark        before the first value is passed over
 *    several values           are JSON lines, each a value of its own
 *    NaN, comments, a comma too many, single quotes, control characters in strings, 01, +1, .5, 512 brackets in one
 *                             another: not JSON, and the whole body has no values; the inspector says where
 *    a cut body               is not JSON either
 *
 * Iterative and bounded: 16 bytes a token, depth at most JSON_DEPTH_MAX. Strings are not required to be UTF-8 (what
 * shows them has to cope with that anyway). Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

#define JSON_DEPTH_MAX 512

enum json_kind {
	TOKEN_KEY, /* the string before a colon; its value is the next token */
	TOKEN_STRING,
	TOKEN_NUMBER,
	TOKEN_WORD, /* true, false, null */
	TOKEN_OPEN_OBJECT,
	TOKEN_OPEN_ARRAY,
	TOKEN_CLOSE_OBJECT,
	TOKEN_CLOSE_ARRAY,
};

struct json_token {
	uint32_t at;
	uint32_t len; /* of a string with its quotes; of an open bracket to its partner's end; of a closing one: 1 */
	uint32_t partner; /* of a bracket: the other one's index; of anything else: its own */
	uint16_t depth;   /* brackets around it; not counting the bracket itself */
	uint8_t kind;     /* enum json_kind */
};

struct json_tokens {
	struct json_token *at;
	size_t count;
	size_t values; /* at the top: 1, more with `many` */
};

struct json_error {
	size_t at;           /* offset */
	size_t line, column; /* from 1; columns are characters */
	const char *what;    /* "a comma or } is missing" */
};

/* False and *e when it is not JSON, is longer than 4 GiB or when out of memory (e->what says so). `many` allows
 * several values one after another, as in JSON lines. A byte order mark before the first is skipped. */
MUST_CHECK bool json_tokenize(struct bytes in, bool many, struct json_tokens *out, struct json_error *e);
void json_tokens_free(struct json_tokens *t);

struct bytes json_lexeme(struct bytes in, const struct json_token *t);
static inline bool json_is_open(const struct json_token *t)
{
	return t->kind == TOKEN_OPEN_OBJECT || t->kind == TOKEN_OPEN_ARRAY;
}
static inline bool json_is_close(const struct json_token *t)
{
	return t->kind == TOKEN_CLOSE_OBJECT || t->kind == TOKEN_CLOSE_ARRAY;
}
/* The token after the value (or key and value, or closing bracket) at i. */
size_t json_after(const struct json_tokens *t, size_t i);
/* Members of an object, elements of an array. */
size_t json_members(const struct json_tokens *t, size_t open);
/* The bracket around token i; SIZE_MAX at the top. */
size_t json_parent(const struct json_tokens *t, size_t i);
/* Whether a comma follows the value or closing bracket that ends at token i. */
bool json_has_comma(const struct json_tokens *t, size_t i);
/* "data.items[3].id" of a key or value; keys that are not plain words as ["a b"], as received. Empty at the top, "[1]"
 * for the second of several values. */
MUST_CHECK bool json_path(struct bytes in, const struct json_tokens *t, size_t i, struct buffer *out);

/* Walks what a string means, so that "\u0041" and "A" are the same: gives UTF-8, byte by byte, -1 at the end. Unpaired
 * surrogates come as three bytes each, so different strings stay different. */
struct json_text {
	const uint8_t *at, *end;
	uint8_t left[4];
	uint8_t count;
};
struct json_text json_text_of(struct bytes lexeme);
int json_text_next(struct json_text *t);
/* <0, 0, >0 like memcmp, by meaning. */
int json_text_compare(struct bytes a, struct bytes b);
