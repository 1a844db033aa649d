/* Two nodes in one process, each with its registry and spool: clients are at one of them and webhooks come to the
 * other. The trunk's messages lie in a list until they are delivered; a client is what its carrier was given, and
 * frames that the test makes. */
#include <unistd.h>
#include <utlist.h>

#include "relay/crossing/crossing.h"
#include "relay/registry/registry.h"
#include "relay/streams/delivery_streams.h"
#include "relay/streams/stream.h"
#include "relay/tunnels/connection.h"
#include "shared/base/clock.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS 10000
#define WAIT(condition)                                                                                                \
	do {                                                                                                           \
		for (uint64_t end = uv_hrtime() + PATIENCE_MS * UINT64_C(1000000); !(condition); turn())               \
			if (uv_hrtime() > end)                                                                         \
				fail_msg("not within %d ms: %s", PATIENCE_MS, #condition);                             \
	} while (0)

struct node {
	struct relay relay;
	char folder[64];
	uint8_t id[RECORD_NODE_ID_LEN];
	struct crossing *crossing;
	unsigned asked;
};

/* A WebSocket that only this test reads and writes. */
struct laptop {
	struct connection connection;
	struct client *client;
	struct buffer got;
	size_t read;
	bool shut; /* its window */
	int closed;
	uint8_t key[32];
};

struct message {
	struct message *next;
	struct node *to;
	struct buffer bytes;
};

static uv_loop_t loop;
static struct node nodes[2];
static struct message *under_way;
static bool deaf; /* messages are lost */

static void turn(void)
{
	uv_run(&loop, UV_RUN_NOWAIT);
	while (under_way) {
		struct message *m = under_way;
		LL_DELETE(under_way, m);
		crossing_receive(m->to->crossing, buffer_view(&m->bytes));
		buffer_free(&m->bytes);
		free(m);
	}
}

static bool on_publish(void *user, const uint8_t node[RECORD_NODE_ID_LEN], struct bytes bytes)
{
	(void)user;
	if (deaf)
		return true;
	struct message *m = calloc(1, sizeof *m);
	assert_non_null(m);
	m->to = memcmp(nodes[0].id, node, sizeof nodes[0].id) == 0 ? &nodes[0] : &nodes[1];
	assert_true(buffer_append_bytes(&m->bytes, bytes));
	LL_APPEND(under_way, m);
	return true;
}

static void on_ask(void *user, const char *tunnel)
{
	struct node *n = user;
	assert_string_equal(tunnel, "shop");
	n->asked++;
}

static int open_node(struct node *n, uint8_t id)
{
	static const struct crossing_events events = { on_publish, on_ask };
	struct error e;
	*n = (struct node){ .relay = { .loop = &loop } };
	strcpy(n->folder, "/tmp/creel-crossing-XXXXXX");
	if (!mkdtemp(n->folder))
		return -1;
	n->relay.settings.data = n->folder;
	n->relay.settings.spool_max_age_ms = 3600000;
	n->relay.settings.resume_grace_ms = 5000;
	n->relay.settings.record_timeout_ms = 2000;
	n->relay.settings.spool_max_bytes = 1u << 30;
	n->relay.router = router_new(NULL);
	memory_begin(&n->relay.memory, UINT64_C(1) << 40);
	n->relay.registry = registry_new(&n->relay, &e);
	memset(n->id, id, sizeof n->id);
	n->crossing = crossing_new(&n->relay, n->id, &events, n);
	return n->relay.registry && n->crossing ? 0 : -1;
}

static int set_up(void **state)
{
	(void)state;
	deaf = false;
	return uv_loop_init(&loop) != 0 || open_node(&nodes[0], 1) != 0 || open_node(&nodes[1], 2) != 0;
}

static int tear_down(void **state)
{
	(void)state;
	int failed = 0;
	turn();
	for (size_t i = 0; i < 2; i++) {
		crossing_close(nodes[i].crossing);
		registry_close(nodes[i].relay.registry, NULL, NULL);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < 2; i++) {
		char path[80];
		registry_free(nodes[i].relay.registry);
		router_free(nodes[i].relay.router);
		snprintf(path, sizeof path, "%s/spool.db", nodes[i].folder);
		failed |= unlink(path) != 0 || rmdir(nodes[i].folder) != 0;
	}
	while (under_way) {
		struct message *m = under_way;
		LL_DELETE(under_way, m);
		buffer_free(&m->bytes);
		free(m);
	}
	return failed || uv_loop_close(&loop) != 0;
}

/* ---- the client's end ---- */

static struct buffer *out(void *end)
{
	return &((struct laptop *)end)->got;
}

static void flush_soon(void *end)
{
	(void)end;
}

static bool may_send_body(const void *end)
{
	return !((const struct laptop *)end)->shut;
}

static bool is_full(const void *end)
{
	(void)end;
	return false;
}

static void count_body(void *end, size_t len)
{
	(void)end;
	(void)len;
}

static void close_laptop(void *end, int status, const char *reason)
{
	(void)reason;
	((struct laptop *)end)->closed = status;
}

static const struct carrier_ops ops = { out, flush_soon, may_send_body, is_full, count_body, count_body, close_laptop };

static struct laptop *laptop_new(uint8_t key)
{
	struct laptop *l = calloc(1, sizeof *l);
	assert_non_null(l);
	memset(l->key, key, sizeof l->key);
	return l;
}

static void laptop_free(struct laptop *l)
{
	buffer_free(&l->got);
	free(l);
}

/* Connects; `nonce` of the WELCOME before, or 0. Returns whether its streams live on. */
static bool connect_to(struct laptop *l, struct node *n, uint32_t options, uint8_t nonce)
{
	uint8_t shown[WIRE_NONCE_LEN];
	bool resumed;
	memset(shown, nonce, sizeof shown);
	struct join j = { .name = "shop",
			  .owner = "",
			  .key = bytes_make(l->key, sizeof l->key),
			  .nonce = nonce ? bytes_make(shown, sizeof shown) : bytes_of(NULL),
			  .options = options,
			  .features = WIRE_FEATURES };
	l->connection = (struct connection){ .relay = &n->relay };
	l->connection.carrier = (struct carrier){ &ops, l };
	l->client = registry_join(n->relay.registry, &l->connection, &j, &resumed);
	assert_non_null(l->client);
	l->connection.client = l->client;
	l->connection.welcomed = true;
	memset(l->client->nonce, 7, sizeof l->client->nonce);
	l->client->has_nonce = true;
	registry_online(l->client, resumed);
	return resumed;
}

static void disconnect(struct laptop *l, bool grace)
{
	struct client *c = l->client;
	l->client = NULL;
	registry_lost(c, grace);
}

/* The next frame that it got, of those that are not WINDOW. False: none yet. */
static bool next_frame(struct laptop *l, struct wire_frame *f)
{
	size_t used;
	while (l->read < l->got.len) {
		assert_int_equal(wire_decode_frame(bytes_make(l->got.at + l->read, l->got.len - l->read), f, &used),
				 WIRE_OK);
		l->read += used;
		if (f->type != WIRE_WINDOW)
			return true;
	}
	return false;
}

static struct wire_frame expect_frame(struct laptop *l, enum wire_type type)
{
	struct wire_frame f = { 0 };
	WAIT(next_frame(l, &f));
	assert_int_equal(f.type, type);
	return f;
}

static void expect_nothing(struct laptop *l)
{
	struct wire_frame f;
	for (int i = 0; i < 10; i++)
		turn();
	assert_false(next_frame(l, &f));
}

/* It says something; the frame is taken from `b`. */
static void say(struct laptop *l, struct buffer *b)
{
	struct wire_frame f;
	size_t used;
	const char *fault;
	assert_int_equal(wire_decode_frame(buffer_view(b), &f, &used), WIRE_OK);
	if (!crossing_take_frame(l->client, &f, &fault))
		fault = stream_take_frame(l->client, &f);
	assert_null(fault);
	b->len = 0;
}

static void record(struct laptop *l, uint64_t stream, uint32_t event)
{
	struct buffer b = { 0 };
	uint8_t id[UUID_LEN] = { 0 };
	bytes_set_u32(id, event);
	assert_true(wire_encode_event_id(&b, WIRE_RECORDED, stream, id));
	say(l, &b);
	buffer_free(&b);
}

static void answer(struct laptop *l, uint64_t stream, uint16_t status, const char *body, bool end)
{
	struct buffer b = { 0 };
	struct wire_response r = { .status = status, .body_len = WIRE_UNKNOWN_LENGTH, .body = bytes_of(body) };
	assert_true(wire_encode_response(&b, stream, end ? WIRE_END : 0, &r));
	say(l, &b);
	buffer_free(&b);
}

/* ---- senders, and the directory ---- */

static void on_wake(struct delivery *d)
{
	(void)d;
}

/* A webhook comes to the node. */
static struct delivery *send_to(struct node *n, uint32_t event, const char *method, size_t body)
{
	struct wire_request r = { .method = bytes_of(method),
				  .target = bytes_of("/hook"),
				  .peer = bytes_of("p"),
				  .body_len = body,
				  .received_at_us = clock_now_us(),
				  .has_body = true };
	bytes_set_u32(r.event_id, event);
	struct delivery *d = delivery_new(&r, n->folder);
	assert_non_null(d);
	d->wake = on_wake;
	char *bytes = calloc(1, body + 1);
	assert_non_null(bytes);
	memset(bytes, 'x', body);
	struct tunnel *t = tunnel_find(&n->relay.registry->table, "shop");
	assert_non_null(t);
	assert_int_equal(registry_dispatch(t, d), REFUSE_NOTHING);
	assert_true(spill_append(&d->body, bytes, body));
	free(bytes);
	delivery_body_ends(d);
	delivery_pump(d);
	delivery_settle(d);
	return d;
}

static void forget(struct delivery *d)
{
	delivery_leave_sender(d);
}

static struct record_tunnel directory;

static void write_record(const struct laptop *l, const struct node *at, uint32_t options)
{
	struct record_client *c = &directory.clients[directory.client_count++];
	memset(c, 0, sizeof *c);
	memcpy(c->key, l->key, sizeof c->key);
	c->key_len = sizeof c->key;
	c->options = options;
	c->features = WIRE_FEATURES;
	memcpy(c->node, at->id, sizeof c->node);
	c->generation = record_last_generation(&directory) + 1;
}

static void empty_directory(void)
{
	memset(&directory, 0, sizeof directory);
}

static uint32_t event_of(const struct wire_frame *f)
{
	return bytes_get_u32(f->payload.at);
}

/* The laptop is at the first node, and the second knows. */
static struct laptop *laptop_at_first(uint32_t options)
{
	struct laptop *l = laptop_new(9);
	connect_to(l, &nodes[0], options, 0);
	empty_directory();
	write_record(l, &nodes[0], options);
	crossing_learn(nodes[1].crossing, "shop", &directory);
	return l;
}

static struct client *at_second(void)
{
	return tunnel_find(&nodes[1].relay.registry->table, "shop")->clients;
}

/* ---- the tests ---- */

static void test_there_and_back(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0);
	/* Before that node has said that the client is there. */
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3), *local;
	struct wire_frame f = expect_frame(l, WIRE_REQUEST);
	assert_int_equal(f.stream, 1);
	assert_int_equal(event_of(&f), 1);
	/* Numbers are the connection's, whichever node's the stream is. */
	local = send_to(&nodes[0], 2, "GET", 0);
	f = expect_frame(l, WIRE_REQUEST);
	assert_int_equal(f.stream, 2);
	struct delivery *second = send_to(&nodes[1], 3, "GET", 0);
	f = expect_frame(l, WIRE_REQUEST);
	assert_int_equal(f.stream, 3);
	record(l, 3, 3);
	answer(l, 3, 203, "three", true);
	record(l, 1, 1);
	answer(l, 1, 201, "one", true);
	record(l, 2, 2);
	answer(l, 2, 202, "two", true);
	WAIT(d->phase == PHASE_DONE && second->phase == PHASE_DONE && local->phase == PHASE_DONE);
	assert_int_equal(d->answer.status, 201);
	assert_true(bytes_equal(buffer_view(&d->answer_body), bytes_of("one")));
	assert_int_equal(second->answer.status, 203);
	assert_int_equal(local->answer.status, 202);
	uint64_t done = 0;
	for (int i = 0; i < 3; i++)
		done |= UINT64_C(1) << expect_frame(l, WIRE_DONE).stream;
	assert_int_equal(done, 14);
	assert_null(l->client->crossed);
	forget(d);
	forget(second);
	forget(local);
	disconnect(l, false);
	WAIT(!at_second()->line);
	assert_false(client_is_here(at_second()));
	laptop_free(l);
}

