/* Values found by a path, as data.object.id, events[0].type, lines.data.0.price or meta."odd name".
 *
 * A name is looked for among an object's keys by what they mean ("\u0069d" is id), case and all; of several with that
 * name the last counts, as in JSON.parse. [0] is a place in an array. 0 after a point is that, or an object's key.
 * Pure; any thread. */
#pragma once

#include "shared/json/json_tokens.h"

#define JSON_STEPS_MOST 64

struct json_step {
	struct bytes key; /* empty and at NULL: a place only */
	uint32_t index;
	bool has_index;
};

struct json_steps {
	struct json_step at[JSON_STEPS_MOST];
	size_t count;
};

/* Takes the first step of a path off, with the point before it. NULL: done; otherwise what is wrong with it, at the
 * beginning of *path. The step points into the path. It ends before a blank and before any of =<>(). */
const char *json_step_take(const char **path, struct json_step *out);
/* Reads a whole path; false when there is something wrong with it. */
MUST_CHECK bool json_steps_read(const char *path, struct json_steps *out);

/* One step from the value at token `at`; SIZE_MAX when it leads nowhere. */
size_t json_step_into(struct bytes in, const struct json_tokens *t, size_t at, const struct json_step *step);
/* Appends what a string means, what stands there for a number or a word, and an object or an array without its blanks.
 * False when out of memory. */
MUST_CHECK bool json_put_value(struct bytes in, const struct json_tokens *t, size_t at, struct buffer *out);
