/* The inspector put together over a store, on a terminal of its own: what it needs, makes, shows and gives back. */
#include "client/inspect/inspector.h"
#include "tests/unit/shared/store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

struct test {
	uv_loop_t loop;
	uv_timer_t deadline;
	struct store *store;
	struct inspector *inspector;
	struct inspector_options options;
	int terminal;              /* the other side of it */
	int was_input, was_output; /* what it stands in for */
	struct buffer screen;      /* all that was drawn */
	bool closed;
	int ended, over;
	enum tui_end how;
};

static const struct forward_options forward = { .timeout_ms = 2000, .host_header = "rewrite" };

static void on_ended(void *user, enum tui_end how)
{
	struct test *t = user;
	t->ended++;
	t->how = how;
}

static void on_closed(void *user)
{
	((struct test *)user)->closed = true;
}

static void on_over(void *user, const struct replay_progress *p)
{
	struct test *t = user;
	(void)p;
	t->over++;
}

static void stop_the_test(uv_timer_t *timer)
{
	struct test *t = timer->data;
	dup2(t->was_output, STDOUT_FILENO);
	fprintf(stderr, "seen: %.*s\n", (int)t->screen.len, (const char *)t->screen.at);
	fail_msg("the inspector does not go on");
}

/* Standard input and output become a terminal of 100 columns. */
static void open_terminal(struct test *t)
{
	struct winsize size = { .ws_row = 30, .ws_col = 100 };
	t->terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(t->terminal >= 0 && grantpt(t->terminal) == 0 && unlockpt(t->terminal) == 0);
	int own = open(ptsname(t->terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(own >= 0);
	assert_int_equal(ioctl(own, TIOCSWINSZ, &size), 0);
	fcntl(t->terminal, F_SETFL, O_NONBLOCK);
	fflush(stdout);
	t->was_input = dup(STDIN_FILENO);
	t->was_output = dup(STDOUT_FILENO);
	dup2(own, STDIN_FILENO);
	dup2(own, STDOUT_FILENO);
	close(own);
	setenv("TERM", "xterm-256color", 1);
}

static void close_terminal(struct test *t)
{
	fflush(stdout);
	dup2(t->was_input, STDIN_FILENO);
	dup2(t->was_output, STDOUT_FILENO);
	close(t->was_input);
	close(t->was_output);
	close(t->terminal);
	buffer_free(&t->screen);
}

static void begin(struct test *t)
{
	bool duplicate;
	memset(t, 0, sizeof *t);
	setenv("XDG_STATE_HOME", folder, 1);
	setenv("XDG_CONFIG_HOME", folder, 1);
	assert_int_equal(uv_loop_init(&t->loop), 0);
	uv_timer_init(&t->loop, &t->deadline);
	t->deadline.data = t;
	uv_timer_start(&t->deadline, stop_the_test, 60000, 0);
	t->store = open_store();
	insert(t->store, 1, &duplicate);
	t->options = (struct inspector_options){
		.db = path, .color = "never", .forward = &forward, .ended = on_ended, .user = t
	};
	open_terminal(t);
}

static void end(struct test *t)
{
	close_terminal(t);
	uv_close((uv_handle_t *)&t->deadline, NULL);
	uv_run(&t->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&t->loop), 0);
	store_close(t->store);
}

static void start(struct test *t)
{
	struct error e;
	t->inspector = inspector_start(&t->loop, &t->options, &e);
	if (t->inspector)
		return;
	close_terminal(t);
	fail_msg("%s", e.text);
}

/* A turn of the loop, and what it drew. */
static void turn(struct test *t)
{
	char piece[4096];
	ssize_t n;
	uv_run(&t->loop, UV_RUN_NOWAIT);
	uv_sleep(2);
	while ((n = read(t->terminal, piece, sizeof piece)) > 0)
		assert_true(buffer_append(&t->screen, piece, (size_t)n));
}

static void wait_for(struct test *t, const char *text)
{
	while (!t->screen.len || !memmem(t->screen.at, t->screen.len, text, strlen(text)))
		turn(t);
}

static void type(struct test *t, const char *keys)
{
	assert_int_equal(write(t->terminal, keys, strlen(keys)), strlen(keys));
}

static void close_it(struct test *t)
{
	inspector_close(t->inspector, on_closed, t);
	while (!t->closed)
		turn(t);
}

static void test_shows_and_ends(void **state)
{
	struct test t;
	struct stat st;
	char made[100];
	(void)state;
	begin(&t);
	start(&t);
	wait_for(&t, "/hooks?a=1");
	assert_false(inspector_away(t.inspector));
	snprintf(made, sizeof made, "%s/creel", folder);
	assert_int_equal(stat(made, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	inspector_event(t.inspector, "a word of the client");
	wait_for(&t, "a word of the client");
	type(&t, "q");
	while (!t.ended)
		turn(&t);
	assert_int_equal(t.how, TUI_QUIT);
	close_it(&t);
	assert_int_equal(t.ended, 1);
	end(&t);
}

/* A row that is recorded while it is open is shown. */
static void test_follows(void **state)
{
	struct test t;
	struct error e;
	int64_t id;
	bool duplicate;
	(void)state;
	begin(&t);
	start(&t);
	wait_for(&t, "/hooks?a=1");
	struct store_delivery d = sample(2);
	d.target = bytes_of("/one-that-came-later");
	assert_true(store_batch_ops.begin(t.store, &e));
	assert_true(store_insert_delivery(t.store, &d, &id, &duplicate, &e));
	assert_true(store_batch_ops.commit(t.store, &e));
	wait_for(&t, "/one-that-came-later");
	close_it(&t);
	assert_int_equal(t.ended, 0); /* nobody left it */
	end(&t);
}

/* Left without a replay under way: nothing is waited for. */
static void test_leave(void **state)
{
	struct test t;
	(void)state;
	begin(&t);
	start(&t);
	wait_for(&t, "/hooks?a=1");
	struct replay_progress going = inspector_leave(t.inspector, on_over, on_closed, &t);
	assert_int_equal(going.total, 0);
	while (!t.closed)
		turn(&t);
	assert_int_equal(t.over, 0);
	end(&t);
}

static void test_needs_a_terminal(void **state)
{
	struct test t;
	struct error e = { 0 };
	(void)state;
	begin(&t);
	assert_true(inspector_has_terminal());
	setenv("TERM", "dumb", 1);
	assert_false(inspector_has_terminal());
	unsetenv("TERM");
	assert_false(inspector_has_terminal());
	setenv("TERM", "xterm-256color", 1);
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(nowhere, STDIN_FILENO);
	close(nowhere);
	assert_false(inspector_has_terminal());
	assert_null(inspector_start(&t.loop, &t.options, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	end(&t); /* the loop closes what was begun */
}

static void test_needs_a_store(void **state)
{
	struct test t;
	struct error e = { 0 };
	char nothing[160];
	(void)state;
	begin(&t);
	snprintf(nothing, sizeof nothing, "%s/nothing.db", folder);
	t.options.db = nothing;
	assert_null(inspector_start(&t.loop, &t.options, &e));
	assert_int_equal(e.code, EXIT_STORE);
	assert_non_null(strstr(e.text, "nothing.db"));
	end(&t);
}

/* Where no state can be kept it is shown all the same. */
static void test_without_state(void **state)
{
	struct test t;
	(void)state;
	begin(&t);
	setenv("XDG_STATE_HOME", "/dev/null", 1);
	start(&t);
	wait_for(&t, "/hooks?a=1");
	close_it(&t);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_FOLDER(test_shows_and_ends), IN_FOLDER(test_follows),
					    IN_FOLDER(test_leave),          IN_FOLDER(test_needs_a_terminal),
					    IN_FOLDER(test_needs_a_store),  IN_FOLDER(test_without_state) };
	return RUN(tests);
}
