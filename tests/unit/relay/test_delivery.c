/* The state machine of one delivery at the relay, and of its stream to a client that is not connected: nothing is sent.
 */
#include "relay/tunnels/connection.h"
#include "relay/streams/delivery_streams.h"
#include "relay/streams/drain.h"
#include "relay/registry/registry.h"
#include "relay/streams/stream.h"
#include "shared/base/clock.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <unistd.h>

static int wakes;
static struct relay relay;
static struct tunnel_table table = { .relay = &relay };
static struct tunnel tunnel = { .table = &table, .name = "shop" };
static struct client client = { .tunnel = &tunnel, .options = WIRE_OPTION_OFFLINE_FAIL };

static void count_wake(struct delivery *d)
{
	(void)d;
	wakes++;
}

static struct delivery *make_with(const char *verb)
{
	char method[8], target[] = "/a%2Fb", peer[] = "192.0.2.1:5", headers[] = "Host: a\r\n", prefix[] = "/shop";
	snprintf(method, sizeof method, "%s", verb);
	struct wire_request request = { .method = bytes_of(method),
					.target = bytes_of(target),
					.peer = bytes_of(peer),
					.headers = bytes_of(headers),
					.prefix = bytes_of(prefix) };
	struct delivery *d = delivery_new(&request, NULL);
	assert_non_null(d);
	d->wake = count_wake;
	/* The caller's bytes may go: the delivery has its own. */
	memset(method, 'x', sizeof method);
	memset(target, 'x', sizeof target - 1);
	memset(headers, 'x', sizeof headers - 1);
	wakes = 0;
	return d;
}

static struct delivery *make(void)
{
	return make_with("POST");
}

static struct stream *open_whole(struct delivery *d)
{
	struct stream *st = stream_open(&client, d, STREAM_OPEN);
	assert_non_null(st);
	d->phase = PHASE_WHOLE;
	d->body_whole = true;
	st->out = STREAM_SENT;
	return st;
}

static struct stream *open_recorded(struct delivery *d)
{
	struct stream *st = open_whole(d);
	assert_true(stream_on_recorded(st));
	assert_true(d->safe);
	return st;
}

static struct wire_response answer(const char *body)
{
	return (struct wire_response){
		.status = 201, .body_len = WIRE_UNKNOWN_LENGTH, .headers = bytes_of("A: b\r\n"), .body = bytes_of(body)
	};
}

static void finish(struct delivery *d)
{
	delivery_leave_sender(d);
	assert_null(client.streams);
	assert_int_equal(client.spooling, 0);
}

static void test_copies(void **state)
{
	struct delivery *d = make();
	(void)state;
	assert_true(bytes_equal(d->request.method, bytes_of("POST")));
	assert_true(bytes_equal(d->request.target, bytes_of("/a%2Fb")));
	assert_true(bytes_equal(d->request.prefix, bytes_of("/shop")));
	assert_true(bytes_equal(d->request.headers, bytes_of("Host: a\r\n")));
	assert_true(bytes_equal(d->request.peer, bytes_of("192.0.2.1:5")));
	finish(d);
}

static void test_answer_in_pieces(void **state)
{
	struct delivery *d = make();
	struct stream *st = open_recorded(d);
	struct wire_response r = answer("one ");
	(void)state;
	assert_true(stream_on_response(st, &r, false));
	assert_int_equal(d->phase, PHASE_ANSWERING);
	assert_true(bytes_equal(d->answer.headers, bytes_of("A: b\r\n")));
	assert_true(stream_on_data(st, bytes_of("two"), false));
	assert_int_equal(st->body_seen, 7);
	assert_true(stream_on_data(st, bytes_of(""), true));
	assert_int_equal(d->phase, PHASE_DONE);
	assert_true(bytes_equal(buffer_view(&d->answer_body), bytes_of("one two")));
	assert_int_equal(wakes, 3);
	assert_null(client.streams);            /* the stream is over */
	delivery_refuse(d, REFUSE_CLIENT_LOST); /* too late: the answer began */
	assert_int_equal(d->phase, PHASE_DONE);
	finish(d);
}

static void test_order_is_kept(void **state)
{
	struct delivery *d = make();
	struct stream *st = stream_open(&client, d, STREAM_OPEN);
	struct wire_response r = answer("");
	(void)state;
	assert_false(stream_on_recorded(st)); /* before the client has the whole of it */
	assert_false(stream_on_response(st, &r, true));
	assert_false(stream_on_data(st, bytes_of("x"), false));
	assert_int_equal(d->phase, PHASE_RECEIVING);
	finish(d);
	d = make();
	st = open_recorded(d);
	assert_true(stream_on_recorded(st));                    /* again, after a resumption */
	assert_false(stream_on_data(st, bytes_of("x"), false)); /* no answer has begun */
	assert_true(stream_on_response(st, &r, false));
	assert_false(stream_on_response(st, &r, false)); /* only one */
	finish(d);
}

