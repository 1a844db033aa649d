/* Three nodes in one process, each with its registry and spool: clients are at one of them and webhooks come to the
 * others. The trunk's messages lie in a list until they are delivered; a client is what its carrier was given, and
 * frames that the test makes. */
#pragma once

#include <unistd.h>
#include <utlist.h>

#include "relay/crossing/crossing_private.h"
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
	bool hangs; /* nothing comes to it, and nothing from it */
};

/* A WebSocket that only this test reads and writes. */
struct laptop {
	struct connection connection;
	struct client *client;
	struct buffer got;
	size_t read;
	uint32_t parallel; /* of what waited, at once */
	bool shut;         /* its window */
	int closed;
	uint8_t key[32];
};

struct message {
	struct message *next;
	struct node *to;
	struct buffer bytes;
};

static uv_loop_t loop;
#define NODES 3

static struct node nodes[NODES];
static struct message *under_way;
static bool deaf; /* messages are lost */

static inline void turn(void)
{
	uv_run(&loop, UV_RUN_NOWAIT);
	while (under_way) {
		struct message *m = under_way;
		LL_DELETE(under_way, m);
		if (!m->to->hangs && m->to->crossing)
			crossing_receive(m->to->crossing, buffer_view(&m->bytes));
		buffer_free(&m->bytes);
		free(m);
	}
}

static inline bool on_publish(void *user, const uint8_t node[RECORD_NODE_ID_LEN], struct bytes bytes)
{
	const struct node *from = user;
	if (deaf || from->hangs)
		return true;
	struct message *m = calloc(1, sizeof *m);
	assert_non_null(m);
	for (size_t i = 0; i < NODES; i++)
		if (memcmp(nodes[i].id, node, sizeof nodes[i].id) == 0)
			m->to = &nodes[i];
	assert_non_null(m->to);
	assert_true(buffer_append_bytes(&m->bytes, bytes));
	LL_APPEND(under_way, m);
	return true;
}

static inline void on_ask(void *user, const char *tunnel)
{
	struct node *n = user;
	assert_string_equal(tunnel, "shop");
	n->asked++;
}

/* Begins, in its folder. */
static inline int begin_node(struct node *n)
{
	static const struct crossing_events events = { on_publish, on_ask };
	struct error e;
	n->relay = (struct relay){ .loop = &loop };
	n->relay.settings.data = n->folder;
	n->relay.settings.spool_max_age_ms = 3600000;
	n->relay.settings.resume_grace_ms = 5000;
	n->relay.settings.record_timeout_ms = 2000;
	n->relay.settings.spool_max_bytes = 1u << 30;
	n->relay.router = router_new(NULL);
	memory_begin(&n->relay.memory, UINT64_C(1) << 40);
	n->relay.registry = registry_new(&n->relay, &e);
	n->crossing = crossing_new(&n->relay, n->id, &events, n);
	return n->relay.registry && n->crossing ? 0 : -1;
}

static inline int open_node(struct node *n, uint8_t id)
{
	*n = (struct node){ .asked = 0 };
	strcpy(n->folder, "/tmp/creel-crossing-XXXXXX");
	memset(n->id, id, sizeof n->id);
	return mkdtemp(n->folder) ? begin_node(n) : -1;
}