static void test_resumed_at_the_same_node(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0);
	struct delivery *open = send_to(&nodes[1], 1, "POST", 3), *recorded = send_to(&nodes[1], 2, "POST", 3),
			*answering = send_to(&nodes[1], 3, "POST", 3);
	for (int i = 0; i < 3; i++)
		expect_frame(l, WIRE_REQUEST);
	record(l, 2, 2);
	record(l, 3, 3);
	answer(l, 3, 200, "begun", false);
	WAIT(answering->answer_body.len == 5);
	disconnect(l, true);
	WAIT(!client_carrier(at_second()));
	assert_true(at_second()->in_grace);
	struct delivery *meanwhile = send_to(&nodes[1], 4, "POST", 3);
	assert_true(connect_to(l, &nodes[0], 0, 7));
	directory.clients[0].generation++; /* the directory may be the first to say so */
	crossing_learn(nodes[1].crossing, "shop", &directory);
	for (uint64_t i = 1; i <= 3; i++) {
		struct wire_resume v;
		struct wire_frame f = expect_frame(l, WIRE_RESUME);
		assert_int_equal(f.stream, i);
		assert_true(wire_decode_resume(f.payload, &v));
		assert_int_equal(bytes_get_u32(v.event_id), i);
		assert_int_equal(v.recorded, i > 1);
		assert_int_equal(v.head, i == 3);
		assert_int_equal(v.body_seen, i == 3 ? 5 : 0);
	}
	assert_int_equal(expect_frame(l, WIRE_RESUME).stream, 0);
	/* What is not recorded comes again, by its number; what came meanwhile is new. */
	struct wire_frame f = expect_frame(l, WIRE_REQUEST);
	assert_int_equal(f.stream, 1);
	assert_int_equal(event_of(&f), 1);
	f = expect_frame(l, WIRE_REQUEST);
	assert_int_equal(f.stream, 4);
	assert_int_equal(event_of(&f), 4);
	struct buffer b = { 0 };
	assert_true(wire_encode_data(&b, 3, WIRE_END, bytes_of(" and over")));
	say(l, &b);
	buffer_free(&b);
	answer(l, 2, 200, "two", true);
	record(l, 1, 1);
	answer(l, 1, 200, "one", true);
	record(l, 4, 4);
	answer(l, 4, 200, "four", true);
	WAIT(open->phase == PHASE_DONE && recorded->phase == PHASE_DONE && answering->phase == PHASE_DONE &&
	     meanwhile->phase == PHASE_DONE);
	assert_true(bytes_equal(buffer_view(&answering->answer_body), bytes_of("begun and over")));
	forget(open);
	forget(recorded);
	forget(answering);
	forget(meanwhile);
	disconnect(l, false);
	laptop_free(l);
}

