/* A sender's connection: every step that its drawing has, with the counts and deadlines that follow it, and that every
 * other ends the process; then what a whole connection comes to whose tunnel nobody has. */
#include "relay/common/throttle.h"
#include "relay/net/trusted.h"
#include "relay/senders/sender.h"
#include "relay/names/router.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static uv_loop_t loop;
static struct relay relay;

/* The drawing of sender.h, as pairs; from each state but the last the connection may also be closed. */
static const struct {
	enum sender_state from, to;
} steps[] = {
	{ SENDER_SNIFF, SENDER_TLS },      { SENDER_SNIFF, SENDER_IDLE },    { SENDER_TLS, SENDER_IDLE },
	{ SENDER_IDLE, SENDER_HEAD },      { SENDER_HEAD, SENDER_BODY },     { SENDER_HEAD, SENDER_ANSWER },
	{ SENDER_BODY, SENDER_WAIT },      { SENDER_BODY, SENDER_ANSWER },   { SENDER_WAIT, SENDER_ANSWER },
	{ SENDER_ANSWER, SENDER_IDLE },    { SENDER_ANSWER, SENDER_LINGER }, { SENDER_ANSWER, SENDER_PASSAGE },
	{ SENDER_PASSAGE, SENDER_LINGER }, { SENDER_HEAD, SENDER_LOOKUP },   { SENDER_LOOKUP, SENDER_HEAD },
	{ SENDER_LOOKUP, SENDER_ANSWER },
};

static bool is_step(enum sender_state from, enum sender_state to)
{
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (steps[i].from == from && steps[i].to == to)
			return true;
	return to == SENDER_CLOSED && from != SENDER_CLOSED;
}

/* ---- a relay of senders alone, and a connection over TCP ---- */

static int set_up(void **state)
{
	static struct throttle_settings unlimited;
	struct error e;
	(void)state;
	if (uv_loop_init(&loop) != 0)
		return -1;
	relay = (struct relay){ .loop = &loop,
				.router = router_new(NULL),
				.throttle = throttle_new(&unlimited),
				.settings = { .max_connections = 8,
					      .max_body = 1000,
					      .header_timeout_ms = 300,
					      .body_timeout_ms = 300,
					      .reply_timeout_ms = 30000 } };
	relay.senders = senders_new(&relay, &e);
	return relay.router && relay.throttle && relay.senders ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	senders_close(relay.senders);
	uv_run(&loop, UV_RUN_DEFAULT);
	senders_free(relay.senders);
	throttle_free(relay.throttle);
	router_free(relay.router);
	return uv_loop_close(&loop) != 0;
}

/* The sender's end; the relay's is the last of the table. */
static int connect_sender(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	int accepted = accept(listener, (struct sockaddr *)&a, &len);
	assert_true(accepted >= 0);
	close(listener);
	senders_accept(relay.senders, accepted, (struct sockaddr *)&a, false);
	return fd;
}

