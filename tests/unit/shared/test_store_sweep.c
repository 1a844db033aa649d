/* Deliveries that follow one another, deleted at once: with all that belongs to them, and not a statement for each. */
#include "shared/disk/sqlite_file.h"
#include "shared/query/store_index.h"
#include "shared/store/store_jobs.h"
#include "shared/store/store_labels.h"
#include "shared/upkeep/store_prune.h"
#include "shared/upkeep/store_sweep.h"
#include "tests/unit/shared/index_fixture.h"

#define COUNT 200

static int64_t number(struct store *s, const char *sql)
{
	int64_t n = 0;
	if (!sqlite_file_number(s->db, sql, &n))
		fail_msg("%s: %s", sql, sqlite3_errmsg(s->db));
	return n;
}

static void add(struct store *s, uint8_t n, enum delivery_state state)
{
	struct store_delivery d = sample(n);
	struct store_attempt a = { .status = 200, .headers = bytes_of("A: b\r\n"), .body = bytes_of("fine") };
	struct error e;
	bool duplicate;
	d.body = bytes_of("{\"word\":\"walrus\"}");
	d.state = state;
	if (!store_insert_delivery(s, &d, &a.delivery_id, &duplicate, &e))
		fail_msg("%s", e.text);
	if (state == DELIVERY_SENDING || state == DELIVERY_WAITING)
		return;
	if (!store_insert_attempt(s, &a, &e))
		fail_msg("%s", e.text);
}

/* Numbers 1 to COUNT, all over but `under_way`, with a note, tags and jobs here and there, and all in the index. */
static struct store *fill(int64_t under_way)
{
	struct store *s = open_store();
	struct error e;
	bool more = true;
	int64_t job;
	assert_true(store_batch_ops.begin(s, &e));
	for (int64_t id = 1; id <= COUNT; id++)
		add(s, (uint8_t)id, id == under_way ? DELIVERY_WAITING : DELIVERY_DELIVERED);
	for (int64_t id = 1; id <= COUNT; id += 7)
		assert_true(store_labels_set_note(s, id, bytes_of("mine"), &e) &&
			    store_add_tag(s, id, bytes_of("kept"), &e) && store_ask_job(s, id, id + 1, 5, &job, &e));
	while (more)
		if (!store_index_some(s, &more, &e))
			fail_msg("%s", e.text);
	assert_true(store_batch_ops.commit(s, &e));
	return s;
}

static struct store_run find(struct store *s, int64_t after, uint64_t bytes)
{
	struct store_run run;
	struct error e;
	if (!store_sweep_find(s, after, bytes, &run, &e))
		fail_msg("%s", e.text);
	return run;
}

static void sweep(struct store *s, const struct store_run *run)
{
	struct error e;
	assert_true(store_batch_ops.begin(s, &e));
	if (!store_sweep(s, run, &e))
		fail_msg("%s", e.text);
	assert_true(store_batch_ops.commit(s, &e));
}

static void test_find(void **state)
{
	(void)state;
	struct store *s = fill(120);
	struct store_run run = find(s, 0, UINT64_MAX);
	assert_int_equal(run.first, 1);
	assert_int_equal(run.last, 119);
	assert_int_equal(run.count, 119);
	run = find(s, run.last, UINT64_MAX);
	assert_int_equal(run.first, 121);
	assert_int_equal(run.last, COUNT - 1); /* the newest stays */
	assert_int_equal(find(s, run.last, UINT64_MAX).count, 0);
	assert_int_equal(find(s, 0, 1).count, 1);
	run = find(s, 0, 10000);
	assert_in_range(run.count, 10, 25);
	store_close(s);
}

/* Each table has what belongs to those that stay, and nothing else. */
static void expect_rest(struct store *s, int64_t first, int64_t last)
{
	char sql[200];
	static const char *const tables[][2] = {
		{ "delivery", "id" },     { "message", "id / 4096" }, { "attempt", "id / 4096" },
		{ "tag", "delivery_id" }, { "note", "delivery_id" },  { "job", "delivery_id" },
	};
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE %s BETWEEN %lld AND %lld", tables[i][0],
			 tables[i][1], (long long)first, (long long)last);
		if (number(s, sql))
			fail_msg("%s", sql);
		snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE %s > %lld", tables[i][0], tables[i][1],
			 (long long)last);
		if (!number(s, sql))
			fail_msg("%s", sql);
	}
	assert_int_equal(number(s, "SELECT count(*) FROM delivery"), COUNT - (last - first + 1));
	assert_int_equal(number(s, "SELECT count(*) FROM message WHERE id % 4096 = 0"), COUNT - (last - first + 1));
	/* The index's block is made anew when there is time. */
	assert_in_range(index_has(s, "b", "walrus"), COUNT - (last - first + 1), COUNT);
	index_all(s);
	assert_int_equal(index_has(s, "b", "walrus"), COUNT - (last - first + 1));
}