static void test_back_without_its_streams(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0);
	struct delivery *open = send_to(&nodes[1], 1, "POST", 3), *recorded = send_to(&nodes[1], 2, "POST", 3);
	expect_frame(l, WIRE_REQUEST);
	expect_frame(l, WIRE_REQUEST);
	record(l, 2, 2);
	turn();
	turn();
	disconnect(l, true);
	assert_false(connect_to(l, &nodes[0], 0, 0));
	struct wire_frame f = expect_frame(l, WIRE_REQUEST);
	assert_int_equal(f.stream, 1); /* the numbers begin again */
	assert_int_equal(event_of(&f), 1);
	WAIT(recorded->phase == PHASE_ACCEPTED);
	record(l, 1, 1);
	answer(l, 1, 200, "one", true);
	WAIT(open->phase == PHASE_DONE);
	forget(open);
	forget(recorded);
	disconnect(l, false);
	laptop_free(l);
}

/* Over the grace: 202 from the node that took it; it is handed out when the client is back, from there. */
static void test_out_of_the_mailbox_of_another_node(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0);
	WAIT(client_carrier(at_second()));
	disconnect(l, false);
	WAIT(!client_carrier(at_second()));
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3);
	WAIT(d->phase == PHASE_ACCEPTED);
	forget(d);
	connect_to(l, &nodes[0], 0, 0);
	empty_directory();
	write_record(l, &nodes[0], 0);
	crossing_learn(nodes[1].crossing, "shop", &directory);
	uint64_t stream = expect_frame(l, WIRE_SEALED).stream;
	record(l, stream, 1);
	answer(l, stream, 200, NULL, true);
	expect_frame(l, WIRE_DONE);
	WAIT(spool_level(nodes[1].relay.registry->table.spool, at_second()->mailbox).count == 0);
	disconnect(l, false);
	laptop_free(l);
}

