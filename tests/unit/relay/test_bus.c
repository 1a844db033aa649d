/* The bus with NATS servers of its own on loopback, which are stopped and killed. Skipped where there is no
 * nats-server. */
#ifdef CREEL_NATS
#include "relay/bus/bus_private.h"
#endif
#include "tests/unit/relay/broker.h"

/* ---- a bus that notes what it is told ---- */

struct node {
	struct bus *bus;
	int connected, away, lost, messages;
	enum bus_away why;
	char server[300], last[64];
	size_t bytes;
	uint64_t listener; /* of the last message */
	bool closed;
};

static void on_connected(void *user, const char *server)
{
	struct node *n = user;
	n->connected++;
	snprintf(n->server, sizeof n->server, "%s", server);
}

static void on_away(void *user, enum bus_away why, const char *server, const char *text)
{
	struct node *n = user;
	(void)server;
	assert_true(*text);
	n->away++;
	n->lost += why == BUS_LOST;
	n->why = why;
}

static void on_message(void *user, const struct bus_message *m)
{
	struct node *n = user;
	n->messages++;
	n->bytes += m->data.len;
	n->listener = m->listener;
	snprintf(n->last, sizeof n->last, "%.*s", (int)m->data.len, (const char *)m->data.at);
	if (m->reply)
		assert_true(bus_publish(n->bus, &(struct bus_post){ .subject = m->reply, .data = bytes_of("pong") }));
}

static const struct bus_events events = { on_connected, on_away, on_message };

static struct bus_settings listening(size_t count)
{
	struct bus_settings s = settings_for(count);
	s.subjects[s.subject_count++] = "creel.n.one";
	return s;
}

static void begin(struct node *n, const struct bus_settings *s)
{
	struct error e;
	*n = (struct node){ 0 };
	n->bus = bus_new(&loop, s, &events, n, &e);
	assert_non_null(n->bus);
}

static void on_bus_closed(void *user)
{
	((struct node *)user)->closed = true;
}

static void finish(struct node *n)
{
	bus_close(n->bus, on_bus_closed, n);
	WAIT(n->closed);
}

struct answer {
	int count;
	enum bus_outcome outcome;
	char text[256];
};

static void on_answer(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	struct answer *a = user;
	a->count++;
	a->outcome = outcome;
	assert_true((m != NULL) == (outcome == BUS_ANSWERED));
	if (m)
		snprintf(a->text, sizeof a->text, "%.*s", (int)m->data.len, (const char *)m->data.at);
}

static struct answer ask(struct node *n, struct bus_post p, uint64_t timeout_ms)
{
	struct answer a = { 0 };
	assert_true(bus_request(n->bus, &p, timeout_ms, on_answer, &a));
	assert_int_equal(a.count, 0);
	WAIT(a.count);
	assert_int_equal(a.count, 1);
	return a;
}

/* ---- tests ---- */

static void test_messages_and_answers(void **state)
{
	(void)state;
	struct node one, two;
	struct bus_post hello = { .subject = "creel.n.one", .data = bytes_of("hello") };
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	struct bus_settings s = listening(1), other = settings_for(1);
	other.subject_count = 0;
	begin(&one, &s);
	assert_false(bus_publish(one.bus, &hello)); /* not connected yet: it is not kept for later */
	begin(&two, &other);
	WAIT(one.connected && two.connected);
	assert_true(bus_is_connected(one.bus));
	assert_true(bus_publish(two.bus, &hello));
	WAIT(one.messages == 1);
	assert_string_equal(one.last, "hello");
	assert_int_equal(two.messages, 0);
	struct answer a = ask(&two, hello, LONG_MS);
	assert_int_equal(a.outcome, BUS_ANSWERED);
	assert_string_equal(a.text, "pong");
	a = ask(&two, (struct bus_post){ .subject = "creel.n.nobody" }, LONG_MS);
	assert_int_equal(a.outcome, BUS_NOBODY);
	assert_false(bus_publish(two.bus, &(struct bus_post){ .subject = "" }));
	finish(&one);
	finish(&two);
}

/* What comes is known by the number it was listened for under, the same subject under two numbers too; until it is
 * ignored, or the connection ends. Numbers without end come and go. */
