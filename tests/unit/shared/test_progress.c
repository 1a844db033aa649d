/* The line that says how far a piece of work is. */
#include "shared/program/progress.h"
#include "tests/unit/unit.h"

static void expect(const struct progress *p, uint64_t now_ms, size_t columns, const char *text)
{
	char out[PROGRESS_LEN];
	progress_text(p, now_ms, columns, out);
	assert_string_equal(out, text);
	assert_true(strlen(out) <= columns);
}

static void test_of_known_number(void **state)
{
	struct progress p = { .total = 4, .began_ms = 1000 };
	(void)state;
	expect(&p, 1000, 200, "[........................................] 0/4");
	p.done = 1;
	expect(&p, 3000, 39, "[####............] 1/4  0.5/s  6 s left");
	p.failed = 1;
	expect(&p, 3000, 43, "[##........] 1/4  1 failed  0.5/s  6 s left");
	p.done = 4;
	expect(&p, 3000, 33, "[##########] 4/4  1 failed  2.0/s");
	expect(&p, 3000, 10, "4/4  1 fai");
	expect(&p, 3000, 0, "");
}

static void test_time_left(void **state)
{
	struct progress p = { .doing = "verifying", .total = 1000, .done = 100 };
	(void)state;
	expect(&p, 60000, 58, "verifying [#.................] 100/1000  1.7/s  9 min left");
	expect(&p, 6000000, 59, "verifying [#.................] 100/1000  0.0/s  15.0 h left");
	p.done = 5; /* too little to say */
	expect(&p, 5000, 42, "verifying [................] 5/1000  1.0/s");
	p.done = 1001;
	expect(&p, 1000, 47, "verifying [###############] 1001/1000  1001.0/s");
}

static void test_of_unknown_number(void **state)
{
	struct progress p = { .doing = "importing" };
	(void)state;
	expect(&p, 2000, 80, "importing 2 s");
	p.done = 120;
	expect(&p, 2000, 80, "importing 120  60.0/s");
	p.part = 500, p.whole = 1000;
	expect(&p, 2000, 42, "importing [####....] 120  60.0/s  2 s left");
	expect(&p, 2000, 12, "120  60.0/s ");
}

/* Nothing is drawn where standard error is no terminal. */
static void test_off(void **state)
{
	struct progress p;
	(void)state;
	progress_begin(&p, "importing", 3);
	assert_int_equal(p.total, 3);
	if (p.on)
		skip();
	p.began_ms = p.looked_ms = 0;
	progress_tick(&p);
	assert_false(p.drawn);
	progress_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_known_number),
		cmocka_unit_test(test_time_left),
		cmocka_unit_test(test_of_unknown_number),
		cmocka_unit_test(test_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