static void test_window(void **state)
{
	static char chunk[WIRE_DATA_CHUNK];
	struct delivery *d = make();
	struct stream *st = open_recorded(d);
	struct wire_response r = answer("");
	(void)state;
	assert_true(stream_on_response(st, &r, false));
	for (size_t sent = 0; sent < WIRE_STREAM_WINDOW; sent += sizeof chunk)
		assert_true(stream_on_data(st, bytes_make(chunk, sizeof chunk), false));
	assert_false(stream_on_data(st, bytes_make(chunk, 1), false)); /* nothing was taken: no credit */
	assert_int_equal(d->answer_body.len, WIRE_STREAM_WINDOW);
	stream_restart(st); /* a new connection, a new window; what lies here already gives no credit on it */
	assert_int_equal(st->stale, WIRE_STREAM_WINDOW);
	assert_int_equal(st->body_seen, WIRE_STREAM_WINDOW);
	assert_true(stream_on_data(st, bytes_make(chunk, 1), false));
	assert_true(stream_on_data(st, bytes_of(""), true)); /* an end costs none */
	finish(d);
}

static void test_credit_up_to_the_limit(void **state)
{
	struct delivery *d = make();
	struct stream *st = stream_open(&client, d, STREAM_OPEN);
	(void)state;
	assert_true(stream_on_window(st, (UINT32_C(1) << 31) - WIRE_STREAM_WINDOW)); /* to 2^31: not above it */
	assert_false(stream_on_window(st, 1));
	finish(d);
}

static void test_loss(void **state)
{
	struct wire_response r = answer("part");
	(void)state;
	/* Not recorded, and it may not be queued here: the sender is told why. */
	struct delivery *d = make();
	stream_on_reset(open_whole(d), WIRE_RESET_STORE);
	assert_int_equal(d->phase, PHASE_REFUSED);
	assert_int_equal(d->refusal, REFUSE_CLIENT_STORE);
	assert_int_equal(wakes, 1);
	finish(d);
	/* Recorded and not answered: it is safe, and that is what the sender is told. */
	d = make();
	stream_give_up(open_recorded(d), REFUSE_CLIENT_LOST);
	assert_int_equal(d->phase, PHASE_ACCEPTED);
	finish(d);
	/* A GET is asked for its answer. */
	d = make_with("GET");
	stream_give_up(open_recorded(d), REFUSE_CLIENT_LOST);
	assert_int_equal(d->phase, PHASE_REFUSED);
	assert_int_equal(d->refusal, REFUSE_CLIENT_LOST);
	finish(d);
	d = make();
	struct stream *st = open_recorded(d);
	assert_true(stream_on_response(st, &r, false));
	stream_give_up(st, REFUSE_CLIENT_LOST);
	assert_int_equal(d->phase, PHASE_ABORTED); /* cut, never a silently short body */
	finish(d);
	d = make();
	assert_true(stream_on_response(open_recorded(d), &r, true));
	assert_int_equal(d->phase, PHASE_DONE); /* it was whole already */
	finish(d);
}

static void test_shared(void **state)
{
	struct client other = { .tunnel = &tunnel, .options = WIRE_OPTION_OFFLINE_FAIL };
	struct delivery *d = make();
	struct stream *first = open_recorded(d), *second = stream_open(&other, d, STREAM_OPEN);
	struct wire_response r = answer("mine");
	(void)state;
	second->out = STREAM_SENT;
	assert_true(stream_on_recorded(second));
	assert_true(stream_on_response(second, &r, true)); /* the first that answers, answers the sender */
	assert_int_equal(d->phase, PHASE_DONE);
	delivery_leave_sender(d);
	r = answer("late");
	assert_ptr_equal(client.streams, first); /* the other's copy goes on by itself */
	assert_true(stream_on_response(first, &r, false));
	assert_true(stream_on_data(first, bytes_of("x"), true));
	assert_null(client.streams);
	assert_null(other.streams);
}

static void test_timeout(void **state)
{
	(void)state;
	struct delivery *d = make();
	open_recorded(d);
	delivery_on_timeout(d);
	assert_int_equal(d->phase, PHASE_REFUSED);
	assert_int_equal(d->refusal, REFUSE_REPLY_TIMEOUT);
	finish(d);
}