static struct sender *last(void)
{
	return relay.senders->list ? relay.senders->list->prev : NULL;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void on_late(uv_timer_t *t)
{
	*(bool *)t->data = true;
}

/* Runs the loop until there are only so many connections, or for two seconds. */
static bool comes_to(size_t count)
{
	bool late = false;
	uv_timer_t timer;
	uv_timer_init(&loop, &timer);
	timer.data = &late;
	uv_timer_start(&timer, on_late, 2000, 0);
	while (relay.senders->count != count && !late)
		uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	return !late;
}

static bool is_in(enum sender_state state)
{
	for (int i = 0; i < 1000 && last() && last()->state != state; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
	return last() && last()->state == state;
}

/* All that comes until the relay closes; the sender says no more. */
static void read_all(int fd, char *out, size_t size)
{
	size_t len = 0;
	for (int i = 0; i < 3000; i++) {
		ssize_t n = recv(fd, out + len, size - len - 1, MSG_DONTWAIT);
		if (n == 0)
			break;
		if (n > 0)
			len += (size_t)n;
		uv_run(&loop, UV_RUN_NOWAIT);
		if (n < 0)
			usleep(1000);
	}
	out[len] = 0;
}

static void reset(int fd)
{
	struct linger at_once = { .l_onoff = 1 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(fd);
}

/* ---- states ---- */

static struct sender *sender_at(enum sender_state state)
{
	const enum sender_state way[] = { SENDER_TLS,  SENDER_IDLE,   SENDER_HEAD, SENDER_BODY,
					  SENDER_WAIT, SENDER_ANSWER, state };
	close(connect_sender());
	struct sender *s = last();
	if (state == SENDER_LOOKUP) { /* off the way of the others */
		sender_to(s, SENDER_TLS);
		sender_to(s, SENDER_IDLE);
		sender_to(s, SENDER_HEAD);
	}
	for (size_t i = state == SENDER_LOOKUP ? sizeof way / sizeof *way - 1 : 0;
	     s->state != state && i < sizeof way / sizeof *way; i++)
		sender_to(s, way[i]);
	assert_int_equal(s->state, state);
	return s;
}

static void check_place(const struct sender *s)
{
	bool silent = s->state <= SENDER_HEAD;
	bool busy = s->state == SENDER_HEAD || s->state == SENDER_LOOKUP || s->state == SENDER_BODY ||
		    s->state == SENDER_WAIT || s->state == SENDER_ANSWER || s->state == SENDER_PASSAGE;
	bool timed = s->state != SENDER_PASSAGE && s->state != SENDER_CLOSED;
	assert_int_equal(s->silent.address != NULL, silent);
	assert_int_equal(senders_busy(relay.senders), busy);
	assert_int_equal(s->deadline.due != WHEEL_NEVER, timed);
}

static void test_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct sender *s = sender_at(steps[i].from);
		check_place(s);
		sender_to(s, steps[i].to);
		check_place(s);
		sender_close(s);
		sender_close(s); /* no harm */
		assert_int_equal(senders_busy(relay.senders) + senders_connections(relay.senders), 0);
		assert_null(relay.senders->silent.addresses);
		assert_true(comes_to(0));
	}
}

/* Whether the step ends the process by SIGABRT; it is tried in one of its own. */
static bool aborts(enum sender_state from, enum sender_state to)
{
	int status;
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		fclose(stderr);
		struct sender *s = sender_at(from == SENDER_CLOSED ? SENDER_SNIFF : from);
		if (from == SENDER_CLOSED)
			sender_close(s);
		sender_to(s, to);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void test_no_other_step(void **state)
{
	(void)state;
	for (enum sender_state from = 0; from < SENDER_STATES; from++)
		for (enum sender_state to = 0; to < SENDER_STATES; to++)
			if (!is_step(from, to) && !aborts(from, to))
				fail_msg("from %d to %d", from, to);
}

/* ---- whole connections ---- */

#define REQUEST "GET /nobody/x HTTP/1.1\r\nHost: localhost\r\n"

static void test_refused_once(void **state)
{
	char got[2000];
	(void)state;
	int fd = connect_sender();
	say(fd, REQUEST "\r\n" REQUEST "\r\n"); /* the second is dropped: a refusal is the last word */
	read_all(fd, got, sizeof got);
	assert_memory_equal(got, "HTTP/1.1 404 ", 13);
	assert_non_null(strstr(got, "\r\nDate: "));
	assert_non_null(strstr(got, "\r\nConnection: close\r\n"));
	assert_null(strstr(got + 1, "HTTP/1.1"));
	assert_int_equal(relay.metrics.refused[REFUSE_NO_TUNNEL], 1);
	assert_int_equal(relay.metrics.status_class[4], 1);
	close(fd);
	assert_true(comes_to(0));
}

/* Wherever it is cut in two it is the same request. */
static void test_every_split(void **state)
{
	static const char request[] = REQUEST "X-A: \t b \r\n\r\n";
	char got[2000];
	(void)state;
	for (size_t cut = 1; cut < sizeof request - 1; cut++) {
		char first[sizeof request] = { 0 };
		int fd = connect_sender();
		memcpy(first, request, cut);
		say(fd, first);
		for (int i = 0; i < 3; i++)
			uv_run(&loop, UV_RUN_NOWAIT);
		assert_true(last()->state == SENDER_SNIFF || last()->state == SENDER_HEAD);
		say(fd, request + cut);
		read_all(fd, got, sizeof got);
		assert_memory_equal(got, "HTTP/1.1 404 ", 13);
		close(fd);
		assert_true(comes_to(0));
	}
}

/* Both ends of a connection's end are noticed at once, long before a deadline. */
static void test_hang_ups(void **state)
{
	static const struct {
		const char *bytes;
		enum sender_state state;
	} places[] = { { NULL, SENDER_SNIFF },
		       { "PROXY TCP4 ", SENDER_SNIFF },
		       { "GET /_creel/tunnel HTTP/1.1\r\nHost:", SENDER_SNIFF },
		       { REQUEST, SENDER_HEAD },
		       { "GARBAGE\r\n\r\n", SENDER_LINGER },
		       { REQUEST "\r\n", SENDER_LINGER } };
	(void)state;
	relay.settings.header_timeout_ms = 60000;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		for (int how = 0; how < 2; how++) {
			int fd = connect_sender();
			if (places[i].bytes)
				say(fd, places[i].bytes);
			assert_true(is_in(places[i].state));
			if (how == 0)
				reset(fd);
			else
				close(fd);
			if (!comes_to(0))
				fail_msg("place %zu, way %d", i, how);
		}
	}
}

/* Urgent data are an event that reading does not take away. */
static void test_urgent_data(void **state)
{
	(void)state;
	int fd = connect_sender();
	say(fd, REQUEST);
	assert_true(is_in(SENDER_HEAD));
	struct sender *s = last();
	sender_to(s, SENDER_BODY);
	sender_to(s, SENDER_WAIT);
	s->half_closed = true; /* nothing to be read any more */
	sender_go_on_soon(s);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(s->watched, UV_PRIORITIZED);
	assert_int_equal(send(fd, "!", 1, MSG_OOB), 1);
	assert_true(comes_to(0));
	close(fd);
}

static void test_too_slow(void **state)
{
	char got[2000];
	(void)state;
	int fd = connect_sender(), mute = connect_sender();
	say(fd, REQUEST);
	read_all(fd, got, sizeof got);
	assert_memory_equal(got, "HTTP/1.1 408 ", 13);
	close(fd);
	read_all(mute, got, sizeof got);
	assert_string_equal(got, "");
	assert_int_equal(relay.metrics.reached[REACHED_HEADER_TIMEOUT], 2);
	close(mute);
	assert_true(comes_to(0));
}

/* Of one address, the oldest that says nothing goes for the next that comes. */
static void test_full_table(void **state)
{
	int fds[9];
	(void)state;
	relay.settings.header_timeout_ms = 60000;
	for (size_t i = 0; i < 9; i++)
		fds[i] = connect_sender();
	assert_int_equal(relay.senders->count, 8);
	char got[10];
	read_all(fds[0], got, sizeof got);
	say(fds[8], REQUEST);
	assert_true(is_in(SENDER_HEAD));
	for (size_t i = 0; i < 9; i++)
		close(fds[i]);
	assert_true(comes_to(0));
}

int main(void)
{
#define WITH_RELAY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RELAY(test_steps),       WITH_RELAY(test_no_other_step), WITH_RELAY(test_refused_once),
		WITH_RELAY(test_every_split), WITH_RELAY(test_hang_ups),      WITH_RELAY(test_urgent_data),
		WITH_RELAY(test_too_slow),    WITH_RELAY(test_full_table),
	};
	return RUN(tests);
}
