/* Commands that work on the store alone, run as main.c runs them: what replay records, and what reaches a terminal. */
#include "client/options/command.h"
#include "shared/query/store_query.h"
#include "shared/store/store.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __APPLE__
#include <util.h>
#else
#include <pty.h>
#endif

struct place {
	char db[200], folder[64];
};

static void add_delivery(struct store *s, uint8_t n, bool https, const char *reason)
{
	struct error e;
	int64_t id = 0;
	bool duplicate;
	struct store_delivery d = { .event_id = { n },
				    .received_at_us = 1795438954000000 + n,
				    .state = DELIVERY_DELIVERED,
				    .https = https,
				    .has_body = true,
				    .tunnel = bytes_of("t"),
				    .method = bytes_of("POST"),
				    .target = bytes_of("/x"),
				    .peer = bytes_of("p"),
				    .provider = bytes_of("stripe"),
				    .headers = bytes_of("Host: a\r\nContent-Length: 0\r\nX-Old: 1\r\n") };
	assert_true(store_batch_ops.begin(s, &e) && store_insert_delivery(s, &d, &id, &duplicate, &e));
	struct store_attempt a = { .delivery_id = id,
				   .result = ATTEMPT_OK,
				   .status = 200,
				   .url = bytes_of("http://localhost:9/x"),
				   .reason = bytes_of(reason),
				   .headers = bytes_of("X: \xc2\x9b"
						       "1m\r\n") };
	assert_true(store_insert_attempt(s, &a, &e) && store_batch_ops.commit(s, &e));
}

