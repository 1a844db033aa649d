/* Statistics of the deliveries on record that match a filter. The store's thread. */
#pragma once

#include "shared/stats/stats.h"
#include "shared/query/store_filter.h"

struct stats_read {
	const struct filter *filter; /* NULL: everything */
	struct stats_wish wish;
	/* What is there so far, after each step of about 10 ms, searched < total; once more at the end, unless it was
	 * stopped. False stops it, which is a success. May be NULL. */
	bool (*progress)(void *user, const struct stats *so_far, uint64_t searched, uint64_t total);
	void *user;
};
/* *out is the receiver's. False and *e: EXIT_INTERRUPTED after store_interrupt. */
MUST_CHECK bool stats_read(struct store *s, const struct stats_read *r, struct stats_result *out, struct error *e);
