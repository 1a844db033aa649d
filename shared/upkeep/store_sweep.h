/* Deletes deliveries that follow one another, with all that belongs to them: what the store's bound takes away. One
 * statement for each table, in place of one for each delivery with its triggers and foreign keys. The store's thread.
 */
#pragma once

#include "shared/store/store.h"

/* The oldest deliveries after an id that are over, with no other between them. */
struct store_run {
	int64_t first, last;
	uint64_t count;       /* 0: there is none */
	int64_t answer_pages; /* of their long answers */
};
/* Finds as many as take up about `bytes`, at least one. The newest delivery is never among them, so that no later one
 * gets its id. EXIT_STORE. */
MUST_CHECK bool store_sweep_find(struct store *s, int64_t after, uint64_t bytes, struct store_run *out,
				 struct error *e);
/* Deletes them in the caller's transaction, which is to be rolled back if this fails. EXIT_STORE. */
MUST_CHECK bool store_sweep(struct store *s, const struct store_run *run, struct error *e);
