/* Inside of store*.c: what a walk through the deliveries that match reads of each. */
#pragma once

#include "shared/query/store_filter.h"
#include "shared/store/store_private.h"

struct store_walk {
	const char *columns; /* of `delivery AS d` */
	void (*row)(const struct store_search *search, sqlite3_stmt *st);
	int64_t low, high; /* ids, inclusive; high 0: to the newest */
	/* Microseconds since 1970, the second exclusive; with that 0: at any time. */
	uint64_t received_from_us, received_before_us;
};
/* As store_filter; search->row is not looked at. */
MUST_CHECK bool store_filter_walk(struct store *s, const struct store_search *search, const struct store_walk *how,
				  struct error *e);
/* store_query.c. Reads a row of the columns DELIVERY_COLUMNS. */
void store_read_row(sqlite3_stmt *st, struct delivery_row *row);
