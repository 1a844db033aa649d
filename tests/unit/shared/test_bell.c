/* Runs under TSan as well. */
#include "shared/disk/bell.h"
#include "tests/unit/unit.h"

#define TIMES 20000

struct fixture {
	uv_loop_t loop;
	struct bell bell;
	_Atomic unsigned written; /* by the thread, before it rings */
	unsigned seen, calls;
	bool closed;
};

static void on_closed(void *user)
{
	struct fixture *f = user;
	f->closed = true;
}

static void on_rung(void *user)
{
	struct fixture *f = user;
	f->calls++;
	f->seen = atomic_load(&f->written);
	if (f->seen == TIMES)
		bell_close(&f->bell, on_closed);
}

static void ring_often(void *user)
{
	struct fixture *f = user;
	for (unsigned i = 1; i <= TIMES; i++) {
		atomic_store(&f->written, i);
		bell_ring(&f->bell);
	}
}

/* What was written before the last ring is seen, however many rang at once. */
static void test_none_is_missed(void **state)
{
	struct fixture f = { 0 };
	uv_thread_t thread;
	(void)state;
	assert_int_equal(uv_loop_init(&f.loop), 0);
	assert_true(bell_open(&f.bell, &f.loop, on_rung, &f));
	bell_hold(&f.bell, true);
	assert_int_equal(uv_thread_create(&thread, ring_often, &f), 0);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	uv_thread_join(&thread);
	assert_int_equal(f.seen, TIMES);
	assert_in_range(f.calls, 1, TIMES);
	assert_true(f.closed);
	assert_int_equal(uv_loop_close(&f.loop), 0);
}

static void test_holds_the_loop_only_when_asked(void **state)
{
	struct fixture f = { 0 };
	(void)state;
	assert_int_equal(uv_loop_init(&f.loop), 0);
	assert_true(bell_open(&f.bell, &f.loop, on_rung, &f));
	assert_int_equal(uv_run(&f.loop, UV_RUN_DEFAULT), 0);
	bell_hold(&f.bell, true);
	assert_true(uv_run(&f.loop, UV_RUN_NOWAIT));
	bell_hold(&f.bell, false);
	assert_false(bell_is_closing(&f.bell));
	bell_ring(&f.bell);
	bell_close(&f.bell, on_closed);
	assert_true(bell_is_closing(&f.bell));
	assert_int_equal(uv_run(&f.loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(f.calls, 0);
	assert_true(f.closed);
	assert_int_equal(uv_loop_close(&f.loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none_is_missed),
		cmocka_unit_test(test_holds_the_loop_only_when_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
