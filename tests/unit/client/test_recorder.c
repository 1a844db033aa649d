#include "client/record/recorder.h"
#include "shared/query/store_filter.h"
#include "tests/unit/shared/index_fixture.h"

#define DELIVERIES 150

static int recorded, committed;
static bool closed;

static void on_committed(void *user, int64_t id, bool duplicate)
{
	(void)user;
	(void)id;
	assert_false(duplicate);
	committed++;
}

static void on_recorded(void *user, const struct error *e)
{
	(void)user;
	assert_null(e);
	assert_true(committed >= ++recorded);
}

static void on_closed(void *user)
{
	(void)user;
	closed = true;
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

static void on_numbered(void *user, int64_t id)
{
	(void)user;
	(void)id;
	fail_msg("a number came late without a journal");
}

static const struct record_delivery_ops recording = { on_committed, on_recorded, on_numbered };

static void insert_one(struct recorder *r, int i)
{
	struct store_delivery d = sample(1);
	memcpy(d.event_id, &i, sizeof i);
	recorder_insert_delivery(r, &d, &recording, NULL);
}

static void stop_the_test(uv_timer_t *t)
{
	(void)t;
	fail_msg("nothing more is indexed");
}

/* What was recorded is indexed in its time, without anybody asking, and what another program recorded as well. */
static void test_indexed_when_idle(void **state)
{
	uv_loop_t loop;
	uv_timer_t deadline;
	struct error e;
	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	uv_timer_init(&loop, &deadline);
	uv_timer_start(&deadline, stop_the_test, 60000, 0);
	recorded = committed = 0;
	closed = false;
	struct recorder *r = recorder_new(&loop, path, &e);
	assert_non_null(r);
	struct store *s = open_store();
	for (int i = 0; i < DELIVERIES; i++)
		insert_one(r, i);
	while (read_sql(s, "SELECT indexed FROM search_mark") < DELIVERIES)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(recorded, DELIVERIES);
	assert_int_equal(index_has(s, "h", "bin"), DELIVERIES);
	bool duplicate;
	assert_int_equal(insert(s, 0xee, &duplicate), DELIVERIES + 1);
	while (read_sql(s, "SELECT indexed FROM search_mark") < DELIVERIES + 1)
		uv_run(&loop, UV_RUN_ONCE);
	/* Closed with work to do: what is submitted is recorded. */
	recorded++;
	committed++;
	insert_one(r, DELIVERIES);
	recorder_close(r, on_closed, NULL);
	uv_close((uv_handle_t *)&deadline, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(closed);
	assert_int_equal(recorded, DELIVERIES + 2);
	assert_int_equal(uv_loop_close(&loop), 0);
	store_close(s);
}

static int next;

static void insert_next(uv_timer_t *t)
{
	insert_one(t->data, ++next);
}

/* Also beside traffic that never pauses for a quarter of a second. */
static void test_indexed_beside_light_traffic(void **state)
{
	uv_loop_t loop;
	uv_timer_t deadline, traffic;
	struct error e;
	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	uv_timer_init(&loop, &deadline);
	uv_timer_start(&deadline, stop_the_test, 60000, 0);
	uv_timer_init(&loop, &traffic);
	recorded = committed = 0;
	closed = false;
	struct recorder *r = recorder_new(&loop, path, &e);
	assert_non_null(r);
	traffic.data = r;
	uv_timer_start(&traffic, insert_next, 0, 20);
	struct store *s = open_store();
	while (read_sql(s, "SELECT indexed FROM search_mark") < 20)
		uv_run(&loop, UV_RUN_ONCE);
	recorder_close(r, on_closed, NULL);
	uv_close((uv_handle_t *)&traffic, NULL);
	uv_close((uv_handle_t *)&deadline, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(closed);
	assert_int_equal(uv_loop_close(&loop), 0);
	store_close(s);
}

static void count_one(void *user, const struct error *e)
{
	assert_null(e);
	++*(int *)user;
}

static void ignore_one(void *user, int64_t id, bool duplicate)
{
	(void)user;
	(void)id;
	(void)duplicate;
}

static const struct record_delivery_ops counting = { ignore_one, count_one, on_numbered };

static off_t size_of(const char *name)
{
	struct stat st;
	return stat(name, &st) == 0 ? st.st_size : 0;
}

/* What was written goes from the log into the database while more is written, not in the way of a commit. */
static void test_log_is_moved_meanwhile(void **state)
{
	static uint8_t body[20000];
	uv_loop_t loop;
	uv_timer_t deadline;
	struct error e;
	int done = 0, submitted = 0;
	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	uv_timer_init(&loop, &deadline);
	uv_timer_start(&deadline, stop_the_test, 60000, 0);
	closed = false;
	struct recorder *r = recorder_new(&loop, path, &e);
	assert_non_null(r);
	while (size_of(path) < 8 << 20) {
		struct store_delivery d = sample(1);
		memcpy(d.event_id, &submitted, sizeof submitted);
		d.body = bytes_make(body, sizeof body);
		d.body_size = sizeof body;
		recorder_insert_delivery(r, &d, &counting, &done);
		submitted++;
		while (submitted - done > 20)
			uv_run(&loop, UV_RUN_ONCE);
	}
	recorder_close(r, on_closed, NULL);
	uv_close((uv_handle_t *)&deadline, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(closed);
	assert_int_equal(done, submitted);
	assert_int_equal(uv_loop_close(&loop), 0);
	struct store *s = open_store();
	assert_int_equal(read_sql(s, "SELECT count(*) FROM delivery"), submitted);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_FOLDER(test_indexed_when_idle),
					    IN_FOLDER(test_indexed_beside_light_traffic),
					    IN_FOLDER(test_log_is_moved_meanwhile) };
	return RUN(tests);
}
