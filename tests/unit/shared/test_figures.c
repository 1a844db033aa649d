/* The figures kept beside the rows, and statistics made of them: the same with and without. */
#include <stdlib.h>

#include "shared/stats/durations.h"
#include "shared/stats/stats_read.h"
#include "shared/stats/store_figures.h"
#include "shared/store/store_stop.h"
#include "tests/unit/shared/store_fixture.h"

#define ROWS 10000

static void run_sql(struct store *s, const char *sql)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(s->db));
}

static int64_t read_sql(struct store *s, const char *sql)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(s->db));
	int64_t value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return value;
}

/* Number i of `count`, received i seconds after 1970: of 5 providers and 700 paths; each hundredth is a 503, each
 * thousandth had no answer, each 500th is a bad signature; it took i microseconds. */
static void fill(struct store *s, int count)
{
	char sql[1000];
	snprintf(sql, sizeof sql,
		 "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
		 " INSERT INTO delivery (id, event_id, tunnel, received_at, method, target, path, prefix, peer, https,"
		 " has_body, provider, event_type, signature, state, status, status_class, took_us, attempts,"
		 " request_bytes, response_bytes, origin) SELECT i, randomblob(16), 'dev', i * 1000000, 'POST', '/x',"
		 " '/p' || (i %% 700), '', '', 0, 1, 'provider' || (i %% 5), '', iif(i %% 500, 'none', 'invalid'),"
		 " iif(i %% 100, 2, 3), iif(i %% 1000, iif(i %% 100, 200, 503), 0),"
		 " iif(i %% 1000, iif(i %% 100, 2, 5), 6), i, 1, i * 2, 1, 0 FROM n; COMMIT",
		 count);
	run_sql(s, sql);
}

static struct store *open_one(void)
{
	struct store *s;
	struct error e;
	assert_true(store_open_in_memory(&s, &e));
	return s;
}

static void keep_all(struct store *s)
{
	struct error e;
	bool more = true;
	while (more)
		assert_true(store_figures_keep_some(s, &more, &e));
}

static struct stats_result stats_of(struct store *s, const char *filter, struct stats_wish wish)
{
	struct filter_error fe;
	struct error e;
	struct stats_result r;
	struct filter *f = filter ? filter_parse(filter, 0, &fe) : NULL;
	const struct stats_read wanted = { .filter = f, .wish = wish };
	if (!stats_read(s, &wanted, &r, &e))
		fail_msg("%s", e.text);
	filter_free(f);
	return r;
}

static void expect_same(const struct stats_result *a, const struct stats_result *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->failed, b->failed);
	assert_int_equal(a->bad_signatures, b->bad_signatures);
	assert_int_equal(a->step_count, b->step_count);
	assert_int_equal(a->wish.from_s, b->wish.from_s);
	assert_int_equal(a->wish.step_s, b->wish.step_s);
	assert_memory_equal(a->steps, b->steps, a->step_count * sizeof *a->steps);
	assert_memory_equal(a->histogram, b->histogram, sizeof a->histogram);
	assert_memory_equal(a->slowest, b->slowest, sizeof a->slowest);
	assert_memory_equal(a->largest, b->largest, sizeof a->largest);
	assert_int_equal(a->group_count, b->group_count);
	for (size_t i = 0; i < a->group_count; i++) {
		assert_true(bytes_equal(buffer_view(&a->groups[i].key), buffer_view(&b->groups[i].key)));
		assert_int_equal(a->groups[i].count, b->groups[i].count);
		assert_int_equal(a->groups[i].failed, b->groups[i].failed);
		assert_int_equal(a->groups[i].p95_us, b->groups[i].p95_us);
	}
}

static const struct stats_wish wishes[] = {
	{ .before_s = STATS_EVER, .by = STATS_BY_PATH },
	{ .before_s = STATS_EVER, .by = STATS_BY_STATUS, .steps_most = 7 },
	{ .from_s = 3000, .before_s = 9001, .step_s = 60 },
	{ .from_s = 9500, .before_s = 9900, .step_s = 1, .by = STATS_BY_EVENT },
	{ .from_s = 20000, .before_s = 30000, .step_s = 100 },
};
#define WISHES (sizeof wishes / sizeof *wishes)

static void compare_all(struct store *s, struct stats_result rows[WISHES])
{
	for (size_t i = 0; i < WISHES; i++) {
		struct stats_result kept = stats_of(s, NULL, wishes[i]);
		expect_same(&kept, &rows[i]);
		assert_int_equal(kept.searched, kept.total);
		stats_result_free(&kept);
	}
}

static void read_all(struct store *s, struct stats_result out[WISHES])
{
	for (size_t i = 0; i < WISHES; i++)
		out[i] = stats_of(s, NULL, wishes[i]);
}

