/* What a running client lets go of by itself: by age, by size, and how it is told. */
#include "client/record/retention.h"
#include "shared/base/clock.h"
#include "tests/unit/shared/store_fixture.h"
#include "shared/query/store_query.h"

#define KEEP_MS (INT64_C(30) * 24 * 3600 * 1000)

#define DAY_US UINT64_C(86400000000)

struct test {
	uv_loop_t loop;
	struct store *store;
	struct recorder *recorder;
	struct retention *retention;
	struct retention_options options;
	char told[300]; /* the last sentence */
	int sentences;
	uv_timer_t deadline; /* the timer of retention does not keep the loop alive by itself */
};

static void on_told(void *user, const char *sentence)
{
	struct test *t = user;
	snprintf(t->told, sizeof t->told, "%s", sentence);
	t->sentences++;
}

static void stop_the_test(uv_timer_t *timer)
{
	(void)timer;
	fail_msg("no sentence comes");
}

static void begin(struct test *t)
{
	struct error e;
	memset(t, 0, sizeof *t);
	assert_int_equal(uv_loop_init(&t->loop), 0);
	t->store = open_store();
	uv_timer_init(&t->loop, &t->deadline);
	uv_timer_start(&t->deadline, stop_the_test, 60000, 0);
	t->recorder = recorder_new(&t->loop, path, &e);
	assert_non_null(t->recorder);
	t->options = (struct retention_options){ .db = path, .recorder = t->recorder };
}

static void on_closed(void *user)
{
	*(bool *)user = true;
}

static void end(struct test *t)
{
	bool closed = false;
	uv_close((uv_handle_t *)&t->deadline, NULL);
	retention_close(t->retention);
	recorder_close(t->recorder, on_closed, &closed);
	uv_run(&t->loop, UV_RUN_DEFAULT);
	assert_true(closed);
	assert_int_equal(uv_loop_close(&t->loop), 0);
	store_close(t->store);
}

static void start(struct test *t)
{
	t->retention = retention_start(&t->loop, &t->options, on_told, t);
	assert_non_null(t->retention);
}

static void wait_for_sentences(struct test *t, int count)
{
	while (t->sentences < count)
		uv_run(&t->loop, UV_RUN_ONCE);
}

static void add(struct test *t, uint8_t n, uint64_t age_us, struct bytes body)
{
	struct store_delivery d = sample(n);
	struct error e;
	bool duplicate;
	int64_t id;
	d.received_at_us = clock_now_us() - age_us;
	d.body = body;
	d.body_size = body.len;
	assert_true(store_batch_ops.begin(t->store, &e));
	assert_true(store_insert_delivery(t->store, &d, &id, &duplicate, &e));
	struct store_attempt a = { .delivery_id = id, .result = ATTEMPT_OK, .status = 200 };
	assert_true(store_insert_attempt(t->store, &a, &e));
	assert_true(store_batch_ops.commit(t->store, &e));
}

static void on_row(void *user, const struct delivery_row *row)
{
	(void)row;
	++*(int *)user;
}

static int deliveries(struct test *t)
{
	struct error e;
	int count = 0;
	assert_true(store_list(t->store, 0, 1000, on_row, &count, &e));
	return count;
}

static void test_nothing_to_do(void **state)
{
	struct test t;
	(void)state;
	begin(&t);
	assert_null(retention_start(&t.loop, &t.options, on_told, &t));
	end(&t); /* NULL is closed as well */
}

static void test_by_age(void **state)
{
	struct test t;
	(void)state;
	begin(&t);
	add(&t, 1, 40 * DAY_US, bytes_of("old"));
	add(&t, 2, 31 * DAY_US, bytes_of("old"));
	add(&t, 3, 29 * DAY_US, bytes_of("young enough"));
	add(&t, 4, 0, bytes_of("new"));
	t.options.keep_ms = KEEP_MS;
	start(&t);
	wait_for_sentences(&t, 1);
	assert_string_equal(t.told, "2 old deliveries deleted (2 by --keep, 0 by --max-size)");
	assert_int_equal(deliveries(&t), 2);
	end(&t);
}

static void test_by_size(void **state)
{
	static uint8_t body[100000];
	struct test t;
	(void)state;
	begin(&t);
	for (uint8_t n = 1; n <= 40; n++)
		add(&t, n, (uint64_t)(41 - n) * DAY_US, bytes_make(body, sizeof body));
	t.options.bound = store_bound_of(STORE_BOUND_LEAST, sizeof body);
	start(&t);
	wait_for_sentences(&t, 1);
	assert_non_null(strstr(t.told, "old deliveries deleted (0 by --keep, "));
	int left = deliveries(&t);
	assert_in_range(left, 1, 12); /* three quarters of 1 MiB hold seven bodies */
	end(&t);
}

static void test_trouble(void **state)
{
	struct test t;
	char broken[160];
	(void)state;
	begin(&t);
	snprintf(broken, sizeof broken, "%s/not-a-database", folder);
	FILE *f = fopen(broken, "w");
	assert_non_null(f);
	fputs("this is a text of more than a hundred bytes, so that no program takes it for the empty beginning of a "
	      "database that is to be made",
	      f);
	fclose(f);
	t.options.db = broken;
	t.options.keep_ms = KEEP_MS;
	start(&t);
	wait_for_sentences(&t, 1);
	assert_memory_equal(t.told, "old deliveries cannot be deleted: ", 34);
	assert_non_null(strstr(t.told, "not-a-database"));
	end(&t);
}

/* Closed while its work is under way: nobody is told, and all is freed. */
static void test_closed_at_work(void **state)
{
	struct test t;
	(void)state;
	begin(&t);
	for (uint8_t n = 1; n <= 40; n++)
		add(&t, n, 40 * DAY_US, bytes_of("old"));
	t.options.keep_ms = KEEP_MS;
	start(&t);
	uint64_t began = uv_now(&t.loop);
	while (uv_now(&t.loop) - began < 1000)
		uv_run(&t.loop, UV_RUN_ONCE);
	end(&t);
	assert_true(t.sentences <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_FOLDER(test_nothing_to_do), IN_FOLDER(test_by_age),
					    IN_FOLDER(test_by_size), IN_FOLDER(test_trouble),
					    IN_FOLDER(test_closed_at_work) };
	return RUN(tests);
}
