/* Ctrl-C and SIGTERM set a flag while work is under way, and do what they did before when it is over. */
#include "shared/program/interrupt.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t others;

static void on_other(int number)
{
	(void)number;
	others++;
}

static void test_flag_and_handlers(void **state)
{
	const int numbers[] = { SIGINT, SIGTERM };
	(void)state;
	signal(SIGINT, on_other);
	signal(SIGTERM, on_other);
	for (int i = 0; i < 2; i++) {
		struct interrupt before;
		interrupt_begin(&before);
		assert_false(interrupt_came()); /* the one before does not count */
		raise(numbers[i]);
		assert_true(interrupt_came());
		interrupt_end(&before);
		assert_true(interrupt_came()); /* its status is still asked for */
		assert_int_equal(others, i);
		raise(numbers[i]);
		assert_int_equal(others, i + 1);
	}
}

/* Whoever waits for input is to end by it. */
static void test_a_call_that_waits_ends(void **state)
{
	struct interrupt before;
	int ends[2];
	char byte;
	(void)state;
	assert_int_equal(pipe(ends), 0);
	interrupt_begin(&before);
	pid_t parent = getpid(), child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		/* Again until it waits: one that comes before the read is only a flag. */
		for (;;) {
			usleep(1000);
			if (kill(parent, SIGINT) != 0 || getppid() != parent)
				_exit(0);
		}
	}
	ssize_t n = read(ends[0], &byte, 1);
	int code = errno;
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	interrupt_end(&before);
	assert_int_equal(n, -1);
	assert_int_equal(code, EINTR);
	assert_true(interrupt_came());
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flag_and_handlers),
		cmocka_unit_test(test_a_call_that_waits_ends),
	};
	return RUN(tests);
}
