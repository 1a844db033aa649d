/* Changes a value of a JSON text, adds one or takes one away; all other bytes stay as they are. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/base/error.h"

/* `path` is "data.object.id", "items[0].id" or "items.0.id", "items[]" (after the last element), ["a.b"] for a key
 * with a dot. What is missing on the way is made; so is what is null. `value` is JSON where it can be read as such (9,
 * true, "9", {"a":1}), otherwise a string; null takes the value away. EXIT_USAGE. */
MUST_CHECK bool json_edit_set(struct buffer *body, const char *path, const char *value, struct error *e);