static void test_listening_for_a_while(void **state)
{
	struct node one;
	const struct bus_post post = { .subject = "creel.kv.a", .data = bytes_of("x") },
			      own = { .subject = "creel.n.one" };
	(void)state;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	struct bus_settings s = listening(1);
	begin(&one, &s);
	assert_false(bus_listen(one.bus, post.subject, 1)); /* not connected yet */
	WAIT(one.connected);
	for (uint64_t number = 1; number <= 3 * BUS_LISTENERS_MOST; number++) {
		const int before = one.messages;
		assert_true(bus_listen(one.bus, post.subject, number));
		assert_true(bus_publish(one.bus, &post));
		WAIT(one.messages == before + 1);
		assert_int_equal(one.listener, number);
		bus_ignore(one.bus, number);
		bus_ignore(one.bus, number);
	}
	const int before = one.messages;
	assert_true(bus_publish(one.bus, &post) && bus_publish(one.bus, &own));
	WAIT(one.messages > before);
	assert_int_equal(one.messages, before + 1);
	assert_int_equal(one.listener, 0);
	assert_true(bus_listen(one.bus, post.subject, 7) && bus_listen(one.bus, post.subject, 8));
	assert_true(bus_publish(one.bus, &post) && bus_publish(one.bus, &own));
	WAIT(one.messages == before + 4);
	end_broker(&brokers[0]);
	WAIT(one.lost);
	start_broker(&brokers[0], "");
	WAIT(one.connected == 2);
	assert_true(bus_publish(one.bus, &post) && bus_publish(one.bus, &own));
	WAIT(one.messages == before + 5 && one.listener == 0);
	finish(&one);
}

static bool answer_has(struct node *n, struct bus_post p, const char *part)
{
	struct answer a = ask(n, p, LONG_MS);
	return a.outcome == BUS_ANSWERED && strstr(a.text, part);
}

/* JetStream by its plain requests: a bucket, and writes that hold only on the revision that was read. */
static void test_compare_and_swap(void **state)
{
	(void)state;
	struct node one;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	struct bus_settings s = listening(1);
	begin(&one, &s);
	WAIT(one.connected);
	struct bus_post bucket = {
		.subject = "$JS.API.STREAM.CREATE.KV_CREEL",
		.data = bytes_of("{\"name\":\"KV_CREEL\",\"subjects\":[\"$KV.CREEL.>\"],\"max_msgs_per_subject\":1,"
				 "\"discard\":\"new\",\"allow_rollup_hdrs\":true,\"deny_delete\":true}"),
	};
	for (int i = 0; i < 200 && !answer_has(&one, bucket, "\"did_create\":true"); i++)
		;
	struct bus_post put = { .subject = "$KV.CREEL.tunnel.shop",
				.data = bytes_of("a"),
				.header = "Nats-Expected-Last-Subject-Sequence",
				.header_value = "0" };
	assert_true(answer_has(&one, put, "\"seq\":1"));
	assert_true(answer_has(&one, put, "wrong last sequence"));
	put.header_value = "1";
	assert_true(answer_has(&one, put, "\"seq\":2"));
	finish(&one);
}

/* A server that hangs holds up nobody here: the loop goes on, and the bus goes to the next. */
static void test_a_server_that_hangs(void **state)
{
	(void)state;
	struct node one;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	start_broker(&brokers[1], "");
	struct bus_settings s = listening(2);
	begin(&one, &s);
	WAIT(one.connected);
	char first[300];
	strcpy(first, one.server);
	struct broker *in_use = &brokers[atoi(strrchr(first, ':') + 1) == brokers[1].port];
	stop_broker(in_use);
	struct answer a = { 0 };
	assert_true(bus_request(one.bus, &(struct bus_post){ .subject = "creel.n.one" }, LONG_MS, on_answer, &a));
	WAIT(one.connected == 2 && a.count);
	assert_int_equal(a.outcome, BUS_GONE);
	assert_int_equal(one.lost, 1);
	assert_string_not_equal(one.server, first);
	kill(in_use->pid, SIGCONT);
	/* And by decision, where the server answers pings and nothing else. */
	bus_move_on(one.bus);
	WAIT(one.connected == 3);
	assert_string_equal(one.server, first);
	finish(&one);
}

