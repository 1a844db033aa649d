/* Running a filter: which slices of ids, by which statement. */
#include "shared/base/clock.h"
#include "shared/filter/filter_private.h"
#include "shared/query/store_filter.h"
#include "shared/query/store_found.h"
#include "shared/query/store_filter_private.h"
#include "shared/store/store_stop.h"

#include <inttypes.h>
#include <string.h>

#define WALK_SLICE 20000    /* 3 ms of narrow rows */
#define SEARCH_SLICE 200000 /* of what the index has no word of */
/* Where bodies are read a slice is as long as it takes. */
#define READ_SLICE_LEAST 100
#define READ_SLICE_FIRST 500
#define READ_SLICE_SHORT_US 8000
#define READ_SLICE_LONG_US 20000

enum form { FORM_ROWS, FORM_COUNT };

struct run {
	struct store *s;
	const struct store_walk *how; /* with FORM_ROWS */
	const struct store_search *search;
	enum form form;
	bool forward;
	struct filter_sql sql;
	sqlite3_stmt *walk, *by_words;
	int64_t low, high, indexed; /* ids to search; up to `indexed` by words */
	struct store_slice slice;
	int64_t walk_size;
	uint64_t limit;
};

/* ---- the statements ---- */

static bool put_head(struct buffer *out, const struct run *r)
{
	return r->form == FORM_COUNT ? buffer_append_text(out, "SELECT 1 FROM ")
				     : buffer_printf(out, "SELECT %s FROM ", r->how->columns);
}

static bool put_condition(struct buffer *out, const struct run *r)
{
	return buffer_append_bytes(out, bytes_of((const char *)r->sql.where.at)) &&
	       (r->form == FORM_COUNT || !r->how->received_before_us ||
		buffer_printf(out, " AND d.received_at >= %" PRIu64 " AND d.received_at < %" PRIu64,
			      r->how->received_from_us, r->how->received_before_us));
}

/* An equality on the class keeps the order of ids within it: SQLite merges the classes without sorting. */
static bool put_walk(struct buffer *out, const struct run *r)
{
	if (r->sql.classes & FILTER_CLASS(FILTER_CLASS_2XX))
		return put_head(out, r) && buffer_append_text(out, "delivery AS d WHERE d.id BETWEEN ?1 AND ?2 AND ") &&
		       put_condition(out, r);
	bool fine = true, first = true;
	for (unsigned c = 0; fine && c < 8; c++) {
		if (!(r->sql.classes & FILTER_CLASS(c)))
			continue;
		fine = (first || buffer_append_text(out, " UNION ALL ")) && put_head(out, r) &&
		       buffer_printf(out,
				     "delivery AS d WHERE d.status_class = %u AND d.status_class <> %d AND d.id BETWEEN"
				     " ?1 AND ?2 AND ",
				     c, FILTER_CLASS_2XX) &&
		       put_condition(out, r);
		first = false;
	}
	return fine;
}

static bool put_by_words(struct buffer *out, const struct run *r)
{
	return put_head(out, r) &&
	       buffer_append_text(out,
				  "creel_found(?4, ?1, ?2) AS f CROSS JOIN delivery AS d ON d.id = f.place WHERE ") &&
	       put_condition(out, r);
}

static bool make_text(struct buffer *out, const struct run *r, bool words)
{
	const char *key = words ? "f.place" : "1";
	return (r->form == FORM_ROWS || buffer_append_text(out, "SELECT count(*) FROM (")) &&
	       (words ? put_by_words(out, r) : put_walk(out, r)) &&
	       (r->form == FORM_COUNT
		    ? buffer_append_text(out, ")")
		    : buffer_printf(out, " ORDER BY %s %s LIMIT ?3", key, r->forward ? "ASC" : "DESC")) &&
	       buffer_put_u8(out, 0);
}

static void bind_values(const struct run *r, sqlite3_stmt *st)
{
	for (size_t i = 0; i < r->sql.count; i++) {
		const struct filter_bound *b = &r->sql.bounds[i];
		int index = (int)(FILTER_SQL_FIRST + i);
		if (b->kind == BOUND_INTEGER)
			sqlite3_bind_int64(st, index, b->integer);
		else if (b->kind == BOUND_ATOM)
			sqlite3_bind_pointer(st, index, (void *)b->at, "creel-filter-atom", NULL);
		else
			store_bind_bytes(st, index, bytes_make(b->at, b->len), b->kind == BOUND_BLOB);
	}
}

