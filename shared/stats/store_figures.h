/* Figures of the deliveries that match, for statistics. Those that are over are kept as blocks of 4096 beside the rows
 * (table figures), made by the running client when it has nothing else to do; where there is no such block, or with a
 * filter that asks for more than names, rows are read. The store's thread; store_interrupt ends it. */
#pragma once

#include "shared/stats/figure_block.h"
#include "shared/query/store_filter.h"

struct store_figures {
	const struct filter *filter; /* NULL: everything */
	int64_t from_s, before_s;    /* received in these seconds since 1970, the second exclusive */
	/* Newest deliveries first, within a block in any order; some may lie outside of the span. Valid for the call.
	 */
	void (*block)(void *user, const struct figure_block *b);
	/* After each step, a few milliseconds apart; false stops, which is a success. May be NULL. */
	bool (*slice)(void *user, const struct store_slice *slice);
	void *user;
};
MUST_CHECK bool store_figures_read(struct store *s, const struct store_figures *f, struct error *e);

/* Makes one more block, in the caller's transaction. *more: there may be others to make. */
MUST_CHECK bool store_figures_keep_some(struct store *s, bool *more, struct error *e);