static int set_up(void **state)
{
	static struct place place;
	struct place *p = &place;
	struct store *s;
	struct error e = { 0 };
	snprintf(p->folder, sizeof p->folder, "/tmp/creel-commands-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->db, sizeof p->db, "%s/creel.db", p->folder);
	setenv("XDG_CONFIG_HOME", p->folder, 1);
	setenv("PAGER", "cat", 1);
	assert_true(store_open(&s, p->db, STORE_READ_WRITE, &e));
	add_delivery(s, 1, false, "OK");
	add_delivery(s, 2, true, "O\x1b]0;owned\x07K");
	add_delivery(s, 3, false, "OK");
	store_close(s);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	char command[100];
	snprintf(command, sizeof command, "rm -rf %s", p->folder);
	return system(command);
}

#define MAX_ARGS 20

static int run(const struct place *p, const struct command *c, const char *const *args, struct error *e)
{
	char *argv[MAX_ARGS + 4];
	int argc = 0;
	argv[argc++] = strdup(c->name);
	while (*args && argc < MAX_ARGS)
		argv[argc++] = strdup(*args++);
	argv[argc++] = strdup("--db");
	argv[argc++] = strdup(p->db);
	argv[argc] = NULL;
	char *owned[MAX_ARGS + 4];
	memcpy(owned, argv, sizeof owned); /* getopt permutes argv */
	e->text[0] = 0;
	struct program program = { .gate = secret_gate_new() };
	assert_non_null(program.gate);
	int status = command_run(c, argc, argv, &program, e);
	secret_gate_free(program.gate);
	for (int i = 0; i < argc; i++)
		free(owned[i]);
	return status;
}
#define RUN_COMMAND(p, c, e, ...) run(p, c, (const char *const[]){ __VA_ARGS__, NULL }, e)

struct rows {
	struct delivery_row at[40];
	size_t count;
};

static void on_row(void *user, const struct delivery_row *row)
{
	struct rows *rows = user;
	assert_true(rows->count < 40);
	if (row->origin == ORIGIN_REPLAY) {
		assert_true(bytes_equal(row->provider, bytes_of("stripe")));
		assert_true(bytes_equal(row->target, bytes_of("/x")));
	}
	rows->at[rows->count++] = *row; /* its views are not looked at later */
}

static struct rows read_rows(const struct place *p)
{
	struct store *s;
	struct error e;
	struct rows rows = { .count = 0 };
	assert_true(store_open(&s, p->db, STORE_READ_ONLY, &e));
	assert_true(store_list(s, 0, 40, on_row, &rows, &e));
	store_close(s);
	return rows;
}

static void test_replay_usage(void **state)
{
	struct place *p = *state;
	struct error e;
	/* "2 --last" once meant the newest two. */
	assert_int_equal(RUN_COMMAND(p, &command_replay, &e, "2", "--last"), EXIT_USAGE);
	assert_int_equal(RUN_COMMAND(p, &command_replay, &e, "--last", "1", "2"), EXIT_USAGE);
	assert_int_equal(RUN_COMMAND(p, &command_replay, &e, "--last", "0"), EXIT_USAGE);
	assert_int_equal(RUN_COMMAND(p, &command_replay, &e, "--last=1001"), EXIT_USAGE);
	assert_int_equal(RUN_COMMAND(p, &command_replay, &e, "--times", "0", "1"), EXIT_USAGE);
	assert_int_equal(RUN_COMMAND(p, &command_replay, &e, "99"), EXIT_USAGE);
	assert_int_equal(RUN_COMMAND(p, &command_replay, &e, "1", "-H", "no colon"), EXIT_USAGE);
	assert_int_equal(read_rows(p).count, 3);
}

static void expect_last(const struct rows *rows, size_t first, int count, ...)
{
	va_list originals;
	va_start(originals, count);
	assert_int_equal(rows->count, first + (size_t)count);
	for (int i = 0; i < count; i++) {
		assert_int_equal(rows->at[first + (size_t)i].replay_of, va_arg(originals, int));
		assert_int_equal(rows->at[first + (size_t)i].origin, ORIGIN_REPLAY);
		assert_int_equal(rows->at[first + (size_t)i].state, DELIVERY_FAILED);
	}
	va_end(originals);
}

static void test_replay_last(void **state)
{
	struct place *p = *state;
	struct error e;
	struct rows rows;
	/* Nothing listens on port 9; each is recorded all the same. */
	assert_int_equal(RUN_COMMAND(p, &command_replay, &e, "--last", "2", "--wait-for-target", "0"), EXIT_TARGET);
	assert_true(strlen(e.text) > 10);
	rows = read_rows(p);
	expect_last(&rows, 3, 2, 2, 3);
	/* Replays are passed over, and more than there are is no error of its own. */
	assert_int_equal(RUN_COMMAND(p, &command_replay, &e, "--last=7", "--wait-for-target", "0"), EXIT_TARGET);
	rows = read_rows(p);
	expect_last(&rows, 5, 3, 1, 2, 3);
	assert_int_equal(RUN_COMMAND(p, &command_replay, &e, "--wait-for-target", "0", "--last"), EXIT_TARGET);
	rows = read_rows(p);
	expect_last(&rows, 8, 1, 3);
}

static void test_replay_records_what_was_sent(void **state)
{
	struct place *p = *state;
	struct error e;
	struct store *s;
	struct message m;
	bool has_body, https;
	char body[220], path[200];
	snprintf(path, sizeof path, "%s/body", p->folder);
	snprintf(body, sizeof body, "@%s", path);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("four", f);
	fclose(f);
	assert_int_equal(RUN_COMMAND(p, &command_replay, &e, "2", "--wait-for-target", "0"), EXIT_TARGET);
	assert_int_equal(RUN_COMMAND(p, &command_replay, &e, "2", "--wait-for-target", "0", "--body", body, "-H",
				     "X-OLD:", "-H", "host:  b", "-H", "X-New: c"),
			 EXIT_TARGET);
	assert_true(store_open(&s, p->db, STORE_READ_ONLY, &e));
	assert_true(store_get_request(s, 4, &m, &has_body, &https, &e));
	/* An empty body is not no body, and https stays https. */
	assert_true(has_body && https && m.body.len == 0);
	assert_true(bytes_equal(buffer_view(&m.headers), bytes_of("Host: a\r\nContent-Length: 0\r\nX-Old: 1\r\n")));
	store_message_free(&m);
	assert_true(store_get_request(s, 5, &m, &has_body, &https, &e));
	assert_true(bytes_equal(buffer_view(&m.body), bytes_of("four")));
	assert_true(bytes_equal(buffer_view(&m.headers), bytes_of("Content-Length: 4\r\nhost: b\r\nX-New: c\r\n")));
	store_message_free(&m);
	/* The original is as it was. */
	assert_true(store_get_request(s, 2, &m, &has_body, &https, &e));
	assert_true(m.body.len == 0 &&
		    bytes_equal(buffer_view(&m.headers), bytes_of("Host: a\r\nContent-Length: 0\r\nX-Old: 1\r\n")));
	store_message_free(&m);
	store_close(s);
}

/* What a command writes to a terminal of 40 columns. */
static char *on_terminal(const struct place *p, const struct command *c, const char *const *args)
{
	struct winsize size = { .ws_row = 24, .ws_col = 40 };
	struct buffer out = { 0 };
	char piece[4096];
	ssize_t n;
	int fd, status;
	fflush(NULL);
	pid_t pid = forkpty(&fd, NULL, NULL, &size);
	assert_true(pid >= 0);
	if (pid == 0) {
		struct error e;
		int code = run(p, c, args, &e);
		fflush(stdout);
		_exit(code);
	}
	while ((n = read(fd, piece, sizeof piece)) > 0)
		assert_true(buffer_append(&out, piece, (size_t)n));
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(buffer_put_u8(&out, 0));
	return (char *)out.at;
}
#define ON_TERMINAL(p, c, ...) on_terminal(p, c, (const char *const[]){ __VA_ARGS__, NULL })

static void test_terminal(void **state)
{
	struct place *p = *state;
	char *ways[] = { ON_TERMINAL(p, &command_show, "2"), ON_TERMINAL(p, &command_show, "2", "--response", "--raw"),
			 ON_TERMINAL(p, &command_show, "2", "--response", "--headers") };
	for (size_t i = 0; i < 3; i++) {
		if (strchr(ways[i], 0x1b) || strchr(ways[i], 0x07) || strstr(ways[i], "\xc2\x9b"))
			fail_msg("way %zu lets a control character through", i);
		assert_non_null(strstr(ways[i], "<9b>1m"));
		free(ways[i]);
	}
	char *list = ON_TERMINAL(p, &command_list, "-n", "1");
	assert_non_null(strstr(list, "\xe2\x80\xa6\r\n")); /* cut to the width */
	assert_true(strlen(list) == 39 + 3 + 2);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_replay_usage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replay_last, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replay_records_what_was_sent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_terminal, set_up, tear_down),
	};
	return RUN(tests);
}
