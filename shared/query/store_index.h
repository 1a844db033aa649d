/* The search index is filled in small steps, beside a running client. The store's thread. */
#pragma once

#include "shared/store/store.h"

/* Takes a few deliveries more into the search index, in the caller's transaction: of at most 32 rows, and few bytes.
 * *more: there may be others. */
MUST_CHECK bool store_index_some(struct store *s, bool *more, struct error *e);
/* How far that is: the newest delivery in the index, and the newest of all; 0: there is none. */
MUST_CHECK bool store_index_state(struct store *s, uint64_t *indexed, uint64_t *newest, struct error *e);
