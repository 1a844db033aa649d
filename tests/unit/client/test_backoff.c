/* How long the client waits before it connects again. */
#include "client/watch/backoff.h"
#include "tests/unit/unit.h"

static void test_backoff(void **state)
{
	struct backoff b = { 0 };
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		uint64_t most = i < 6 ? 250u << i : 15000, wait = backoff_next_ms(&b);
		if (wait < most / 2 || wait > most)
			fail_msg("wait %u is %llu ms", i, (unsigned long long)wait);
	}
	backoff_connected(&b, 100);
	uint64_t soon = backoff_next_ms(&b);
	assert_true(soon >= 500 && soon <= 1000);
	backoff_connected(&b, 20000);
	assert_true(backoff_next_ms(&b) <= 250);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backoff),
	};
	return RUN(tests);
}