static size_t waiting_at_first(const struct laptop *l)
{
	return l->got.len - l->read;
}

static void test_a_client_that_does_not_read(void **state)
{
	(void)state;
	struct laptop *slow = laptop_at_first(WIRE_OPTION_SHARE), *quick = laptop_new(10);
	connect_to(quick, &nodes[0], WIRE_OPTION_SHARE, 0);
	write_record(quick, &nodes[0], WIRE_OPTION_SHARE);
	crossing_learn(nodes[1].crossing, "shop", &directory);
	WAIT(at_second()->remote && at_second()->next && at_second()->next->remote);
	slow->shut = true;
	struct delivery *all[40];
	for (uint32_t i = 0; i < 40; i++)
		all[i] = send_to(&nodes[1], i + 1, "POST", 200000);
	/* The other gets all of it, and of the slow one's no more is under way than its credit. */
	struct wire_frame f;
	size_t ends = 0;
	WAIT((next_frame(quick, &f) ? ends += f.flags & WIRE_END : 0, ends == 40));
	assert_int_equal(waiting_at_first(slow), 0);
	unsigned unsent = 0;
	for (uint32_t i = 0; i < 40; i++)
		for (const struct stream *st = all[i]->streams; st; st = st->sibling)
			unsent += st->out == STREAM_UNSENT;
	assert_true(unsent >= 40 - 8);
	slow->shut = false;
	crossing_pump(slow->client);
	ends = 0;
	WAIT((next_frame(slow, &f) ? ends += f.flags & WIRE_END : 0, ends == 40));
	for (uint32_t i = 0; i < 40; i++)
		forget(all[i]);
	disconnect(slow, false);
	disconnect(quick, false);
	laptop_free(slow);
	laptop_free(quick);
}

