/* Deliveries as rows of the page's API: lists by id with a filter, and counts. On a worker thread, with its store. */
#pragma once

#include <jansson.h>

#include "client/web_views/web_read.h"
#include "shared/filter/filter.h"

/* The CLI's row with what a list shows besides: outcome, timed_out, broke_off, marked, the Host field, and the user's
 * note and tags if there are any, as they are in the store. Texts are cut after 4 KiB: another program may
 * have recorded megabytes. NULL when out of memory. */
json_t *web_row(struct store *s, const struct delivery_row *row);
/* The same with its texts whole, for a page of its own. */
json_t *web_row_whole(struct store *s, const struct delivery_row *row);
/* The request's filter (empty: everything); NULL after a problem 400 with the column. */
struct filter *web_rows_filter(struct web_exchange *x, const char *text);

/* GET /api/deliveries, /api/count */
void web_rows_list(struct web_read *r);
void web_rows_count(struct web_read *r);