/* What the spool keeps decodes to the same delivery. */
static void test_encode(void **state)
{
	static char body[WIRE_INLINE_BODY + 70000];
	static const size_t sizes[] = { 0, 5, WIRE_INLINE_BODY, sizeof body };
	(void)state;
	memset(body, 'b', sizeof body);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		for (int trailers = 0; trailers < 2; trailers++) {
			struct delivery *d = make();
			struct buffer out = { 0 };
			struct wire_frame f;
			struct wire_request r;
			size_t used, at = 0, seen = 0;
			bool ended = false;
			assert_true(spill_append(&d->body, body, sizes[i]));
			if (trailers)
				assert_true(buffer_append_text(&d->trailers, "X-Sum: 1\r\n"));
			assert_true(delivery_encode(d, WIRE_FEATURES, &out));
			while (at < out.len) {
				assert_false(ended);
				assert_int_equal(wire_decode_frame(bytes_make(out.at + at, out.len - at), &f, &used),
						 WIRE_OK);
				if (at == 0)
					assert_true(f.type == WIRE_REQUEST && (f.flags & WIRE_SPOOLED) &&
						    wire_decode_request(f.payload, &r));
				else
					assert_int_equal(f.type, WIRE_DATA);
				seen += at == 0 ? r.body.len : f.flags & WIRE_TRAILERS ? 0 : f.payload.len;
				ended = f.flags & WIRE_END;
				at += used;
			}
			assert_true(ended);
			assert_int_equal(seen, sizes[i]);
			assert_int_equal(!!(f.flags & WIRE_TRAILERS), trailers);
			buffer_free(&out);
			finish(d);
		}
	}
}

/* A laptop that shares a tunnel and is away gets its copy, whatever became of the clock since it was last seen. */
static void test_a_clock_that_was_set_back(void **state)
{
	(void)state;
	uint64_t hour_us = UINT64_C(3600000000), now_us = clock_now_us();
	struct client away = { .tunnel = &tunnel, .options = WIRE_OPTION_SHARE, .current = true };
	tunnel.clients = &away;
	relay.settings.spool_max_age_ms = 60000;
	away.seen_at_us = now_us;
	assert_int_equal(registry_admit(&tunnel, bytes_of("POST")), REFUSE_NOTHING);
	away.seen_at_us = now_us - hour_us;
	assert_int_equal(registry_admit(&tunnel, bytes_of("POST")), REFUSE_OFFLINE);
	away.seen_at_us = now_us + hour_us;
	assert_int_equal(registry_admit(&tunnel, bytes_of("POST")), REFUSE_NOTHING);
	tunnel.clients = NULL;
}

/* The body cannot be read back while it goes to two clients: the first notices, and both streams end. */
static void test_a_body_that_is_lost_on_its_way_to_two(void **state)
{
	static char body[SPILL_MEMORY + 100000];
	(void)state;
	struct connection connections[2] = { 0 };
	struct client two[2] = { { .tunnel = &tunnel }, { .tunnel = &tunnel } };
	struct delivery *d = make();
	for (int i = 0; i < 2; i++) {
		connections[i].welcomed = true;
		connection_carry(&connections[i], link_new(relay.loop, NULL, NULL, NULL));
		assert_non_null(connections[i].link);
		two[i].connection = &connections[i];
		assert_non_null(stream_open(&two[i], d, STREAM_OPEN));
	}
	assert_true(spill_append(&d->body, body, sizeof body));
	assert_return_code(ftruncate(d->body.fd, 0), errno);
	delivery_pump(d);
	assert_int_equal(d->phase, PHASE_REFUSED);
	assert_int_equal(d->refusal, REFUSE_SPOOL_FAILED);
	for (int i = 0; i < 2; i++) {
		assert_null(two[i].streams);
		link_free(connections[i].link);
	}
	uv_run(relay.loop, UV_RUN_DEFAULT);
	finish(d);
}

/* A sender that always has a little left to read. */
static void test_an_endless_answer_is_not_kept(void **state)
{
	(void)state;
	static uint8_t piece[16384];
	struct delivery *d = make_with("GET");
	struct wire_response answer = { .status = 200, .body_len = WIRE_UNKNOWN_LENGTH };
	uint8_t next_in = 0, next_out = 0;
	d->phase = PHASE_WHOLE;
	delivery_answer(d, &answer);
	for (int i = 0; i < 1000; i++) {
		memset(piece, next_in++, sizeof piece);
		delivery_answer_data(d, bytes_make(piece, sizeof piece), false);
		if (i == 0)
			continue;
		assert_int_equal(d->answer_body.at[d->answer_at], next_out);
		assert_int_equal(d->answer_body.at[d->answer_at + sizeof piece - 1], next_out);
		next_out++;
		d->answer_at += sizeof piece;
		assert_int_equal(d->answer_body.len - d->answer_at, sizeof piece);
		assert_true(d->answer_body.len <= 4 * sizeof piece);
	}
	finish(d);
}

int main(void)
{
	relay.loop = uv_default_loop();
	drain_init(&client);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_answer_in_pieces),
		cmocka_unit_test(test_an_endless_answer_is_not_kept),
		cmocka_unit_test(test_order_is_kept),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_credit_up_to_the_limit),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_a_clock_that_was_set_back),
		cmocka_unit_test(test_a_body_that_is_lost_on_its_way_to_two),
	};
	return RUN(tests);
}