/* A message between two that sit at one server passes no other. */
static void test_nodes_meet_at_one_server(void **state)
{
	(void)state;
	struct node nodes[4];
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	start_broker(&brokers[1], "");
	struct bus_settings s = listening(2);
	for (size_t i = 0; i < 4; i++) {
		begin(&nodes[i], &s);
		WAIT(nodes[i].connected);
		assert_int_equal(atoi(strrchr(nodes[i].server, ':') + 1), brokers[0].port);
	}
	end_broker(&brokers[0]);
	for (size_t i = 0; i < 4; i++) {
		WAIT(nodes[i].connected == 2);
		assert_int_equal(atoi(strrchr(nodes[i].server, ':') + 1), brokers[1].port);
	}
	for (size_t i = 0; i < 4; i++)
		finish(&nodes[i]);
}

#define MIB (1u << 20)
#define PIECE (MIB / 4)

static bool send_piece(struct node *n, bool bulk)
{
	static const uint8_t piece[PIECE];
	return bus_publish(
	    n->bus,
	    &(struct bus_post){ .subject = "creel.n.one", .data = bytes_make(piece, sizeof piece), .bulk = bulk });
}

/* How much waits to be sent, and to be taken. */
static size_t queued(struct node *n, bool came)
{
#ifdef CREEL_NATS
	pthread_mutex_lock(&n->bus->lock);
	size_t size = came ? n->bus->came_size : n->bus->jobs_size;
	pthread_mutex_unlock(&n->bus->lock);
	return size;
#else
	(void)n;
	return came;
#endif
}

/* Whether the last message that came, and is to be taken, has this length. */
static bool has_come(struct node *n, int len)
{
#ifdef CREEL_NATS
	pthread_mutex_lock(&n->bus->lock);
	const struct bus_news *v = (const void *)n->bus->came_last; /* `next` is its first */
	bool found = n->bus->came && v->kind == BUS_NEWS_MESSAGE && natsMsg_GetDataLength(v->msg) == len;
	pthread_mutex_unlock(&n->bus->lock);
	return found;
#else
	(void)len;
	return n;
#endif
}

/* What is to be sent: full, it takes no more and waits for nobody; what may not be late has room of its own. */
static void test_what_waits_to_be_sent_is_bounded(void **state)
{
	(void)state;
	struct node one;
	size_t taken = 0;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	struct bus_settings s = listening(1);
	begin(&one, &s);
	WAIT(one.connected);
	stop_broker(&brokers[0]);
	while (send_piece(&one, true))
		taken += PIECE;
	assert_true(queued(&one, false) <= BUS_QUEUE_BYTES - BUS_SPARED_BYTES);
	assert_true(taken > BUS_QUEUE_BYTES - BUS_SPARED_BYTES - MIB);
	assert_true(send_piece(&one, false));
	while (send_piece(&one, false))
		assert_true(queued(&one, false) <= BUS_QUEUE_BYTES);
	/* The server is given up, and what waited is dropped, as is said to those that wait for answers. */
	kill(brokers[0].pid, SIGCONT);
	WAIT(queued(&one, false) == 0);
	finish(&one);
}

/* What came: while the loop stands still as much is kept as may be, and the rest is dropped. */
static void test_what_came_is_bounded(void **state)
{
	(void)state;
	struct node one, two;
	struct bus_post after = { .subject = "creel.n.one", .data = bytes_of("after") };
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	struct bus_settings s = listening(1), other = settings_for(1);
	begin(&one, &s);
	begin(&two, &other);
	WAIT(one.connected && two.connected);
	const uint64_t end = uv_hrtime() + LONG_MS * UINT64_C(1000000);
	for (size_t sent = 0; sent < BUS_QUEUE_BYTES + 8 * MIB;) {
		assert_true(uv_hrtime() < end);
		if (send_piece(&two, false))
			sent += PIECE;
		else
			usleep(1000);
	}
	/* It is small enough for what is left of the room, and comes last. */
	assert_true(bus_publish(two.bus, &after));
	while (!has_come(&one, 5)) {
		assert_true(uv_hrtime() < end);
		usleep(1000);
	}
	assert_true(queued(&one, true) <= BUS_QUEUE_BYTES);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_in_range(one.bytes, BUS_QUEUE_BYTES - 2 * PIECE, BUS_QUEUE_BYTES);
	assert_string_equal(one.last, "after");
	/* Later ones come again. */
	const size_t before = one.bytes;
	assert_true(send_piece(&two, false));
	WAIT(one.bytes == before + PIECE);
	finish(&one);
	finish(&two);
}

