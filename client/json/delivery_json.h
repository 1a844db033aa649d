/* A delivery as `show --json` gives it: the row of shared/DESIGN.md §10 with its request and its answer. Reads the
 * store, on the thread of its connection. */
#pragma once

#include <jansson.h>

#include "shared/store/store.h"

struct delivery_json_parts {
	bool request, response;
	int attempt; /* whose answer; 0: the last one's, which may be missing without an error */
};

/* A new reference. NULL and *e: EXIT_STORE, or EXIT_USAGE when there is no such delivery or attempt. */
json_t *delivery_json(struct store *s, int64_t id, const struct delivery_json_parts *parts, struct error *e);