static bool prepare(struct run *r, sqlite3_stmt **st, bool words, const char *before, struct error *e)
{
	struct buffer text = { 0 };
	bool fine = buffer_append_text(&text, before) && make_text(&text, r, words);
	if (!fine)
		error_set(e, EXIT_STORE, "out of memory");
	else if (sqlite3_prepare_v2(r->s->db, (const char *)text.at, -1, st, NULL) != SQLITE_OK)
		fine = store_fail(r->s, "read", e);
	buffer_free(&text);
	if (!fine)
		return false;
	bind_values(r, *st);
	if (words)
		store_bind_bytes(*st, 4, buffer_view(&r->sql.match), true);
	return true;
}

/* ---- the slices ---- */

static bool run_slice(struct run *r, sqlite3_stmt *st, struct error *e)
{
	int code;
	sqlite3_bind_int64(st, 1, r->slice.from);
	sqlite3_bind_int64(st, 2, r->slice.to);
	if (r->form == FORM_ROWS)
		sqlite3_bind_int64(st, 3, (int64_t)(r->limit - r->slice.found));
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		if (r->form == FORM_COUNT) {
			r->slice.found += (uint64_t)sqlite3_column_int64(st, 0);
			continue;
		}
		r->slice.found++;
		r->how->row(r->search, st);
	}
	bool fine = code == SQLITE_DONE || store_fail(r->s, "read", e);
	sqlite3_reset(st);
	store_body_close(&r->s->body);
	return fine;
}

/* What is empty beyond the slice belongs to it: ids far apart, as another program may have given them, cost nothing. */
static bool take_gap(struct run *r, int64_t low, int64_t high, struct error *e)
{
	if (r->forward ? r->slice.to >= high : r->slice.from <= low)
		return true;
	sqlite3_stmt *st = store_statement(r->s, r->forward ? STATEMENT_NEXT_ABOVE : STATEMENT_NEXT_BELOW, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, r->forward ? r->slice.to : r->slice.from);
	bool fine = sqlite3_step(st) == SQLITE_ROW || store_fail(r->s, "read", e);
	bool none = sqlite3_column_type(st, 0) == SQLITE_NULL;
	int64_t next = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	if (r->forward)
		r->slice.to = none || next > high ? high : next - 1;
	else
		r->slice.from = none || next < low ? low : next + 1;
	return fine;
}

/* The next slice from `at` on, in the direction of the search; it lies on one side of `indexed`. */
static bool next_slice(struct run *r, int64_t at, bool *words, struct error *e)
{
	*words = r->sql.match.len > 0 && at <= r->indexed;
	int64_t size = *words ? SEARCH_SLICE : r->walk_size;
	int64_t low = r->low, high = r->high;
	if (r->sql.match.len > 0 && *words && high > r->indexed)
		high = r->indexed;
	if (r->sql.match.len > 0 && !*words && low <= r->indexed)
		low = r->indexed + 1;
	/* The index has nothing but matches: the limit ends it. */
	bool whole = r->sql.exact && (r->form == FORM_COUNT || r->limit < INT64_MAX);
	if (r->forward) {
		r->slice.from = at;
		r->slice.to = whole || high - at < size ? high : at + size - 1;
	} else {
		r->slice.to = at;
		r->slice.from = whole || at - low < size ? low : at - size + 1;
	}
	return take_gap(r, low, high, e);
}

static void adapt(struct run *r, int64_t took_us)
{
	if (!r->sql.reads)
		return;
	if (took_us < READ_SLICE_SHORT_US && r->walk_size < WALK_SLICE)
		r->walk_size *= 2;
	if (took_us > READ_SLICE_LONG_US && r->walk_size > READ_SLICE_LEAST)
		r->walk_size /= 2;
}

static bool run_slices(struct run *r, struct error *e)
{
	int64_t at = r->forward ? r->low : r->high;
	while (at >= r->low && at <= r->high && r->slice.found < r->limit) {
		bool words;
		if (store_stopped(r->s, e) || !next_slice(r, at, &words, e))
			return false;
		sqlite3_stmt **st = words ? &r->by_words : &r->walk;
		int64_t began = (int64_t)clock_steady_us();
		if ((!*st && !prepare(r, st, words, "", e)) || !run_slice(r, *st, e))
			return false;
		if (!words)
			adapt(r, (int64_t)clock_steady_us() - began);
		r->slice.searched += (uint64_t)(r->slice.to - r->slice.from) + 1;
		if (r->search->slice && !r->search->slice(r->search->user, &r->slice))
			break;
		at = r->forward ? r->slice.to + 1 : r->slice.from - 1;
	}
	return true;
}

