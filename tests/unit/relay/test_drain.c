/* What waits in a mailbox is handed out: oldest first, so many at once, and what becomes of those that fail. With a
 * spool on disk; what is sent stays in the link. */
#include "relay/streams/stream.h"
#include "relay/streams/drain.h"
#include "tests/unit/relay/registry_fixture.h"

#include <libwebsockets.h>

#define PATIENCE_MS 60000

/* Stand before libwebsockets': a socket that takes nothing. */
int lws_send_pipe_choked(struct lws *wsi)
{
	(void)wsi;
	return 1;
}

int lws_partial_buffered(struct lws *wsi)
{
	(void)wsi;
	return 1;
}

int lws_callback_on_writable(struct lws *wsi)
{
	(void)wsi;
	return 0;
}

static uv_timer_t ticker; /* wakes WAIT */
static struct connection connection;
static struct client *client;
static size_t read_up_to; /* of what lies in the link */

#define WAIT(condition)                                                                                                \
	do {                                                                                                           \
		for (uint64_t end = uv_hrtime() + PATIENCE_MS * UINT64_C(1000000); !(condition);) {                    \
			if (uv_hrtime() > end)                                                                         \
				fail_msg("not within %d ms: %s", PATIENCE_MS, #condition);                             \
			uv_run(&loop, UV_RUN_ONCE);                                                                    \
		}                                                                                                      \
	} while (0)

static void on_tick(uv_timer_t *t)
{
	(void)t;
}

static int set_up(void **state)
{
	(void)state;
	if (open_registry((struct settings){ .spool_max_bytes = 1u << 20 }) != 0)
		return -1;
	uv_timer_init(&loop, &ticker);
	uv_timer_start(&ticker, on_tick, 20, 20);
	connection = (struct connection){ .relay = &relay };
	connection_carry(&connection, link_new(&loop, NULL, NULL, NULL));
	read_up_to = link_out(connection.link)->len;
	return 0;
}

static int end(void **state)
{
	registry_lost(client, false);
	link_free(connection.link);
	uv_close((uv_handle_t *)&ticker, NULL);
	return tear_down(state);
}

/* The client is online and takes `parallel` at once; what waits is not handed out yet. */
static void join(uint32_t parallel)
{
	struct join j = { .name = "shop", .owner = "", .drain_parallel = parallel };
	bool resumed;
	client = registry_join(relay.registry, &connection, &j, &resumed);
	assert_non_null(client);
	connection.client = client;
	connection.welcomed = true;
}

static void put_done(void *user, const struct error *e)
{
	assert_null(e);
	++*(unsigned *)user;
}

/* Puts deliveries with these event ids into the mailbox. */
static void put(uint32_t first, uint32_t last)
{
	unsigned done = 0;
	struct buffer payloads[64] = { 0 };
	for (uint32_t n = first; n <= last; n++) {
		struct wire_request r = { .method = bytes_of("POST"), .target = bytes_of("/"), .peer = bytes_of("p") };
		struct spool_item item = { .received_at_us = UINT64_C(4000000000000000) };
		bytes_set_u32(r.event_id, n);
		memcpy(item.event_id, r.event_id, UUID_LEN);
		assert_true(wire_encode_request(&payloads[n - first], 0, WIRE_SPOOLED | WIRE_END, &r));
		item.payload = buffer_view(&payloads[n - first]);
		spool_put(relay.registry->table.spool, client->mailbox, &item, put_done, &done);
	}
	WAIT(done == last - first + 1);
	for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++)
		buffer_free(&payloads[i]);
}

/* The next REQUEST that lies in the link: its event's number and its stream; 0 when there is none. */
static uint32_t next_request(uint64_t *stream)
{
	struct buffer *out = link_out(connection.link);
	struct wire_frame f;
	struct wire_request r;
	size_t used;
	while (read_up_to < out->len) {
		assert_int_equal(wire_decode_frame(bytes_make(out->at + read_up_to, out->len - read_up_to), &f, &used),
				 WIRE_OK);
		read_up_to += used;
		if (f.type != WIRE_REQUEST)
			continue;
		assert_true(wire_decode_request(f.payload, &r));
		*stream = f.stream;
		return bytes_get_u32(r.event_id);
	}
	return 0;
}

static uint64_t expect_request(uint32_t n)
{
	uint64_t stream = 0;
	uint32_t got = 0;
	WAIT((got = next_request(&stream)) != 0);
	assert_int_equal(got, n);
	return stream;
}

static void expect_none(void)
{
	uint64_t stream;
	for (int i = 0; i < 5; i++) {
		uv_run(&loop, UV_RUN_ONCE);
		assert_int_equal(next_request(&stream), 0);
	}
}

static struct stream *find(uint64_t id)
{
	struct stream *st;
	HASH_FIND(hh, client->streams, &id, sizeof id, st);
	assert_non_null(st);
	return st;
}

static void record(uint64_t id)
{
	assert_true(stream_on_recorded(find(id)));
}

static void answer(uint64_t id)
{
	struct wire_response r = { .status = 200, .body_len = 0 };
	assert_true(stream_on_response(find(id), &r, true));
}

static uint64_t waiting(void)
{
	return spool_level(relay.registry->table.spool, client->mailbox).count;
}

