#include "client/web_views/web_rows.h"

#include <stdlib.h>
#include <string.h>

#include "client/json/json_fields.h"
#include "client/json/row_json.h"
#include "client/web_views/web_outcome.h"
#include "shared/base/clock.h"
#include "shared/http/headers.h"
#include "shared/query/store_filter.h"
#include "shared/query/store_order.h"
#include "shared/query/store_part.h"
#include "shared/query/store_query.h"
#include "shared/store/store_labels.h"
#include "shared/text/text.h"

#define PART_US 200000   /* then a walk gives what it has */
#define COUNT_US 1000000 /* and a count */
#define LIMIT_MOST 500
#define ROW_TEXT_MOST 4096 /* bytes of a text in a list's row */
#define SORT_US 4000000    /* and a sort; less than a question may take */
#define SORTED_MOST 10000  /* as in the inspector */

/* What stands elsewhere in the store. What cannot be read is left out. */
static bool put_besides(json_t *row, struct store *s, int64_t id, size_t text_most)
{
	struct json_fields f = { .object = row };
	struct store_labels labels = { 0 };
	struct store_part part = { 0 };
	struct bytes host = { 0 };
	struct error ignored;
	if (store_labels_get(s, id, &labels, &ignored)) {
		labels.note.len = text_start(buffer_view(&labels.note), text_most).len;
		json_fields_labels(&f, &labels);
	}
	json_fields_put(&f, "marked", json_boolean(labels.marked));
	if (store_get_part(s, id, 0, 0, &part, &ignored))
		(void)headers_find(buffer_view(&part.headers), "host", &host);
	json_fields_text_or_null(&f, "host", text_start(host, text_most));
	store_labels_free(&labels);
	store_part_free(&part);
	return !f.failed;
}

static json_t *outcome_json(const struct delivery_row *row)
{
	const struct web_outcome o = web_outcome(row);
	return json_pack("{s:s, s:s, s:s, s:s}", "text", o.text, "kind", o.kind, "sign", o.sign, "reason", o.reason);
}

static json_t *row_json(struct store *s, const struct delivery_row *row, size_t text_most)
{
	struct delivery_row shown = *row;
	struct bytes *const texts[] = { &shown.tunnel, &shown.method,   &shown.target,    &shown.path,
					&shown.peer,   &shown.provider, &shown.event_type };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = text_start(*texts[i], text_most);
	json_t *j = row_json_delivery(NULL, &shown);
	if (j && put_besides(j, s, row->id, text_most) && json_object_set_new(j, "outcome", outcome_json(row)) == 0 &&
	    json_object_set_new(j, "verdict", web_verdict_json(row->signature)) == 0 &&
	    json_object_set_new(j, "timed_out", json_boolean(row->timed_out)) == 0 &&
	    json_object_set_new(j, "broke_off", json_boolean(row->broke_off)) == 0)
		return j;
	json_decref(j);
	return NULL;
}

json_t *web_row(struct store *s, const struct delivery_row *row)
{
	return row_json(s, row, ROW_TEXT_MOST);
}

json_t *web_row_whole(struct store *s, const struct delivery_row *row)
{
	return row_json(s, row, SIZE_MAX);
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
	struct store_ordered sorted;
};
struct rows_wanted {
	const struct filter *filter;
	int64_t before, after; /* ids; 0: not given. With `after` the oldest beyond it */
	size_t limit;
	struct store_order order; /* key STORE_ORDER_TIME: newest first */
	const char *ids;          /* those alone, in that order; or NULL */
};

struct reading {
	struct store *store;
	const struct rows_wanted *wanted;
	struct rows *out;
	uint64_t until_us;
	bool no_memory, more;
};

