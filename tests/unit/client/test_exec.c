/* `listen --exec`: what its commands get, how many run at once, and how they end. */
#include "client/listening/exec.h"
#include "tests/unit/shared/store_fixture.h"

#include <signal.h>
#include <uv.h>

struct test {
	uv_loop_t loop;
	struct store *store;
	struct exec *exec;
	char trouble[700]; /* the last one */
	int troubles, started, over, failed;
	char file[160];
};

static void on_trouble(void *user, const char *sentence)
{
	struct test *t = user;
	snprintf(t->trouble, sizeof t->trouble, "%s", sentence);
	t->troubles++;
}

static void on_started(void *user, int64_t id)
{
	struct test *t = user;
	(void)id;
	t->started++;
}

static void on_over(void *user, int64_t id, bool fine)
{
	struct test *t = user;
	(void)id;
	t->over++;
	t->failed += !fine;
}

static void begin(struct test *t, const char *command)
{
	static const struct exec_ops ops = { on_trouble, on_started, on_over };
	const struct exec_options options = { .command = command, .db = path, .output = -1, .errors = -1 };
	struct error e;
	bool duplicate;
	memset(t, 0, sizeof *t);
	assert_int_equal(uv_loop_init(&t->loop), 0);
	t->store = open_store();
	for (uint8_t n = 1; n <= 6; n++)
		insert(t->store, n, &duplicate);
	/* The command finds it, wherever the test's folder is. */
	snprintf(t->file, sizeof t->file, "%s/file", folder);
	setenv("CREEL_TEST_FILE", t->file, 1);
	t->exec = exec_new(&t->loop, &options, &ops, t, &e);
	if (!t->exec)
		fail_msg("%s", e.text);
}

static void end(struct test *t)
{
	exec_close(t->exec);
	uv_run(&t->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&t->loop), 0);
	store_close(t->store);
}

static void run_until_idle(struct test *t)
{
	while (exec_busy(t->exec))
		uv_run(&t->loop, UV_RUN_ONCE);
}

static char *read_file(const struct test *t)
{
	static char text[4096];
	FILE *f = fopen(t->file, "r");
	assert_non_null(f);
	size_t len = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[len] = 0;
	return text;
}

static void test_check(void **state)
{
	struct error e;
	(void)state;
	assert_true(exec_check("sh -c 'echo it'", &e));
	assert_true(exec_check("/bin/sh", &e));
	assert_false(exec_check("no-such-program-anywhere", &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_string_equal(e.text, "--exec: there is no program no-such-program-anywhere that can be run");
	assert_false(exec_check("/no/such/program", &e));
	assert_false(exec_check("sh 'never closed", &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_false(exec_check("", &e));
}

static void test_gets_the_delivery(void **state)
{
	struct test t;
	(void)state;
	setenv("CREEL_TOKEN", "s3cret-token", 1);
	begin(&t, "sh -c 'cat >\"$CREEL_TEST_FILE\"; env >>\"$CREEL_TEST_FILE\"'");
	exec_add(t.exec, 2);
	assert_int_equal(exec_busy(t.exec), 1);
	run_until_idle(&t);
	assert_int_equal(t.started, 1);
	assert_int_equal(t.over, 1);
	assert_int_equal(t.failed, 0);
	assert_int_equal(t.troubles, 0);
	const char *text = read_file(&t);
	assert_memory_equal(text, "{\"id\":2,\"event_id\":\"02020202-0202-0202-0202-020202020202\",", 55);
	assert_non_null(strstr(text, "\"request\":{\"headers\":[[\"Host\",\"x\"]"));
	assert_non_null(strstr(text, "}\n")); /* one line */
	assert_non_null(strstr(text, "\nCREEL_ID=2\n"));
	assert_non_null(strstr(text, "\nCREEL_EVENT_ID=02020202-0202-0202-0202-020202020202\n"));
	assert_non_null(strstr(text, "\nCREEL_METHOD=POST\n"));
	assert_non_null(strstr(text, "\nCREEL_TARGET=/hooks?a=1\n"));
	assert_non_null(strstr(text, "\nCREEL_DB=/"));
	assert_null(strstr(text, "s3cret-token"));
	unsetenv("CREEL_TOKEN");
	end(&t);
}

static void expect_failure(const char *command, const char *sentence)
{
	struct test t;
	begin(&t, command);
	exec_add(t.exec, 1);
	run_until_idle(&t);
	assert_int_equal(t.started, 1);
	assert_int_equal(t.over, 1);
	assert_int_equal(t.failed, 1);
	assert_string_equal(t.trouble, sentence);
	end(&t);
}

static void test_fails_by_status(void **state)
{
	(void)state;
	expect_failure("sh -c 'exit 3'", "the command of --exec for delivery 1: it ended with status 3");
}

static void test_fails_by_signal(void **state)
{
	(void)state;
	expect_failure("sh -c 'kill -9 $$'", "the command of --exec for delivery 1: it was ended by signal 9");
}

static void test_cannot_be_started(void **state)
{
	(void)state;
	expect_failure("/no/such/program", "the command of --exec for delivery 1: /no/such/program cannot be started: "
					   "no such file or directory");
}

static void test_delivery_is_gone(void **state)
{
	struct test t;
	(void)state;
	begin(&t, "cat");
	exec_add(t.exec, 99);
	run_until_idle(&t);
	assert_int_equal(t.started, 0);
	assert_int_equal(t.over, 0);
	assert_non_null(strstr(t.trouble, "delivery 99: there is no delivery 99 in "));
	end(&t);
}

static void test_four_at_once(void **state)
{
	struct test t;
	(void)state;
	begin(&t, "sh -c 'until [ -e \"$CREEL_TEST_FILE\" ]; do sleep 0.02; done'");
	for (int64_t id = 1; id <= 6; id++)
		exec_add(t.exec, id);
	assert_int_equal(exec_busy(t.exec), 6);
	while (t.started < 4)
		uv_run(&t.loop, UV_RUN_ONCE);
	uv_run(&t.loop, UV_RUN_NOWAIT);
	assert_int_equal(t.started, 4);
	FILE *f = fopen(t.file, "w");
	assert_non_null(f);
	fclose(f);
	run_until_idle(&t);
	assert_int_equal(t.started, 6);
	assert_int_equal(t.over, 6);
	assert_int_equal(t.failed, 0);
	end(&t);
}

/* What waits is left out, which is said; what runs gets SIGTERM, and no word of its end comes. */
static void test_stop(void **state)
{
	struct test t;
	(void)state;
	begin(&t, "sleep 100");
	for (int64_t id = 1; id <= 6; id++)
		exec_add(t.exec, id);
	while (t.started < 4)
		uv_run(&t.loop, UV_RUN_ONCE);
	exec_stop(t.exec);
	assert_int_equal(t.troubles, 1);
	assert_string_equal(t.trouble, "creel ended before the command of --exec was run for 2 deliveries");
	exec_stop(t.exec);
	exec_add(t.exec, 1);
	assert_int_equal(t.troubles, 1);
	run_until_idle(&t);
	assert_int_equal(t.over, 0);
	end(&t);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN); /* as `creel listen` does: a command need not read */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),      IN_FOLDER(test_gets_the_delivery),
		IN_FOLDER(test_fails_by_status),   IN_FOLDER(test_fails_by_signal),
		IN_FOLDER(test_cannot_be_started), IN_FOLDER(test_delivery_is_gone),
		IN_FOLDER(test_four_at_once),      IN_FOLDER(test_stop),
	};
	return RUN(tests);
}
