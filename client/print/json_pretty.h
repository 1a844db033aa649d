/* JSON laid out for reading: a line a member, two blanks a level. Strings, numbers, the order of keys and duplicates
 * stand as they were received, since nothing is parsed and written again. Several values one after another, as in JSON
 * lines, stand below each other. Pure; any thread. */
#pragma once

#include "shared/json/json_tokens.h"

/* Appends the text that the tokens are of, laid out. False when it is so deeply nested that it would be blanks above
 * all, or when out of memory; `out` is then as it was. */
MUST_CHECK bool json_pretty_put(struct buffer *out, struct bytes text, const struct json_tokens *tokens);