/* One at each node: each gets its copy, and the first answer wins. */
static void test_shared_over_nodes(void **state)
{
	(void)state;
	struct laptop *far = laptop_at_first(WIRE_OPTION_SHARE), *near = laptop_new(10);
	connect_to(near, &nodes[1], WIRE_OPTION_SHARE, 0);
	WAIT(at_second() && client_is_here(at_second()) && at_second()->next && at_second()->next->remote);
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3);
	uint64_t at_far = expect_frame(far, WIRE_REQUEST).stream, at_near = expect_frame(near, WIRE_REQUEST).stream;
	record(near, at_near, 1);
	record(far, at_far, 1);
	answer(far, at_far, 299, "far", true);
	WAIT(d->phase == PHASE_DONE);
	answer(near, at_near, 200, "near", true);
	assert_int_equal(d->answer.status, 299);
	expect_frame(far, WIRE_DONE);
	expect_frame(near, WIRE_DONE);
	forget(d);
	disconnect(far, false);
	disconnect(near, false);
	laptop_free(far);
	laptop_free(near);
}

/* It comes to the node that took the webhook: the stream goes on there, as a new one. */
static void test_the_client_comes_here(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0), *again = laptop_new(9);
	struct delivery *open = send_to(&nodes[1], 1, "POST", 3), *recorded = send_to(&nodes[1], 2, "POST", 3);
	expect_frame(l, WIRE_REQUEST);
	expect_frame(l, WIRE_REQUEST);
	record(l, 2, 2);
	WAIT(recorded->safe);
	assert_false(connect_to(again, &nodes[1], 0, 7));
	assert_null(again->client->line);
	struct wire_frame f = expect_frame(again, WIRE_REQUEST);
	assert_int_equal(event_of(&f), 1);
	WAIT(recorded->phase == PHASE_ACCEPTED);
	record(again, f.stream, 1);
	answer(again, f.stream, 200, "one", true);
	WAIT(open->phase == PHASE_DONE);
	WAIT(!l->client->guests); /* the other node has heard that it need not hold the streams */
	expect_frame(l, WIRE_RESET);
	forget(open);
	forget(recorded);
	disconnect(again, false);
	disconnect(l, false);
	laptop_free(l);
	laptop_free(again);
}

