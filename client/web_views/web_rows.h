/* Deliveries as rows of the page's API: lists by id with a filter, and counts. On a worker thread, with its store. */
#pragma once

#include <jansson.h>

#include "client/web_views/web_read.h"
#include "shared/filter/filter.h"

/* The CLI's row with what a list shows besides: timed_out, broke_off, marked, the Host field, and the user's note and
 * tags if there are any, as they are in the store. NULL when out of memory. */
json_t *web_row(struct store *s, const struct delivery_row *row, bool marked);
/* The request's filter (empty: everything); NULL after a problem 400 with the column. */
struct filter *web_rows_filter(struct web_exchange *x, const char *text);

struct web_rows {
	json_t *list; /* newest first */
	bool more_before, more_after, walked;
	uint64_t searched, total;
	int64_t continue_before, newest_id, oldest_id; /* continue_before 0: it was searched to its end */
};
struct web_rows_wanted {
	const struct filter *filter;
	int64_t before, after; /* ids; 0: not given. With `after` the oldest beyond it */
	size_t limit;
};
/* False and *e; web_rows_free in any case. */
MUST_CHECK bool web_rows_read(struct store *s, const struct web_rows_wanted *w, struct web_rows *out, struct error *e);
void web_rows_free(struct web_rows *r);

/* GET /api/deliveries, /api/count */
void web_rows_list(struct web_read *r);
void web_rows_count(struct web_read *r);