static void free_all(struct stats_result r[WISHES])
{
	for (size_t i = 0; i < WISHES; i++)
		stats_result_free(&r[i]);
}

static void test_blocks_say_what_rows_say(void **state)
{
	struct store *s = open_one();
	struct stats_result rows[WISHES];
	(void)state;
	fill(s, ROWS);
	read_all(s, rows);
	assert_int_equal(rows[0].count, ROWS);
	assert_int_equal(rows[0].failed, 100);
	assert_int_equal(rows[0].counts[STATS_NO_ANSWER], 10);
	assert_int_equal(rows[0].bad_signatures, 20);
	assert_int_equal(rows[2].count, 6001);
	assert_int_equal(rows[4].count, 0);
	assert_int_equal(rows[0].slowest[0].id, ROWS);
	assert_int_equal(rows[0].largest[0].value, 2 * ROWS);
	keep_all(s);
	assert_int_equal(read_sql(s, "SELECT count(*) FROM figures"), 2);
	assert_int_equal(read_sql(s, "SELECT latest FROM figures WHERE block = 0"), 4095);
	compare_all(s, rows);
	/* That the blocks are read, and not the rows. */
	run_sql(s,
		"DROP TRIGGER figures_follow_update; UPDATE delivery SET status = 404, status_class = 4 WHERE id = 7");
	compare_all(s, rows);
	free_all(rows);
	store_close(s);
}

static void test_changes_drop_their_block(void **state)
{
	static const char *const changes[] = {
		"UPDATE delivery SET signature = 'invalid' WHERE id = 5000",
		"UPDATE delivery SET state = 4 WHERE id = 17",
		"DELETE FROM delivery WHERE id BETWEEN 4090 AND 4100",
		"DELETE FROM delivery WHERE id < 30",
		"DELETE FROM delivery WHERE id BETWEEN 4096 AND 8191",
		"UPDATE figures SET columns = x'00'",
		"UPDATE figures SET columns = substr(columns, 1, length(columns) - 1)",
	};
	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		struct store *a = open_one(), *b = open_one();
		struct stats_result rows[WISHES];
		fill(a, ROWS);
		keep_all(a);
		run_sql(a, changes[i]);
		fill(b, ROWS);
		run_sql(b, changes[i]);
		read_all(b, rows);
		compare_all(a, rows);
		keep_all(a);
		compare_all(a, rows);
		free_all(rows);
		store_close(a);
		store_close(b);
	}
}

/* A block of which one is under way is left alone, and those after it are made. */
static void test_unfinished(void **state)
{
	struct store *s = open_one();
	(void)state;
	fill(s, 20000);
	run_sql(s, "UPDATE delivery SET state = 1 WHERE id = 5000");
	keep_all(s);
	assert_int_equal(read_sql(s, "SELECT group_concat(block, '') = '023' FROM figures"), 1);
	run_sql(s, "UPDATE delivery SET state = 2 WHERE id = 5000");
	keep_all(s);
	assert_int_equal(read_sql(s, "SELECT count(*) FROM figures"), 4);
	store_close(s);
}

/* As another program may have written them: ids far apart, and blocks of numbers that there cannot be. */
static void test_ids_far_apart(void **state)
{
	struct store *s = open_one();
	struct stats_result rows[WISHES];
	(void)state;
	fill(s, ROWS);
	run_sql(s, "UPDATE delivery SET id = 9223372036854775806 WHERE id = 9999;"
		   "UPDATE delivery SET id = 4611686018427387904 WHERE id = 9998;"
		   "INSERT INTO figures VALUES (-1, -1, -1, x'0001'), (-9223372036854775807, 0, 1, x'02'),"
		   " (9223372036854775807, 0, 1, x'02'), (2251799813685247, 0, 1, x''), (2251799813685248, 0, 1, x'')");
	read_all(s, rows);
	assert_int_equal(rows[0].count, ROWS);
	assert_int_equal(rows[0].searched, rows[0].total);
	keep_all(s);
	assert_int_equal(read_sql(s, "SELECT count(*) FROM figures WHERE block BETWEEN 0 AND 2251799813685246"), 4);
	compare_all(s, rows);
	struct stats_result r = stats_of(s, "status:503", wishes[0]);
	assert_int_equal(r.count, 90);
	stats_result_free(&r);
	free_all(rows);
	store_close(s);
}

static void test_filters(void **state)
{
	struct store *s = open_one();
	(void)state;
	fill(s, ROWS);
	keep_all(s);
	struct stats_result r = stats_of(s, "provider:provider3 -status:2xx", wishes[0]);
	assert_int_equal(r.count, 0);
	stats_result_free(&r);
	r = stats_of(s, "status:5xx", wishes[1]);
	assert_int_equal(r.count, 90);
	assert_int_equal(r.group_count, 1);
	assert_true(bytes_equal(buffer_view(&r.groups[0].key), bytes_of("503")));
	stats_result_free(&r);
	r = stats_of(s, "status:none OR status:err", wishes[1]);
	assert_true(bytes_equal(buffer_view(&r.groups[0].key), bytes_of("no answer")));
	stats_result_free(&r);
	store_close(s);
}

