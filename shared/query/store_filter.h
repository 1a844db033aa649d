/* Deliveries found by a filter (shared/filter/filter.h): read off an index where one serves, else looked for in slices
 * of ids, after each of which the caller may stop. Words are looked up in the search index as far as it is filled, the
 * rest is read. The store's thread; store_stop.h ends it. */
#pragma once

#include "shared/filter/filter.h"
#include "shared/store/store.h"

/* Where a search is, after each slice. */
struct store_slice {
	int64_t from, to;  /* the ids just searched */
	uint64_t searched; /* ids so far */
	uint64_t total;    /* ids there are to search; more than there are deliveries where some were deleted */
	uint64_t found;    /* so far */
};

struct store_search {
	const struct filter *filter; /* NULL: everything */
	int64_t anchor;              /* forward: ids above it; backward: ids below it, 0 from the newest on */
	bool forward;
	uint64_t limit;
	/* Matches in the order of the search: descending unless forward. May be NULL in store_filter_count. */
	void (*row)(void *user, const struct delivery_row *row);
	/* May be NULL. False stops the search, which then succeeds with what it found. */
	bool (*slice)(void *user, const struct store_slice *slice);
	void *user;
};

MUST_CHECK bool store_filter(struct store *s, const struct store_search *search, struct error *e);
/* Counts the matches; anchor, forward, limit and row are not looked at. */
MUST_CHECK bool store_filter_count(struct store *s, const struct store_search *search, uint64_t *count,
				   struct error *e);
/* How SQLite means to do it (EXPLAIN QUERY PLAN), a line a step: for tests. */
MUST_CHECK bool store_filter_plan(struct store *s, const struct store_search *search, struct buffer *out,
				  struct error *e);

/* The newest delivery up to which nothing is under way any more, from `after` on. */
MUST_CHECK bool store_settled(struct store *s, int64_t after, int64_t *id, struct error *e);