static void on_row(void *user, const struct delivery_row *row)
{
	struct reading *r = user;
	if (json_array_size(r->out->list) == r->wanted->limit) {
		r->more = true;
		return;
	}
	json_t *j = web_row(r->store, row);
	bool fine = r->wanted->after ? json_array_insert_new(r->out->list, 0, j) == 0
				     : json_array_append_new(r->out->list, j) == 0;
	r->no_memory = r->no_memory || !fine;
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

static void on_id(void *user, const struct delivery_row *row)
{
	*(int64_t *)user = row->id;
}

/* One that is gone is left out. */
static bool read_one(struct reading *r, int64_t id, struct error *e)
{
	struct error why = { 0 };
	if (store_get(r->store, id, on_row, r, &why) || why.code == EXIT_USAGE)
		return true;
	*e = why;
	return false;
}

static bool read_named(struct reading *r, struct error *e)
{
	bool fine = true;
	for (const char *at = r->wanted->ids; fine && *at; at += *at == ',') {
		char *end;
		fine = read_one(r, strtoll(at, &end, 10), e);
		at = end;
	}
	return fine;
}

static bool on_sort_slice(void *user, struct store_order_run *run, const struct store_slice *slice)
{
	struct reading *r = user;
	(void)run;
	r->out->walked = true;
	r->out->searched = slice->searched;
	r->out->total = slice->total;
	if (slice->searched >= slice->total || clock_steady_us() < r->until_us)
		return true;
	r->out->continue_before = slice->from;
	return false;
}

static bool read_sorted(struct reading *r, struct error *e)
{
	const struct store_order_search search = { .filter = r->wanted->filter,
						   .order = r->wanted->order,
						   .before = r->wanted->before,
						   .values = true,
						   .progress = on_sort_slice,
						   .user = r };
	struct store_ordered *sorted = &r->out->sorted;
	r->until_us = clock_steady_us() + SORT_US;
	bool fine = store_order_find(r->store, &search, sorted, e);
	for (size_t i = 0; fine && i < sorted->count && i < r->wanted->limit; i++)
		fine = read_one(r, sorted->ids[i], e);
	r->more = sorted->count > r->wanted->limit;
	return fine;
}

/* False and *e; rows_free in any case. */
static bool rows_read(struct store *s, const struct rows_wanted *w, struct rows *out, struct error *e)
{
	struct reading r = { .store = s, .wanted = w, .out = out, .until_us = clock_steady_us() + PART_US };
	*out = (struct rows){ .list = json_array() };
	const struct store_search newest = { .limit = 1, .row = on_id, .user = &out->newest_id };
	const struct store_search oldest = { .forward = true, .limit = 1, .row = on_id, .user = &out->oldest_id };
	struct store_search search = {
		.filter = w->filter,
		.anchor = w->after ? w->after : w->before,
		.forward = w->after != 0,
		.limit = w->limit + 1,
		.row = on_row,
		.slice = filter_walks(w->filter) ? on_slice : NULL,
		.user = &r,
	};
	bool fine = out->list && store_filter(s, &newest, e) && store_filter(s, &oldest, e);
	if (fine && w->ids)
		fine = read_named(&r, e);
	else if (fine && w->order.key != STORE_ORDER_TIME)
		fine = read_sorted(&r, e);
	else
		fine = fine && store_filter(s, &search, e);
	out->more_before = w->after ? true : r.more;
	bool sorted = w->order.key != STORE_ORDER_TIME;
	out->more_after = w->after ? r.more : w->before != 0 && !sorted;
	if ((r.more && !sorted) || !out->walked)
		out->continue_before = 0;
	return fine && (!r.no_memory || error_set(e, EXIT_STORE, "out of memory"));
}

static void rows_free(struct rows *r)
{
	json_decref(r->list);
	r->list = NULL;
	store_ordered_free(&r->sorted);
}

static json_t *number_or_null(bool known, uint64_t number)
{
	return known ? json_integer((json_int_t)number) : json_null();
}

static json_t *value_json(struct store_order_value v)
{
	return v.is_number ? json_integer((json_int_t)v.number) : v.text.at ? json_from_bytes(v.text) : json_null();
}

/* What only a sort has: all that it found, and how many match; of a part of a whole what they are ordered by, too. */
static json_t *put_sorted(json_t *page, const struct store_ordered *sorted, bool is_part)
{
	json_t *ids = json_array(), *values = is_part ? json_array() : NULL;
	for (size_t i = 0; page && ids && i < sorted->count; i++) {
		json_array_append_new(ids, json_integer((json_int_t)sorted->ids[i]));
		if (values)
			json_array_append_new(values, value_json(store_ordered_value(sorted, i)));
	}
	if (page && json_object_set_new(page, "ids", ids) == 0 &&
	    json_object_set_new(page, "matched", json_integer((json_int_t)sorted->matched)) == 0 &&
	    (!is_part || json_object_set_new(page, "values", values) == 0))
		return page;
	json_decref(page);
	return NULL;
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

/* "took": the smallest first; "-took": the largest. False after a problem. */
static bool take_order(struct web_exchange *x, struct store_order *order)
{
	const char *text = web_param(x, "order");
	order->most = SORTED_MOST;
	order->descending = text && *text == '-';
	if (!text || (store_order_parse(text + order->descending, &order->key) && order->key != STORE_ORDER_TIME))
		return true;
	struct buffer names = { 0 };
	bool fine = true;
	for (int key = STORE_ORDER_TIME + 1; fine && key < STORE_ORDER_COUNT; key++)
		fine = buffer_printf(&names, " %s", store_order_name((enum store_order_key)key));
	web_problem(x, 400, "range", "order takes a column, with a - before it the other way round:%.*s",
		    fine ? (int)names.len : 0, (const char *)names.at);
	buffer_free(&names);
	return false;
}

/* Numbers with commas between them. */
static bool take_ids(struct web_exchange *x, const char **ids)
{
	const char *text = web_param(x, "ids");
	size_t count = 1;
	*ids = text;
	for (const char *at = text; at && *at; at++) {
		bool digit = *at >= '0' && *at <= '9';
		count += *at == ',';
		if (!digit && (*at != ',' || at == text || at[-1] == ','))
			count = LIMIT_MOST + 1;
	}
	if (!text || (*text && text[strlen(text) - 1] != ',' && count <= LIMIT_MOST))
		return true;
	web_problem(x, 400, "range", "ids takes up to %d numbers with commas between them", LIMIT_MOST);
	return false;
}

static bool take_wish(struct web_exchange *x, struct rows_wanted *w)
{
	int64_t limit;
	if (!web_param_number(x, "before", 0, INT64_MAX / 2, 0, &w->before) ||
	    !web_param_number(x, "after", 0, INT64_MAX / 2, 0, &w->after) ||
	    !web_param_number(x, "limit", 1, LIMIT_MOST, 50, &limit) || !take_order(x, &w->order) ||
	    !take_ids(x, &w->ids))
		return false;
	w->limit = w->ids ? LIMIT_MOST : (size_t)limit;
	bool sorted = w->order.key != STORE_ORDER_TIME;
	if ((w->before != 0 && !sorted) + (w->after != 0) + sorted + (w->ids != NULL) <= 1)
		return true;
	web_problem(x, 400, "range", "before, after, order and ids exclude each other, but order and before");
	return false;
}

void web_rows_list(struct web_read *r)
{
	struct web_exchange *x = r->x;
	struct rows_wanted w = { 0 };
	struct rows rows = { 0 };
	struct error e = { 0 };
	struct filter *f = take_wish(x, &w) ? web_rows_filter(x, web_param(x, "filter")) : NULL;
	if (!f)
		return;
	w.filter = f;
	if (rows_read(r->store, &w, &rows, &e)) {
		bool is_part = w.before != 0 || rows.continue_before != 0;
		json_t *page = rows_json(&rows);
		web_answer_json(x, 200,
				w.order.key == STORE_ORDER_TIME ? page : put_sorted(page, &rows.sorted, is_part));
	} else
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
