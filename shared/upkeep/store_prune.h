/* Deletes deliveries: one, or those that match, in small steps beside a running client. The store's thread. */
#pragma once

#include "shared/query/store_filter.h"

/* Deletes a delivery with all that belongs to it, in the caller's transaction. If it was the newest, its id is used
 * again. */
MUST_CHECK bool store_delete(struct store *s, int64_t id, struct error *e);

struct store_prune {
	const struct filter *filter; /* what may be deleted; NULL: everything */
	uint64_t max_bytes;          /* in use; makes room until below. 0: deletes all it may */
	bool dry_run;                /* counts, whatever max_bytes is */
	bool (*stop)(void *user);    /* may be NULL; asked after each transaction, *out up to date; true ends it */
	void *user;
};
struct store_pruned {
	uint64_t count, answers;            /* deliveries deleted; long answers whose bodies were given up */
	uint64_t bytes_before, bytes_after; /* in use by the store */
};
/* Oldest first, in small transactions. For max_bytes it goes as the running client does (store_bound.h): long answers
 * give way before any delivery, unless all the rest takes more than three quarters of max_bytes. What is waiting or
 * under way stays, and the newest delivery, so that no later one gets its id. */
MUST_CHECK bool store_prune(struct store *s, const struct store_prune *p, struct store_pruned *out, struct error *e);
