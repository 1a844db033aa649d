/* Whether other processes live. */
#include "shared/base/process.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/base/clock.h"
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

static pid_t start(const char *program)
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		execlp(program, program, "60", (char *)NULL);
		_exit(1);
	}
	/* Until then it has this program's name. */
	char path[40], name[20] = "";
	snprintf(path, sizeof path, "/proc/%ld/comm", (long)child);
	while (strncmp(name, program, strlen(program)) != 0) {
		FILE *f = fopen(path, "r");
		assert_non_null(f);
		assert_non_null(fgets(name, sizeof name, f));
		fclose(f);
	}
	return child;
}

static void test_a_number_that_another_program_got(void **state)
{
	(void)state;
	if (access("/proc/self/comm", R_OK) != 0)
		skip();
	uint64_t now = clock_now_us(), minute = 60000000;
	pid_t child = start("sleep");
	assert_true(process_is_alive(child));
	assert_true(process_is_alive_since(child, now));
	assert_false(process_is_alive_since(child, now - minute));
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_false(process_is_alive_since(child, now));
	/* A clock that was set forward does not end a client. */
	assert_true(process_is_alive_since(getpid(), 0));
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
		cmocka_unit_test(test_a_number_that_another_program_got),
		cmocka_unit_test(test_what_is_not_a_process),
	};
	return RUN(tests);
}
