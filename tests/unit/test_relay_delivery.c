/* The state machine of one delivery at the relay. */
#include "relay/delivery.h"
#include "tests/unit/unit.h"

static int wakes;

static void count_wake(struct delivery *d)
{
	(void)d;
	wakes++;
}

static struct delivery *make(void)
{
	char method[] = "POST", target[] = "/a%2Fb", peer[] = "192.0.2.1:5", headers[] = "Host: a\r\n",
	     prefix[] = "/shop";
	struct wire_request request = { .method = bytes_of(method),
					.target = bytes_of(target),
					.peer = bytes_of(peer),
					.headers = bytes_of(headers),
					.prefix = bytes_of(prefix) };
	struct delivery *d = delivery_new(&request);
	assert_non_null(d);
	d->wake = count_wake;
	/* The caller's bytes may go: the delivery has its own. */
	memset(method, 'x', sizeof method - 1);
	memset(target, 'x', sizeof target - 1);
	memset(headers, 'x', sizeof headers - 1);
	wakes = 0;
	return d;
}

static struct delivery *make_recorded(void)
{
	struct delivery *d = make();
	d->phase = PHASE_WHOLE;
	d->body_whole = d->request_sent = d->end_sent = true;
	assert_true(delivery_on_recorded(d));
	assert_int_equal(d->phase, PHASE_RECORDED);
	return d;
}

static struct wire_response answer(const char *body)
{
	return (struct wire_response){
		.status = 201, .body_len = WIRE_UNKNOWN_LENGTH, .headers = bytes_of("A: b\r\n"), .body = bytes_of(body)
	};
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
	delivery_free(d);
}

static void test_answer_in_pieces(void **state)
{
	struct delivery *d = make_recorded();
	struct wire_response r = answer("one ");
	(void)state;
	assert_true(delivery_on_response(d, &r, false));
	assert_int_equal(d->phase, PHASE_ANSWERING);
	assert_true(bytes_equal(d->answer.headers, bytes_of("A: b\r\n")));
	assert_true(delivery_on_data(d, bytes_of("two"), false));
	assert_true(delivery_on_data(d, bytes_of(""), true));
	assert_int_equal(d->phase, PHASE_DONE);
	assert_true(bytes_equal(buffer_view(&d->answer_body), bytes_of("one two")));
	assert_int_equal(wakes, 3);
	assert_false(delivery_on_data(d, bytes_of("x"), false)); /* nothing comes behind the end */
	delivery_refuse(d, REFUSE_CLIENT_LOST);                  /* too late: the answer began */
	assert_int_equal(d->phase, PHASE_DONE);
	delivery_free(d);
}

static void test_order_is_kept(void **state)
{
	struct delivery *d = make();
	struct wire_response r = answer("");
	(void)state;
	assert_false(delivery_on_recorded(d)); /* before the client has the whole of it */
	assert_false(delivery_on_response(d, &r, true));
	assert_false(delivery_on_data(d, bytes_of("x"), false));
	assert_int_equal(d->phase, PHASE_RECEIVING);
	delivery_free(d);
	d = make_recorded();
	assert_false(delivery_on_data(d, bytes_of("x"), false)); /* no answer has begun */
	assert_true(delivery_on_response(d, &r, false));
	assert_false(delivery_on_response(d, &r, false)); /* only one */
	delivery_free(d);
}

static void test_window(void **state)
{
	static char chunk[WIRE_DATA_CHUNK];
	struct delivery *d = make_recorded();
	struct wire_response r = answer("");
	(void)state;
	assert_true(delivery_on_response(d, &r, false));
	for (size_t sent = 0; sent < WIRE_STREAM_WINDOW; sent += sizeof chunk)
		assert_true(delivery_on_data(d, bytes_make(chunk, sizeof chunk), false));
	assert_false(delivery_on_data(d, bytes_make(chunk, 1), false)); /* nothing was taken: no credit */
	assert_int_equal(d->answer_body.len, WIRE_STREAM_WINDOW);
	assert_true(delivery_on_data(d, bytes_of(""), true)); /* an end costs none */
	delivery_free(d);
}

static void test_loss(void **state)
{
	static const struct {
		uint32_t code;
		enum refusal refusal;
	} resets[] = { { WIRE_RESET_STORE, REFUSE_CLIENT_STORE }, { WIRE_RESET_APP_ABORTED, REFUSE_CLIENT_LOST } };
	struct wire_response r = answer("part");
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct delivery *d = make_recorded();
		delivery_on_reset(d, resets[i].code);
		assert_int_equal(d->phase, PHASE_REFUSED);
		assert_int_equal(d->refusal, resets[i].refusal);
		assert_int_equal(wakes, 1);
		/* Frames that crossed change nothing and are no offence. */
		assert_true(delivery_on_response(d, &r, false) && delivery_on_data(d, bytes_of("x"), true));
		assert_int_equal(d->phase, PHASE_REFUSED);
		delivery_free(d);
	}
	struct delivery *d = make_recorded();
	assert_true(delivery_on_response(d, &r, false));
	delivery_on_lost(d);
	assert_int_equal(d->phase, PHASE_ABORTED); /* cut, never a silently short body */
	delivery_free(d);
	d = make_recorded();
	assert_true(delivery_on_response(d, &r, true));
	delivery_on_lost(d);
	assert_int_equal(d->phase, PHASE_DONE); /* it was whole already */
	delivery_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),        cmocka_unit_test(test_answer_in_pieces),
		cmocka_unit_test(test_order_is_kept), cmocka_unit_test(test_window),
		cmocka_unit_test(test_loss),
	};
	return RUN(tests);
}
