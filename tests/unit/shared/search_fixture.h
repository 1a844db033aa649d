/* A store of many deliveries, and what a search tells of itself. */
#pragma once

#include "shared/store/store_stop.h"
#include "tests/unit/shared/filter_fixture.h"

static inline struct filter *parse(const char *text)
{
	struct filter_error fe;
	struct filter *f = filter_parse(text, NOW_US, &fe);
	if (!f)
		fail_msg("%s: column %d: %s", text, fe.column, fe.text);
	return f;
}

static inline void run_sql(struct store *s, const char *sql)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(s->db));
}

static inline int64_t read_sql(struct store *s, const char *sql)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(s->db));
	int64_t value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return value;
}

/* `count` narrow rows more, of which every hundredth is a 503; the body holds a word of its hundred. */
static inline void fill_many(struct store *s, int count)
{
	char sql[900];
	snprintf(
	    sql, sizeof sql,
	    "BEGIN; WITH RECURSIVE n(i) AS (SELECT coalesce(max(id), 0) + 1 FROM delivery UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < (SELECT coalesce(max(id), 0) + %d FROM delivery))"
	    " INSERT INTO delivery (id, event_id, tunnel, received_at, method, target, path, prefix, peer, https, "
	    "has_body,"
	    " provider, event_type, signature, state, status, status_class, took_us, attempts, request_bytes,"
	    " response_bytes, origin, replay_of, reached_at) SELECT i, randomblob(16), 'dev', i, 'POST', '/x', '/x', "
	    "'', '', 0, 1, 'stripe',"
	    " 'invoice.paid', 'none', iif(i %% 100, 2, 3), iif(i %% 100, 200, 503), iif(i %% 100, 2, 5), i, 1, 1, 1, 0,"
	    " NULL, NULL FROM n;"
	    " INSERT INTO message SELECT id * 4096, x'', x'', CAST('word' || (id / 100) AS BLOB), NULL FROM delivery"
	    " WHERE id > (SELECT coalesce(max(id), 0) / 4096 FROM message); COMMIT",
	    count);
	run_sql(s, sql);
}

struct watch {
	struct store_slice slices[500];
	int count, stop_at;
	struct store *interrupt;
	int64_t ids[300];
	int rows;
};

static inline bool on_slice(void *user, const struct store_slice *slice)
{
	struct watch *w = user;
	assert_true(w->count < 500);
	w->slices[w->count++] = *slice;
	if (w->interrupt)
		store_interrupt(w->interrupt);
	return w->count != w->stop_at;
}

static inline void on_row(void *user, const struct delivery_row *row)
{
	struct watch *w = user;
	assert_true(w->rows < 300);
	w->ids[w->rows++] = row->id;
}

static inline struct watch search(struct store *s, const char *text, int64_t anchor, bool forward, uint64_t limit)
{
	struct watch w = { 0 };
	struct filter *f = parse(text);
	struct store_search q = { .filter = f,
				  .anchor = anchor,
				  .forward = forward,
				  .limit = limit,
				  .row = on_row,
				  .slice = on_slice,
				  .user = &w };
	struct error e;
	if (!store_filter(s, &q, &e))
		fail_msg("%s: %s", text, e.text);
	filter_free(f);
	return w;
}

static inline int64_t indexed(struct store *s)
{
	return read_sql(s, "SELECT indexed FROM search_mark");
}

/* Blocks do not overlap, have rows of words, and reach to the mark; no words are left without one. */
static inline void check_index(struct store *s)
{
	assert_int_equal(read_sql(s, "SELECT count(*) FROM search_block a JOIN search_block b ON a.first < b.first AND"
				     " a.last >= b.first"),
			 0);
	assert_int_equal(read_sql(s,
				  "SELECT count(*) FROM search_block WHERE last < first OR last > (SELECT indexed FROM"
				  " search_mark) OR first NOT IN (SELECT block FROM search_words)"),
			 0);
	assert_int_equal(read_sql(s, "SELECT count(*) FROM search_words WHERE block NOT IN (SELECT first FROM"
				     " search_block)"),
			 0);
	assert_int_equal(read_sql(s,
				  "SELECT count(*) FROM delivery WHERE id <= (SELECT indexed FROM search_mark) AND NOT"
				  " EXISTS (SELECT 1 FROM search_block WHERE id BETWEEN first AND last)"),
			 0);
}
