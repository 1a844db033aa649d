/* Half surrogate pairs in JSON. Python writes bytes that are not UTF-8 as "\udc80" to "\udcff" (its "surrogateescape"),
 * and mitmproxy bodies and header fields so: they are those bytes. Any other half is no character. Pure; any thread. */
#pragma once

#include <jansson.h>

#include "shared/base/buffer.h"

enum har_halves {
	HAR_NO_HALVES,
	HAR_BYTES,       /* all that there are stand for bytes: *out is the text with characters in their place */
	HAR_OTHER_HALVES /* some do not, which begin at text[*at] */
};

/* False when out of memory. Those characters are of the last private plane; a text that has them of its own and halves
 * besides counts as HAR_OTHER_HALVES. */
MUST_CHECK bool har_take_halves(struct bytes text, struct buffer *out, enum har_halves *found, size_t *at);
/* Marks an entry that was made of such a text, and says whether it is one. */
bool har_mark_bytes(json_t *entry);
bool har_has_bytes(const json_t *entry);
/* A copy whose strings have the bytes, for reading alone: it cannot be written as JSON. NULL when out of memory. */
json_t *har_with_bytes(const json_t *entry);