static bool find_bounds(struct run *r, struct error *e)
{
	sqlite3_stmt *st = store_statement(r->s, STATEMENT_FILTER_BOUNDS, e);
	int64_t anchor = r->form == FORM_ROWS ? r->search->anchor : 0;
	if (!st)
		return false;
	if (sqlite3_step(st) != SQLITE_ROW) {
		store_fail(r->s, "read", e);
		sqlite3_reset(st);
		return false;
	}
	bool empty = sqlite3_column_type(st, 0) == SQLITE_NULL;
	int64_t first = sqlite3_column_int64(st, 0), last = sqlite3_column_int64(st, 1);
	r->indexed = sqlite3_column_int64(st, 2);
	sqlite3_reset(st);
	r->low = r->sql.low > first ? r->sql.low : first;
	r->high = r->sql.high < last ? r->sql.high : last;
	if (r->how && r->how->low > r->low)
		r->low = r->how->low;
	if (r->how && r->how->high && r->how->high < r->high)
		r->high = r->how->high;
	if (r->forward && anchor >= r->low)
		r->low = anchor < INT64_MAX ? anchor + 1 : anchor;
	if (!r->forward && anchor > 0 && anchor <= r->high)
		r->high = anchor - 1;
	/* Ids of a damaged file may be anything. */
	if (r->low < 1)
		r->low = 1;
	if (r->high == INT64_MAX)
		r->high--;
	if (empty || r->sql.classes == 0 || r->high < r->low)
		r->high = r->low - 1;
	r->slice.total = (uint64_t)(r->high - r->low + 1);
	return true;
}

static void on_row(const struct store_search *search, sqlite3_stmt *st)
{
	struct delivery_row row;
	store_read_row(st, &row);
	search->row(search->user, &row);
}

static const struct store_walk rows = { .columns = DELIVERY_COLUMNS, .row = on_row };

/* `how` NULL: to count. */
static bool begin(struct run *r, struct store *s, const struct store_search *search, const struct store_walk *how,
		  struct error *e)
{
	enum form form = how ? FORM_ROWS : FORM_COUNT;
	memset(r, 0, sizeof *r);
	r->s = s;
	r->search = search;
	r->how = how;
	r->form = form;
	r->forward = search->forward || form == FORM_COUNT;
	r->limit = form == FORM_COUNT ? UINT64_MAX : search->limit > INT64_MAX ? INT64_MAX : search->limit;
	if (!filter_make_sql(search->filter, &r->sql))
		return error_set(e, EXIT_STORE, "out of memory");
	r->walk_size = r->sql.reads ? READ_SLICE_FIRST : WALK_SLICE;
	return store_add_functions(s, e) && store_add_found_table(s, e) && find_bounds(r, e);
}

static void end(struct run *r)
{
	sqlite3_finalize(r->walk);
	sqlite3_finalize(r->by_words);
	filter_sql_free(&r->sql);
}

bool store_filter_walk(struct store *s, const struct store_search *search, const struct store_walk *how,
		       struct error *e)
{
	struct run r;
	bool fine = begin(&r, s, search, how, e) && run_slices(&r, e);
	end(&r);
	return fine;
}

bool store_filter(struct store *s, const struct store_search *search, struct error *e)
{
	return store_filter_walk(s, search, &rows, e);
}

/* In one go, which reads an index alone: a range of ids reads the rows. */
static bool count_all(struct store *s, uint64_t *count, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_COUNT_ALL, e);
	if (!st)
		return false;
	int code = sqlite3_step(st);
	bool fine = code == SQLITE_ROW;
	*count = fine ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
	if (!fine)
		store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

bool store_filter_count(struct store *s, const struct store_search *search, uint64_t *count, struct error *e)
{
	struct run r;
	if (!search->slice && (!search->filter || filter_is_empty(search->filter)))
		return !store_stopped(s, e) && count_all(s, count, e);
	bool fine = begin(&r, s, search, NULL, e) && run_slices(&r, e);
	*count = r.slice.found;
	end(&r);
	return fine;
}

bool store_filter_plan(struct store *s, const struct store_search *search, struct buffer *out, struct error *e)
{
	struct run r;
	sqlite3_stmt *st = NULL;
	bool fine = begin(&r, s, search, &rows, e) &&
		    (r.sql.classes == 0 || prepare(&r, &st, r.sql.match.len > 0, "EXPLAIN QUERY PLAN ", e));
	while (fine && st && sqlite3_step(st) == SQLITE_ROW)
		fine = buffer_printf(out, "%s\n", (const char *)sqlite3_column_text(st, 3));
	sqlite3_finalize(st);
	end(&r);
	return fine;
}

bool store_settled(struct store *s, int64_t after, int64_t *id, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_SETTLED, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, after);
	bool fine = sqlite3_step(st) == SQLITE_ROW || store_fail(s, "read", e);
	if (fine)
		*id = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return fine;
}