static void test_a_server_that_dies(void **state)
{
	(void)state;
	struct node one;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	struct bus_settings s = listening(1);
	begin(&one, &s);
	WAIT(one.connected);
	end_broker(&brokers[0]);
	WAIT(one.away > 1);
	assert_int_equal(one.why, BUS_UNREACHABLE);
	assert_false(bus_is_connected(one.bus));
	start_broker(&brokers[0], "");
	WAIT(one.connected == 2);
	/* What it listened to is listened to again. */
	assert_true(bus_publish(one.bus, &(struct bus_post){ .subject = "creel.n.one", .data = bytes_of("back") }));
	WAIT(one.messages == 1);
	finish(&one);
}

static void test_credentials(void **state)
{
	(void)state;
	struct node one;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "authorization { user: creel, password: right }");
	struct bus_settings s = listening(1);
	begin(&one, &s);
	WAIT(one.away);
	assert_int_equal(one.why, BUS_REFUSED);
	finish(&one);
	s.credentials = (struct bus_credentials){ BUS_CREDENTIALS_PASSWORD, "creel", "right" };
	begin(&one, &s);
	WAIT(one.connected);
	finish(&one);
	s.credentials = (struct bus_credentials){ BUS_CREDENTIALS_PASSWORD, "creel", "wrong" };
	begin(&one, &s);
	WAIT(one.away);
	assert_int_equal(one.why, BUS_REFUSED);
	finish(&one);
}

/* The certificate has to be of the server's name, and of the CA that was given. */
static void test_tls(void **state)
{
	(void)state;
	struct node one;
	char command[640], config[256], ca[100], path[100];
	if (!is_installed())
		skip();
	for (int i = 0; i < 2; i++) {
		snprintf(command, sizeof command,
			 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=nats "
			 "-addext subjectAltName=%s -keyout %s/key-%d -out %s/cert-%d 2>/dev/null",
			 i == 0 ? "IP:127.0.0.1" : "DNS:elsewhere.example", folder, i, folder, i);
		assert_int_equal(system(command), 0);
		snprintf(config, sizeof config, "tls { cert_file: \"%s/cert-%d\", key_file: \"%s/key-%d\" }", folder, i,
			 folder, i);
		start_broker(&brokers[i], config);
	}
	struct bus_settings s = listening(1);
	s.servers.at[0].tls = true;
	snprintf(ca, sizeof ca, "%s/cert-0", folder);
	s.ca = ca;
	begin(&one, &s);
	WAIT(one.connected);
	finish(&one);
	s.ca = NULL; /* not the system's */
	begin(&one, &s);
	WAIT(one.away);
	assert_int_equal(one.why, BUS_UNTRUSTED);
	finish(&one);
	snprintf(path, sizeof path, "%s/cert-1", folder);
	s.ca = path;
	s.servers.at[0].port = (uint16_t)brokers[1].port; /* another's name */
	begin(&one, &s);
	WAIT(one.away);
	assert_int_equal(one.why, BUS_UNTRUSTED);
	finish(&one);
}

/* An end while nobody answers waits for nobody. */
static void test_an_end_without_a_server(void **state)
{
	(void)state;
	struct node one;
	struct bus_settings s = listening(1);
	if (!is_installed())
		skip();
	s.servers.at[0].port = 1;
	begin(&one, &s);
	WAIT(one.away);
	assert_int_equal(one.why, BUS_UNREACHABLE);
	finish(&one);
	assert_int_equal(one.connected, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_messages_and_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_listening_for_a_while, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_compare_and_swap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_server_that_hangs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nodes_meet_at_one_server, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_waits_to_be_sent_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_came_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_server_that_dies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_credentials, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_end_without_a_server, set_up, tear_down),
	};
	return RUN(tests);
}
