/* A delivery as `show --json` gives it: the row of shared/DESIGN.md §10 with its request and its answer. Reads the
 * store. */
#pragma once

#include <jansson.h>

#include "shared/store/store.h"

struct delivery_json_parts {
	bool request, response;
	int attempt; /* whose answer; 0: the last one's. That there is none is an error only when it is asked for */
};

/* A new object, or NULL and *e. */
json_t *delivery_json(struct store *s, int64_t id, const struct delivery_json_parts *parts, struct error *e);
