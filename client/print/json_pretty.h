/* JSON laid out for reading: a line a member, two blanks a level. Strings, numbers, the order of keys and duplicates
 * stand as they were received, since nothing is parsed and written again. Several values one after another, as in JSON
 * lines, stand below each other. Pure; any thread. */
#pragma once

#include "shared/json/json_tokens.h"

/* Appends `text`, of which `tokens` are the tokens, laid out. False when it is nested so deeply that the result would
 * be mostly blanks, or when out of memory; `out` is not changed in that case. */
MUST_CHECK bool json_pretty_put(struct buffer *out, struct bytes text, const struct json_tokens *tokens);