static inline int set_up(void **state)
{
	(void)state;
	deaf = false;
	if (uv_loop_init(&loop) != 0)
		return -1;
	for (uint8_t i = 0; i < NODES; i++)
		if (open_node(&nodes[i], i + 1) != 0)
			return -1;
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	int failed = 0;
	turn();
	for (size_t i = 0; i < NODES; i++) {
		crossing_close(nodes[i].crossing);
		registry_close(nodes[i].relay.registry, NULL, NULL);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < NODES; i++) {
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

static inline struct buffer *out(void *end)
{
	return &((struct laptop *)end)->got;
}

static inline void flush_soon(void *end)
{
	(void)end;
}

static inline bool may_send_body(const void *end)
{
	return !((const struct laptop *)end)->shut;
}

static inline bool is_full(const void *end)
{
	(void)end;
	return false;
}

static inline void count_body(void *end, size_t len)
{
	(void)end;
	(void)len;
}

static inline void close_laptop(void *end, int status, const char *reason)
{
	(void)reason;
	((struct laptop *)end)->closed = status;
}

static const struct carrier_ops ops = { out,     flush_soon, flush_soon, may_send_body,
					is_full, count_body, count_body, close_laptop };

static inline struct laptop *laptop_new(uint8_t key)
{
	struct laptop *l = calloc(1, sizeof *l);
	assert_non_null(l);
	memset(l->key, key, sizeof l->key);
	return l;
}

static inline void laptop_free(struct laptop *l)
{
	buffer_free(&l->got);
	free(l);
}

/* Connects; `nonce` of the WELCOME before, or 0. Returns whether its streams live on. */
static inline bool connect_to(struct laptop *l, struct node *n, uint32_t options, uint8_t nonce)
{
	uint8_t shown[WIRE_NONCE_LEN];
	bool resumed;
	memset(shown, nonce, sizeof shown);
	struct join j = { .name = "shop",
			  .owner = "",
			  .key = bytes_make(l->key, sizeof l->key),
			  .nonce = nonce ? bytes_make(shown, sizeof shown) : bytes_of(NULL),
			  .options = options,
			  .features = WIRE_FEATURES,
			  .drain_parallel = l->parallel };
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

static inline void disconnect(struct laptop *l, bool grace)
{
	struct client *c = l->client;
	l->client = NULL;
	registry_lost(c, grace);
}

/* The next frame that it got, of those that are not WINDOW. False: none yet. */
static inline bool next_frame(struct laptop *l, struct wire_frame *f)
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

static inline struct wire_frame expect_frame(struct laptop *l, enum wire_type type)
{
	struct wire_frame f = { 0 };
	WAIT(next_frame(l, &f));
	assert_int_equal(f.type, type);
	return f;
}

static inline void expect_nothing(struct laptop *l)
{
	struct wire_frame f;
	for (int i = 0; i < 10; i++)
		turn();
	assert_false(next_frame(l, &f));
}

/* It says something; the frame is taken from `b`. */
static inline void say(struct laptop *l, struct buffer *b)
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

static inline void record(struct laptop *l, uint64_t stream, uint32_t event)
{
	struct buffer b = { 0 };
	uint8_t id[UUID_LEN] = { 0 };
	bytes_set_u32(id, event);
	assert_true(wire_encode_event_id(&b, WIRE_RECORDED, stream, id));
	say(l, &b);
	buffer_free(&b);
}

static inline void answer(struct laptop *l, uint64_t stream, uint16_t status, const char *body, bool end)
{
	struct buffer b = { 0 };
	struct wire_response r = { .status = status, .body_len = WIRE_UNKNOWN_LENGTH, .body = bytes_of(body) };
	assert_true(wire_encode_response(&b, stream, end ? WIRE_END : 0, &r));
	say(l, &b);
	buffer_free(&b);
}

/* ---- senders, and the directory ---- */

static inline void on_wake(struct delivery *d)
{
	(void)d;
}

/* A webhook comes to the node. */
static inline struct delivery *send_to(struct node *n, uint32_t event, const char *method, size_t body)
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

static inline void forget(struct delivery *d)
{
	delivery_leave_sender(d);
}

static struct record_tunnel directory;

static inline void write_record(const struct laptop *l, const struct node *at, uint32_t options)
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

static inline void empty_directory(void)
{
	memset(&directory, 0, sizeof directory);
}

static inline uint32_t event_of(const struct wire_frame *f)
{
	return bytes_get_u32(f->payload.at);
}

/* The laptop is at the first node, and the second knows. */
static inline struct laptop *laptop_at_first(uint32_t options)
{
	struct laptop *l = laptop_new(9);
	connect_to(l, &nodes[0], options, 0);
	empty_directory();
	write_record(l, &nodes[0], options);
	crossing_learn(nodes[1].crossing, "shop", &directory);
	return l;
}

static inline struct client *at_second(void)
{
	return tunnel_find(&nodes[1].relay.registry->table, "shop")->clients;
}