/* Of blocks as of rows, and of a mixture; names that are cut off in a block are read in their rows. */
static void test_filters_of_names(void **state)
{
	static const char *const filters[] = {
		"source:provider3",
		"source:provider3,provider1 path:/p6*",
		"-(path:/p1 OR path:/p2?) event:none",
		"path:/^\\/p[0-9]+7$/ OR source:PROVIDER0",
		"source:nobody",
		"path:*end",
		"source:none",
	};
	(void)state;
	for (int mixed = 0; mixed < 3; mixed++) {
		struct store *a = open_one(), *b = open_one();
		fill(a, ROWS);
		fill(b, ROWS);
		for (int i = 0; mixed == 2 && i < 2; i++)
			run_sql(i ? a : b, "UPDATE delivery SET path = printf('/%.300c', 'x') || 'end' WHERE id = 100");
		keep_all(a);
		if (mixed == 1)
			run_sql(a, "DELETE FROM figures WHERE block = 0");
		for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
			for (size_t n = 0; n < WISHES; n++) {
				struct stats_result blocks = stats_of(a, filters[i], wishes[n]);
				struct stats_result rows = stats_of(b, filters[i], wishes[n]);
				expect_same(&blocks, &rows);
				assert_int_equal(blocks.searched, blocks.total);
				if (n == 0 && i == 0)
					assert_int_equal(blocks.count, ROWS / 5);
				if (n == 0 && i == 5)
					assert_int_equal(blocks.count, mixed == 2);
				stats_result_free(&blocks);
				stats_result_free(&rows);
			}
		if (mixed == 0) {
			/* That the blocks are read, and not the rows. */
			run_sql(a, "DROP TRIGGER figures_follow_update; UPDATE delivery SET provider = 'other'");
			struct stats_result r = stats_of(a, filters[0], wishes[0]);
			assert_true(r.count > ROWS / 5 / 2);
			stats_result_free(&r);
		}
		store_close(a);
		store_close(b);
	}
}

static bool stop_at_once(void *user, const struct stats *so_far, uint64_t searched, uint64_t total)
{
	struct stats_result r;
	(void)total;
	*(uint64_t *)user = searched;
	assert_true(stats_result(so_far, searched, total, &r));
	stats_result_free(&r);
	return false;
}

static void test_stopped(void **state)
{
	struct store *s = open_one();
	struct stats_result r;
	struct error e;
	uint64_t searched = 0;
	(void)state;
	fill(s, 200000);
	const struct stats_read wanted = { .wish = wishes[0], .progress = stop_at_once, .user = &searched };
	assert_true(stats_read(s, &wanted, &r, &e));
	assert_int_equal(r.searched, searched);
	assert_in_range(r.searched, 1, 199999);
	assert_in_range(r.count, 1, 199999);
	stats_result_free(&r);
	store_interrupt(s);
	assert_false(stats_read(s, &wanted, &r, &e));
	assert_int_equal(e.code, EXIT_INTERRUPTED);
	keep_all(s);
	assert_false(stats_read(s, &wanted, &r, &e));
	assert_int_equal(e.code, EXIT_INTERRUPTED);
	store_resume(s);
	store_close(s);
}

static void test_empty(void **state)
{
	struct store *s = open_one();
	struct error e;
	(void)state;
	keep_all(s);
	struct stats_result r = stats_of(s, NULL, wishes[0]);
	assert_int_equal(r.count + r.step_count + r.group_count, 0);
	assert_int_equal(r.longest_us, -1);
	stats_result_free(&r);
	const struct stats_wish wrong[] = { { .from_s = 5, .before_s = 5, .step_s = 1 },
					    { .before_s = 401, .step_s = 1 } };
	for (size_t i = 0; i < 2; i++) {
		assert_null(stats_new(&wrong[i], &e));
		assert_int_equal(e.code, EXIT_USAGE);
	}
	store_close(s);
}

/* ---- without a store ---- */

static void add_at(struct stats *s, struct figure_block *b, uint64_t at_s)
{
	const struct figure f = { .id = 1, .received_at_us = at_s * 1000000, .outcome = FIGURE_2XX, .took_us = 5 };
	figure_block_clear(b);
	assert_true(figure_block_add(b, &f));
	assert_true(stats_add(s, b));
}

