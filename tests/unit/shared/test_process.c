/* Whether other processes live. */
#include "shared/base/process.h"

#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static void test_the_living(void **state)
{
	(void)state;
	assert_true(process_is_alive(getpid()));
	assert_true(process_is_alive(getppid()));
	assert_true(process_is_alive(1)); /* somebody else's */
}

static void test_the_dead(void **state)
{
	(void)state;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_false(process_is_alive(child));
}

/* kill(0) and negative numbers are groups, and a wider number must not be cut to one that lives. */
static void test_what_is_not_a_process(void **state)
{
	const int64_t numbers[] = { 0, -1, -getpid(), INT64_MIN, INT64_MAX, ((int64_t)1 << 32) + getpid() };
	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		assert_false(process_is_alive(numbers[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_living),
		cmocka_unit_test(test_the_dead),
		cmocka_unit_test(test_what_is_not_a_process),
	};
	return RUN(tests);
}
