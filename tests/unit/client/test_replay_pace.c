/* When replays are due, and the numbers people write. */
#include "client/replay/replay_pace.h"
#include "tests/unit/unit.h"

static void test_numbers(void **state)
{
	static const char *const good[] = { "1", "2x", "0.5", ".25", "1000000", "1e3" };
	static const double values[] = { 1, 2, 0.5, 0.25, 1e6, 1000 };
	static const char *const bad[] = { "",    "0",  "-1",  "+1",   "x",  "nan", "inf",
					   "1e9", "2y", "2xx", "0x10", " 1", "1 " };
	struct error e;
	double value;
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (!replay_pace_number("--rate", good[i], &value, &e))
			fail_msg("%s", e.text);
		assert_true(value == values[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (replay_pace_number("--rate", bad[i], &value, &e))
			fail_msg("taken: '%s'", bad[i]);
		assert_int_equal(e.code, EXIT_USAGE);
		assert_non_null(strstr(e.text, "--rate takes a number above 0"));
	}
}

static void test_due(void **state)
{
	static const uint64_t at[] = { 5000000, 5000000, 5250000, 6000000, 5900000 };
	struct replay_pace p = { .parallel = -1 };
	(void)state;
	assert_int_equal(replay_pace_due_ms(&p, 1000, at), 0);
	assert_int_equal(replay_pace_parallel(&p), 1);
	p.rate = 3;
	assert_int_equal(replay_pace_due_ms(&p, 0, at), 0);
	assert_int_equal(replay_pace_due_ms(&p, 1, at), 334); /* never early */
	assert_int_equal(replay_pace_due_ms(&p, 300, at), 100000);
	assert_int_equal(replay_pace_parallel(&p), REPLAY_PARALLEL_PACED);
	p.parallel = 2;
	assert_int_equal(replay_pace_parallel(&p), 2);
	p = (struct replay_pace){ .parallel = -1, .speed = 2 };
	assert_int_equal(replay_pace_due_ms(&p, 1, at), 0);
	assert_int_equal(replay_pace_due_ms(&p, 2, at), 125);
	assert_int_equal(replay_pace_due_ms(&p, 3, at), 500);
	p.speed = 1e-6;
	static const uint64_t far[] = { 0, UINT64_MAX };
	assert_int_equal(replay_pace_due_ms(&p, 1, far), 9000000000000000u);
	assert_int_equal(replay_pace_parallel(&p), REPLAY_PARALLEL_PACED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_due),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
