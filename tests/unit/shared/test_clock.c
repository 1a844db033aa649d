/* The two clocks: units, and that the steady one never goes back. */
#include "shared/base/clock.h"

#include <time.h>

#include "tests/unit/unit.h"

static void test_the_wall_clock_counts_from_1970(void **state)
{
	(void)state;
	time_t before = time(NULL);
	uint64_t now_us = clock_now_us();
	time_t after = time(NULL);
	/* time() may lag by a tick. */
	assert_in_range(now_us, (uint64_t)before * 1000000, ((uint64_t)after + 2) * 1000000);
}

static void test_the_steady_clock_never_goes_back(void **state)
{
	(void)state;
	uint64_t last = clock_steady_us();
	for (int i = 0; i < 10000; i++) {
		uint64_t now = clock_steady_us();
		assert_true(now >= last);
		last = now;
	}
}

static void test_units(void **state)
{
	(void)state;
	uint64_t before_us = clock_steady_us();
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	uint64_t ms = clock_steady_ms(), after_us = clock_steady_us();
	assert_in_range(ms, before_us / 1000 + 2, after_us / 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_wall_clock_counts_from_1970),
		cmocka_unit_test(test_the_steady_clock_never_goes_back),
		cmocka_unit_test(test_units),
	};
	return RUN(tests);
}
