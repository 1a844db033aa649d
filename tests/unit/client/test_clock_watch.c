/* Noticing that the machine slept, or that the relay is silent. */
#include "client/watch/clock_watch.h"
#include "tests/unit/unit.h"

/* A clock_watch that looked at wall clock 1000 s and loop clock 5 s. */
static struct clock_watch looked_before(uint64_t *confirmed)
{
	struct clock_watch w = { 0 };
	assert_int_equal(clock_watch_look(&w, 1000000000, 5000, 30000000, confirmed), CLOCK_FINE);
	return w;
}

static void test_clock_watch(void **state)
{
	uint64_t confirmed = 999000000;
	(void)state;
	struct clock_watch w = looked_before(&confirmed);
	/* Both clocks went on. */
	assert_int_equal(clock_watch_look(&w, 1001000000, 6000, 30000000, &confirmed), CLOCK_FINE);
	/* 31 s without a sign of life; without a connection there is none to be had. */
	w = looked_before(&confirmed);
	assert_int_equal(clock_watch_look(&w, 1030000000, 35000, 30000000, &confirmed), CLOCK_SILENT);
	w = looked_before(NULL);
	assert_int_equal(clock_watch_look(&w, 1030000000, 35000, 30000000, NULL), CLOCK_FINE);
	/* The machine slept a minute: the loop's clock stood. */
	w = looked_before(&confirmed);
	assert_int_equal(clock_watch_look(&w, 1061000000, 6000, 30000000, &confirmed), CLOCK_JUMPED);
	w = looked_before(NULL);
	assert_int_equal(clock_watch_look(&w, 1061000000, 6000, 30000000, NULL), CLOCK_JUMPED);
	/* A short nap, and then silence: the wall clock counts. */
	w = looked_before(&confirmed);
	assert_int_equal(clock_watch_look(&w, 1020000000, 6000, 30000000, &confirmed), CLOCK_FINE);
	assert_int_equal(clock_watch_look(&w, 1030000000, 16000, 30000000, &confirmed), CLOCK_SILENT);
	/* Set back by an hour: the sign of life goes with it, and is not in the future. */
	w = looked_before(&confirmed);
	assert_int_equal(clock_watch_look(&w, 1001000000 - 600000000, 6000, 30000000, &confirmed), CLOCK_FINE);
	assert_int_equal(confirmed, 999000000 - 600000000);
	assert_int_equal(clock_watch_look(&w, 1031000000 - 600000000, 36000, 30000000, &confirmed), CLOCK_SILENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_watch),
	};
	return RUN(tests);
}