/* Whatever the order, each delivery is in the step of its time, and no step too many is kept. */
static void test_steps_grow(void **state)
{
	static const uint64_t orders[][6] = { { 1000, 1001, 1500, 999, 5000, 1 },
					      { 1795441354, 1, 900000000, 1795441353, 2, 3 },
					      { 5, 4, 3, 2, 1, 0 },
					      { 0, 1, 2, 3, 4, 5 },
					      { 86399, 86400, 0, 172799, 172800, 43200 },
					      { 4294967295u, 4294967294u, 0, 1, 2, 2147483648u } };
	struct figure_block *b = figure_block_new();
	(void)state;
	for (size_t most = 1; most < 12; most++)
		for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
			const struct stats_wish wish = { .before_s = STATS_EVER, .steps_most = most };
			struct error e;
			struct stats_result r;
			struct stats *s = stats_new(&wish, &e);
			for (size_t k = 0; k < 6; k++)
				add_at(s, b, orders[i][k]);
			assert_true(stats_result(s, 0, 0, &r));
			assert_in_range(r.step_count, 1, most);
			uint64_t sum = 0;
			for (size_t n = 0; n < r.step_count; n++) {
				uint64_t here = 0, from = (uint64_t)r.steps[n].at_s;
				for (size_t k = 0; k < 6; k++)
					here += orders[i][k] >= from && orders[i][k] < from + (uint64_t)r.wish.step_s;
				assert_int_equal(r.steps[n].counts[STATS_2XX], here);
				assert_int_equal(r.steps[n].took.p50_us, here ? 5 : -1);
				sum += here;
			}
			assert_int_equal(sum, 6);
			assert_true(r.steps[0].counts[STATS_2XX] && r.steps[r.step_count - 1].counts[STATS_2XX]);
			stats_result_free(&r);
			stats_free(s);
		}
	figure_block_free(b);
}

static void test_durations(void **state)
{
	static struct durations d;
	(void)state;
	assert_int_equal(durations_share(&d, 0.5), 0);
	for (uint64_t us = 0; us <= 100000; us++)
		durations_add(&d, us);
	static const double shares[] = { 0.5, 0.9, 0.95, 0.99 };
	for (size_t i = 0; i < 4; i++) {
		double is = (double)durations_share(&d, shares[i]), want = 100000 * shares[i];
		assert_true(is > want * 0.96 && is < want * 1.04);
	}
	assert_int_equal(durations_share(&d, 1), 100000);
	assert_int_equal(durations_within(&d, 15), 16);
	durations_add(&d, UINT64_MAX);
	assert_int_equal(durations_within(&d, UINT64_MAX), 100002);
	assert_int_equal(d.most_us, UINT64_MAX);
}

static void test_block_bytes(void **state)
{
	struct figure_block *a = figure_block_new(), *b = figure_block_new();
	struct buffer out = { 0 };
	(void)state;
	char long_path[400];
	for (int64_t i = 0; i < FIGURE_BLOCK_ROWS; i += 3) {
		memset(long_path, 'x', sizeof long_path);
		snprintf(long_path, sizeof long_path, "/%d", (int)i);
		const struct figure f = { .id = 8192 + i,
					  .received_at_us = (uint64_t)i * 1000001,
					  .outcome = (enum figure_outcome)(i % FIGURE_OUTCOMES),
					  .status = (int)(i % 1000),
					  .took_us = i % 5 ? i : -1,
					  .bytes = i % 7 ? (uint64_t)i : UINT64_MAX,
					  .bad = i % 2,
					  .names = { bytes_of(i % 2 ? "stripe" : ""), bytes_of(NULL),
						     bytes_make(long_path, sizeof long_path) } };
		assert_true(figure_block_add(a, &f));
	}
	assert_true(figure_block_encode(a, 8192, &out));
	assert_true(figure_block_decode(b, 8192, buffer_view(&out)));
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		assert_true(a->ids[i] == b->ids[i] && a->at_s[i] == b->at_s[i] && a->took_us[i] == b->took_us[i]);
		assert_true(a->bytes[i] == b->bytes[i] && a->status[i] == b->status[i]);
		assert_true(a->outcome[i] == b->outcome[i] && a->bad[i] == b->bad[i]);
		for (enum figure_name n = 0; n < FIGURE_NAMES; n++)
			assert_true(bytes_equal(figure_block_name(a, n, a->name[n][i]),
						figure_block_name(b, n, b->name[n][i])));
	}
	assert_int_equal(figure_block_name(b, FIGURE_PATH, 0).len, FIGURE_NAME_MOST);
	for (size_t len = 0; len < out.len; len += 1 + len / 50)
		assert_false(figure_block_decode(b, 8192, bytes_make(out.at, len)));
	assert_int_equal(b->count, 0);
	buffer_free(&out);
	figure_block_free(a);
	figure_block_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_say_what_rows_say),
		cmocka_unit_test(test_changes_drop_their_block),
		cmocka_unit_test(test_unfinished),
		cmocka_unit_test(test_ids_far_apart),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_filters_of_names),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_steps_grow),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_block_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