static void test_all_goes(void **state)
{
	static const int64_t ends[] = { 5, 100, 150 }; /* the first ones one by one */
	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct store *s = fill(0);
		struct error e;
		sweep(s, &(struct store_run){ .first = 3, .last = ends[i], .count = (uint64_t)ends[i] - 2 });
		expect_rest(s, 3, ends[i]);
		/* Triggers and foreign keys work as before. */
		assert_true(store_delete(s, 162, &e));
		assert_int_equal(number(s, "SELECT count(*) FROM message WHERE id / 4096 = 162"), 0);
		assert_int_equal(number(s, "SELECT count(*) FROM tag WHERE delivery_id = 162"), 0);
		assert_false(store_add_tag(s, 162, bytes_of("lost"), &e));
		store_close(s);
		assert_int_equal(remove_folder(NULL), 0);
		assert_int_equal(make_folder(NULL), 0);
	}
}

/* One that waits stays before what goes: blocks behind it go, or are made anew, all the same. */
static void test_all_words_go_behind_one_that_stays(void **state)
{
	(void)state;
	struct store *s = fill(1);
	/* Far enough apart for five blocks. */
	assert_int_equal(
	    sqlite3_exec(s->db,
			 "PRAGMA foreign_keys=OFF; DELETE FROM attempt; DELETE FROM message WHERE id % 4096;"
			 "DELETE FROM search_block; UPDATE search_mark SET indexed = 0;"
			 "UPDATE delivery SET id = id * -100 WHERE id > 1;"
			 "UPDATE delivery SET id = -id WHERE id < 0;"
			 "UPDATE message SET id = id * -100 WHERE id > 4096;"
			 "UPDATE message SET id = -id WHERE id < 0; PRAGMA foreign_keys=ON",
			 NULL, NULL, NULL),
	    SQLITE_OK);
	index_all(s);
	assert_int_equal(number(s, "SELECT count(*) FROM search_block"), 5);
	assert_int_equal(index_has(s, "b", "walrus"), COUNT);
	sweep(s, &(struct store_run){ .first = 200, .last = 10000, .count = 99 });
	assert_int_equal(number(s, "SELECT count(*) FROM search_block"), 4); /* one was whole in the run */
	index_all(s);
	assert_int_equal(index_has(s, "b", "walrus"), 1 + 100);
	/* To the very end of a block. */
	int64_t last = number(s, "SELECT last FROM search_block WHERE first > 10000 ORDER BY first LIMIT 1");
	sweep(s, &(struct store_run){ .first = 10100, .last = last, .count = (uint64_t)(last - 10000) / 100 });
	index_all(s);
	assert_int_equal(index_has(s, "b", "walrus"), number(s, "SELECT count(*) FROM delivery"));
	store_close(s);
}

static int count_statement(unsigned what, void *user, void *statement, void *sql)
{
	(void)what;
	(void)statement;
	(void)sql;
	++*(int *)user;
	return 0;
}

static void test_few_statements(void **state)
{
	(void)state;
	struct store *s = fill(0);
	struct error e;
	struct store_run run = { .first = 1, .last = 150, .count = 150 };
	int statements = 0;
	assert_int_equal(
	    sqlite3_exec(s->db, "DELETE FROM search_block; UPDATE search_mark SET indexed = 0", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_true(store_batch_ops.begin(s, &e));
	sqlite3_trace_v2(s->db, SQLITE_TRACE_STMT, count_statement, &statements);
	assert_true(store_sweep(s, &run, &e));
	sqlite3_trace_v2(s->db, 0, NULL, NULL);
	assert_true(store_batch_ops.commit(s, &e));
	assert_in_range(statements, 1, 12);
	assert_int_equal(number(s, "SELECT count(*) FROM delivery"), 50);
	store_close(s);
}

static void test_rolled_back(void **state)
{
	(void)state;
	struct store *s = fill(0);
	struct error e;
	struct store_run run = { .first = 1, .last = 150, .count = 150 };
	assert_true(store_batch_ops.begin(s, &e));
	assert_true(store_sweep(s, &run, &e));
	store_batch_ops.rollback(s);
	assert_int_equal(number(s, "SELECT count(*) FROM message WHERE id % 4096 = 0"), COUNT);
	assert_int_equal(index_has(s, "b", "walrus"), COUNT);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_find),
		IN_FOLDER(test_all_goes),
		IN_FOLDER(test_all_words_go_behind_one_that_stays),
		IN_FOLDER(test_few_statements),
		IN_FOLDER(test_rolled_back),
	};
	return RUN(tests);
}
