#include "client/web_views/web_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/json/json_fields.h"
#include "client/json/row_json.h"
#include "shared/base/clock.h"
#include "shared/http/headers.h"
#include "shared/query/store_filter.h"
#include "shared/query/store_part.h"
#include "shared/store/store_labels.h"

#define PART_US 200000   /* then a walk gives what it has */
#define COUNT_US 1000000 /* and a count */
#define LIMIT_MOST 500
#define MARKED_SPAN 100000 /* ids among which marks are looked for */

/* What stands elsewhere in the store. What cannot be read is left out. */
static bool put_besides(json_t *row, struct store *s, int64_t id)
{
	struct json_fields f = { .object = row };
	struct store_labels labels = { 0 };
	struct store_part part = { 0 };
	struct bytes host = { 0 };
	struct error ignored;
	if (store_labels_get(s, id, &labels, &ignored))
		json_fields_labels(&f, &labels);
	if (store_get_part(s, id, 0, 0, &part, &ignored))
		(void)headers_find(buffer_view(&part.headers), "host", &host);
	json_fields_text_or_null(&f, "host", host);
	store_labels_free(&labels);
	store_part_free(&part);
	return !f.failed;
}

json_t *web_row(struct store *s, const struct delivery_row *row, bool marked)
{
	json_t *j = row_json_delivery(NULL, row);
	if (j && put_besides(j, s, row->id) && json_object_set_new(j, "timed_out", json_boolean(row->timed_out)) == 0 &&
	    json_object_set_new(j, "broke_off", json_boolean(row->broke_off)) == 0 &&
	    json_object_set_new(j, "marked", json_boolean(marked)) == 0)
		return j;
	json_decref(j);
	return NULL;
}

struct filter *web_rows_filter(struct web_exchange *x, const char *text)
{
	struct filter_error fe;
	struct filter *f = filter_parse(text ? text : "", clock_now_us(), &fe);
	if (f)
		return f;
	json_t *fields = json_object();
	if (fields && json_object_set_new(fields, "column", json_integer(fe.column)) == 0 &&
	    json_object_set_new(fields, "suggestion", *fe.suggestion ? json_string(fe.suggestion) : json_null()) == 0)
		web_problem_with(x, 400, "filter", fields, fe.text);
	else
		json_decref(fields);
	return NULL;
}

/* ---- rows ---- */

struct rows {
	json_t *list; /* newest first */
	bool more_before, more_after, walked;
	uint64_t searched, total;
	int64_t continue_before, newest_id, oldest_id; /* continue_before 0: it was searched to its end */
};
struct rows_wanted {
	const struct filter *filter;
	int64_t before, after; /* ids; 0: not given. With `after` the oldest beyond it */
	size_t limit;
};

struct reading {
	struct store *store;
	const struct rows_wanted *wanted;
	struct rows *out;
	uint64_t until_us;
	bool no_memory, more;
	int64_t lowest, highest;
};

static void on_row(void *user, const struct delivery_row *row)
{
	struct reading *r = user;
	if (json_array_size(r->out->list) == r->wanted->limit) {
		r->more = true;
		return;
	}
	json_t *j = web_row(r->store, row, false);
	bool fine = r->wanted->after ? json_array_insert_new(r->out->list, 0, j) == 0
				     : json_array_append_new(r->out->list, j) == 0;
	r->no_memory = r->no_memory || !fine;
	if (!r->lowest || row->id < r->lowest)
		r->lowest = row->id;
	if (row->id > r->highest)
		r->highest = row->id;
}

static bool on_slice(void *user, const struct store_slice *slice)
{
	struct reading *r = user;
	struct rows *out = r->out;
	out->walked = true;
	out->searched = slice->searched;
	out->total = slice->total;
	if (slice->searched >= slice->total || r->more || clock_steady_us() < r->until_us)
		return true;
	if (!r->wanted->after)
		out->continue_before = slice->from;
	return false;
}

static void on_marked(void *user, const struct delivery_row *row)
{
	json_t *list = user, *j;
	size_t i;
	json_array_foreach(list, i, j)
	{
		if (json_integer_value(json_object_get(j, "id")) == row->id)
			json_object_set_new(j, "marked", json_true());
	}
}

/* Marks are tags: one search for all rows of a page. */
static bool find_marks(struct store *s, const struct reading *r, struct error *e)
{
	char text[100];
	struct filter_error ignored;
	if (!r->lowest || r->highest - r->lowest > MARKED_SPAN)
		return true;
	snprintf(text, sizeof text, "tag:marked id:%" PRId64 "..%" PRId64, r->lowest, r->highest);
	struct filter *f = filter_parse(text, clock_now_us(), &ignored);
	struct store_search search = {
		.filter = f, .anchor = r->highest + 1, .limit = LIMIT_MOST, .row = on_marked, .user = r->out->list
	};
	bool fine = f && store_filter(s, &search, e);
	filter_free(f);
	return fine;
}