/* It had not recorded one in time, and that is not handed out to it again: until it is elsewhere, where it may not have
 * it. */
static void test_late_before_it_came_here(void **state)
{
	(void)state;
	nodes[1].relay.settings.record_timeout_ms = 1;
	struct laptop *l = laptop_at_first(0), *again = laptop_new(9);
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3);
	expect_frame(l, WIRE_REQUEST);
	WAIT((delivery_on_record_timeout(d), d->phase == PHASE_ACCEPTED));
	forget(d);
	expect_nothing(l);
	connect_to(again, &nodes[1], 0, 0);
	uint64_t stream = expect_frame(again, WIRE_SEALED).stream;
	record(again, stream, 1);
	answer(again, stream, 200, NULL, true);
	expect_frame(again, WIRE_DONE);
	disconnect(again, false);
	disconnect(l, false);
	laptop_free(l);
	laptop_free(again);
}

/* Nothing comes any more: the client's node is gone, or cut off. */
static void test_silence(void **state)
{
	(void)state;
	nodes[1].relay.settings.resume_grace_ms = 20000;
	struct laptop *l = laptop_at_first(0);
	struct delivery *open = send_to(&nodes[1], 1, "POST", 3);
	expect_frame(l, WIRE_REQUEST);
	deaf = true;
	WAIT(nodes[1].asked > 0);
	assert_false(at_second()->line);
	assert_true(at_second()->in_grace);
	/* Three seconds of the grace had passed before it was noticed. */
	assert_true(at_second()->grace_end <= uv_now(&loop) + 17000);
	WAIT(!l->client->guests);
	expect_frame(l, WIRE_RESET);
	deaf = false;
	crossing_learn(nodes[1].crossing, "shop", &directory);
	struct wire_frame f = expect_frame(l, WIRE_REQUEST);
	assert_int_equal(f.stream, 2);
	assert_int_equal(event_of(&f), 1);
	record(l, 2, 1);
	answer(l, 2, 200, "one", true);
	WAIT(open->phase == PHASE_DONE);
	forget(open);
	disconnect(l, false);
	laptop_free(l);
}

/* The directory says that it is somewhere else than it is. */
static void test_it_is_not_there(void **state)
{
	(void)state;
	struct laptop *l = laptop_new(9);
	empty_directory();
	write_record(l, &nodes[0], 0);
	crossing_learn(nodes[1].crossing, "shop", &directory);
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3);
	WAIT(nodes[1].asked > 0);
	assert_null(at_second()->line);
	WAIT(d->phase == PHASE_ACCEPTED); /* once the grace is over */
	forget(d);
	laptop_free(l);
}

static void test_a_sender_that_hangs_up(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0);
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3);
	expect_frame(l, WIRE_REQUEST);
	forget(d);
	assert_int_equal(expect_frame(l, WIRE_RESET).stream, 1);
	assert_null(l->client->crossed);
	record(l, 1, 1); /* they crossed */
	answer(l, 1, 200, "one", true);
	expect_nothing(l);
	disconnect(l, false);
	laptop_free(l);
}

static void test_a_client_that_breaks_the_rules(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0);
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3);
	expect_frame(l, WIRE_REQUEST);
	answer(l, 1, 200, "not recorded", true);
	WAIT(l->closed == 1002);
	disconnect(l, false);
	WAIT(d->phase == PHASE_ACCEPTED);
	forget(d);
	laptop_free(l);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_there_and_back),
		CASE(test_resumed_at_the_same_node),
		CASE(test_back_without_its_streams),
		CASE(test_out_of_the_mailbox_of_another_node),
		CASE(test_a_client_that_does_not_read),
		CASE(test_shared_over_nodes),
		CASE(test_the_client_comes_here),
		CASE(test_late_before_it_came_here),
		CASE(test_silence),
		CASE(test_it_is_not_there),
		CASE(test_a_sender_that_hangs_up),
		CASE(test_a_client_that_breaks_the_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
