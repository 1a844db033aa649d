/* Half surrogate pairs in JSON, which jansson does not read. Python writes bytes that are not UTF-8 as "\udc80" to
 * "\udcff" (its "surrogateescape"), and mitmproxy bodies and header fields so: they are those bytes. Any other half
 * stands for no character; JavaScript writes one where a text was cut in the middle of a character. Pure; any
 * thread. */
#pragma once

#include <jansson.h>

#include "shared/base/buffer.h"
#include "shared/base/error.h"

/* Why what has one is refused. */
#define JSON_HALVES_SENTENCE                                                                                           \
	"it holds half of a character (\\ud800 to \\udfff without its other half), which stands for no byte"

enum json_halves {
	JSON_HALVES_NONE,
	JSON_HALVES_BYTES, /* all that there are stand for bytes: *out is the text with characters in their place */
	JSON_HALVES_OTHER  /* some do not, which begin at text[*at] */
};

/* False when out of memory. Those characters are of the last private plane; a text that has them of its own and halves
 * besides counts as JSON_HALVES_OTHER. */
MUST_CHECK bool json_halves_take(struct bytes text, struct buffer *out, enum json_halves *found, size_t *at);
/* Marks an entry that was made of such a text, and says whether it is one. */
bool json_halves_mark(json_t *entry);
bool json_halves_marked(const json_t *entry);
/* The same with U+10FBFF in the place of every half, and of what else could be taken for one: for documents whose parts
 * are refused one by one (json_halves_in). *found: there were any. */
MUST_CHECK bool json_halves_blot(struct bytes text, struct buffer *out, bool *found);
/* Whether a string of such a document has one. */
bool json_halves_in(struct bytes string);
/* A document as JSON, blotted where it has halves. NULL and *e (EXIT_USAGE, with the line; EXIT_STORE). */
json_t *json_halves_load(struct bytes text, struct error *e);
/* Whether a value of such a document has one anywhere within. False when out of memory, too. */
bool json_halves_within(const json_t *value);
/* A copy whose strings have the bytes, for reading alone: it cannot be written as JSON. NULL when out of memory. */
json_t *json_halves_bytes(const json_t *entry);