/* One at once: each after the answer to the one before, as they were put. */
static void test_oldest_first_one_by_one(void **state)
{
	(void)state;
	join(1);
	put(1, 20);
	registry_online(client, false);
	for (uint32_t n = 1; n <= 20; n++) {
		uint64_t id = expect_request(n);
		expect_none();
		record(id);
		answer(id);
	}
	expect_none();
	WAIT(waiting() == 0);
	assert_int_equal(client->drain.in_flight, 0);
	assert_int_equal(client->drain.bytes_out, 0);
}

static struct stream *open_live(void)
{
	struct wire_request r = { .method = bytes_of("POST"), .target = bytes_of("/live"), .peer = bytes_of("p") };
	struct delivery *d = delivery_new(&r, NULL);
	assert_non_null(d);
	struct stream *st = stream_open(client, d, STREAM_OPEN);
	delivery_drop(d);
	assert_non_null(st);
	return st;
}

/* A client that does not say how many gets many while nobody waits for it, and few beside a sender who does. */
static void test_few_beside_a_live_one(void **state)
{
	uint64_t ids[64], live = 0;
	(void)state;
	join(0);
	put(1, 64);
	put(65, 70);
	registry_online(client, false);
	for (uint32_t n = 1; n <= 64; n++)
		ids[n - 1] = expect_request(n);
	expect_none();
	live = open_live()->id;
	for (uint32_t n = 1; n <= 60; n++) {
		record(ids[n - 1]);
		answer(ids[n - 1]);
	}
	expect_none();
	for (uint32_t n = 61; n <= 63; n++) { /* there is room for as many again, and no more */
		record(ids[n - 1]);
		answer(ids[n - 1]);
		ids[n - 1] = expect_request(n + 4);
		expect_none();
	}
	stream_close(find(live));
	record(ids[63]);
	answer(ids[63]);
	for (uint32_t n = 68; n <= 70; n++)
		expect_request(n);
}

/* Four at once, the oldest; whichever is answered first makes way for the next. */
static void test_so_many_at_once(void **state)
{
	(void)state;
	uint64_t ids[5];
	join(4);
	put(1, 6);
	registry_online(client, false);
	for (uint32_t n = 1; n <= 4; n++)
		ids[n] = expect_request(n);
	expect_none();
	record(ids[3]);
	expect_none(); /* recorded, and its app still called */
	answer(ids[3]);
	expect_request(5);
	record(ids[1]);
	answer(ids[1]);
	expect_request(6);
	expect_none();
	WAIT(waiting() == 4);
}

/* What comes while others are handed out waits its turn. */
static void test_later_ones_follow(void **state)
{
	(void)state;
	join(1);
	put(1, 2);
	registry_online(client, false);
	uint64_t id = expect_request(1);
	put(3, 3);
	client->events->put(client);
	for (uint32_t n = 1; n <= 3; n++) {
		record(id);
		answer(id);
		if (n < 3)
			id = expect_request(n + 1);
	}
	WAIT(waiting() == 0);
}

/* The client cannot record: after a pause the oldest comes again, before those after it. */
static void test_again_after_a_pause(void **state)
{
	(void)state;
	join(2);
	put(1, 3);
	registry_online(client, false);
	uint64_t first = expect_request(1), second = expect_request(2);
	uint64_t begun = uv_hrtime();
	stream_on_reset(find(first), WIRE_RESET_STORE);
	stream_on_reset(find(second), WIRE_RESET_STORE);
	assert_int_equal(client->drain.pause_ms, 500); /* what fails together pauses once */
	first = expect_request(1);
	assert_true(uv_hrtime() - begun > UINT64_C(300000000));
	expect_request(2);
	record(first);
	assert_int_equal(client->drain.pause_ms, 0);
	answer(first);
	expect_request(3);
}

/* One that the client cannot open is left out, and comes again when the client does. */
static void test_one_that_is_not_opened(void **state)
{
	(void)state;
	join(1);
	put(1, 2);
	registry_online(client, false);
	stream_on_reset(find(expect_request(1)), WIRE_RESET_PROTOCOL);
	uint64_t id = expect_request(2);
	record(id);
	answer(id);
	expect_none();
	WAIT(waiting() == 1);
	drain_begin(client);
	expect_request(1);
}

/* A client that is away is given nothing, and all of what it had not recorded when it is back. */
static void test_away(void **state)
{
	(void)state;
	join(4);
	put(1, 3);
	registry_online(client, false);
	uint64_t id = expect_request(1);
	expect_request(2);
	expect_request(3);
	record(id);
	registry_lost(client, false);
	assert_int_equal(client->drain.in_flight, 0);
	client->events->put(client);
	expect_none();
	join(4);
	registry_online(client, false);
	expect_request(2);
	expect_request(3);
	expect_none();
}

#define WITH_CLIENT(t) cmocka_unit_test_setup_teardown(t, set_up, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CLIENT(test_oldest_first_one_by_one),
		WITH_CLIENT(test_so_many_at_once),
		WITH_CLIENT(test_few_beside_a_live_one),
		WITH_CLIENT(test_later_ones_follow),
		WITH_CLIENT(test_again_after_a_pause),
		WITH_CLIENT(test_one_that_is_not_opened),
		WITH_CLIENT(test_away),
	};
	return RUN(tests);
}