static void on_id(void *user, const struct delivery_row *row)
{
	*(int64_t *)user = row->id;
}

/* False and *e; rows_free in any case. */
static bool rows_read(struct store *s, const struct rows_wanted *w, struct rows *out, struct error *e)
{
	struct reading r = { .store = s, .wanted = w, .out = out, .until_us = clock_steady_us() + PART_US };
	*out = (struct rows){ .list = json_array() };
	struct store_search search = {
		.filter = w->filter,
		.anchor = w->after ? w->after : w->before,
		.forward = w->after != 0,
		.limit = w->limit + 1,
		.row = on_row,
		.slice = filter_walks(w->filter) ? on_slice : NULL,
		.user = &r,
	};
	const struct store_search newest = { .limit = 1, .row = on_id, .user = &out->newest_id };
	const struct store_search oldest = { .forward = true, .limit = 1, .row = on_id, .user = &out->oldest_id };
	bool fine = out->list && store_filter(s, &newest, e) && store_filter(s, &oldest, e) &&
		    store_filter(s, &search, e) && find_marks(s, &r, e);
	out->more_before = w->after ? true : r.more;
	out->more_after = w->after ? r.more : w->before != 0;
	if (r.more || !out->walked)
		out->continue_before = 0;
	return fine && (!r.no_memory || error_set(e, EXIT_STORE, "out of memory"));
}

static void rows_free(struct rows *r)
{
	json_decref(r->list);
	r->list = NULL;
}

static json_t *number_or_null(bool known, uint64_t number)
{
	return known ? json_integer((json_int_t)number) : json_null();
}

static json_t *rows_json(struct rows *rows)
{
	json_t *list = rows->list;
	rows->list = NULL;
	return json_pack("{s:o, s:b, s:b, s:o, s:o, s:o, s:I, s:I}", "deliveries", list, "more_before",
			 rows->more_before, "more_after", rows->more_after, "searched",
			 number_or_null(rows->walked, rows->searched), "total",
			 number_or_null(rows->walked, rows->total), "continue_before",
			 number_or_null(rows->continue_before != 0, (uint64_t)rows->continue_before), "newest_id",
			 (json_int_t)rows->newest_id, "oldest_id", (json_int_t)rows->oldest_id);
}

void web_rows_list(struct web_read *r)
{
	struct web_exchange *x = r->x;
	struct rows_wanted w = { 0 };
	struct rows rows = { 0 };
	struct error e = { 0 };
	int64_t limit;
	if (!web_param_number(x, "before", 0, INT64_MAX / 2, 0, &w.before) ||
	    !web_param_number(x, "after", 0, INT64_MAX / 2, 0, &w.after) ||
	    !web_param_number(x, "limit", 1, LIMIT_MOST, 50, &limit))
		return;
	if (w.before && w.after) {
		web_problem(x, 400, "range", "before and after exclude each other");
		return;
	}
	struct filter *f = web_rows_filter(x, web_param(x, "filter"));
	if (!f)
		return;
	w.filter = f;
	w.limit = (size_t)limit;
	if (rows_read(r->store, &w, &rows, &e))
		web_answer_json(x, 200, rows_json(&rows));
	else
		web_problem_of(x, &e);
	rows_free(&rows);
	filter_free(f);
}

/* ---- counts ---- */

struct counting {
	uint64_t count, searched, total, until_us;
	bool cut;
};

static bool on_count_slice(void *user, const struct store_slice *slice)
{
	struct counting *c = user;
	c->count = slice->found;
	c->searched = slice->searched;
	c->total = slice->total;
	c->cut = slice->searched < slice->total && clock_steady_us() > c->until_us;
	return !c->cut;
}

static bool count_all(struct store *s, uint64_t *total, struct error *e)
{
	const struct store_search all = { 0 };
	return store_filter_count(s, &all, total, e);
}

void web_rows_count(struct web_read *r)
{
	struct error e = { 0 };
	struct counting c = { .until_us = clock_steady_us() + COUNT_US };
	uint64_t total = 0;
	struct filter *f = web_rows_filter(r->x, web_param(r->x, "filter"));
	if (!f)
		return;
	struct store_search search = { .filter = f, .slice = filter_is_empty(f) ? NULL : on_count_slice, .user = &c };
	if (store_filter_count(r->store, &search, &c.count, &e) && count_all(r->store, &total, &e))
		web_answer_json(r->x, 200,
				json_pack("{s:I, s:I, s:I, s:b}", "count", (json_int_t)c.count, "searched",
					  (json_int_t)(c.cut ? c.searched : total), "total", (json_int_t)total, "done",
					  !c.cut));
	else
		web_problem_of(r->x, &e);
	filter_free(f);
}
