/* The codec's refusals; that whole frames decode is shown by test_protocol_doc. */
#include "shared/wire/wire.h"
#include "tests/unit/unit.h"

static struct wire_request sample(void)
{
	struct wire_request r = {
		.received_at_us = 1,
		.body_len = 2,
		.has_body = true,
		.peer = bytes_of("[::1]:5"),
		.method = bytes_of("POST"),
		.target = bytes_of("/a"),
		.headers = bytes_of("Host: x\r\n"),
		.body = bytes_of("ok"),
	};
	return r;
}

static bool survives(const struct wire_request *r)
{
	struct buffer b = { 0 };
	struct wire_frame f;
	struct wire_request back;
	size_t used;
	bool fine = wire_encode_request(&b, 3, WIRE_END, r) &&
		    wire_decode_frame(buffer_view(&b), &f, &used) == WIRE_OK && wire_decode_request(f.payload, &back);
	buffer_free(&b);
	return fine;
}

static void test_request_rules(void **state)
{
	struct wire_request r = sample();
	(void)state;
	assert_true(survives(&r));
	r.target = bytes_of("");
	assert_false(survives(&r));
	r.target = bytes_of("http://elsewhere.example/a");
	assert_false(survives(&r));
	r.target = bytes_of("elsewhere.example:443");
	assert_false(survives(&r));
	r.target = bytes_of("*");
	assert_false(survives(&r));
	r.target = bytes_of("/a b");
	assert_false(survives(&r));
	r.target = bytes_of("/a\r\nX: y");
	assert_false(survives(&r));
	r = sample();
	r.refused_status = 1000;
	assert_false(survives(&r));
	r = sample();
	r.method = bytes_of("PO ST");
	assert_false(survives(&r));
	r = sample();
	r.headers = bytes_of("Host: x\r\nEvil\n: y\r\n");
	assert_false(survives(&r));
}

/* Every shorter piece of a frame asks for more, and no shorter payload decodes. */
static void test_truncation(void **state)
{
	struct buffer b = { 0 };
	struct wire_request r = sample(), back;
	struct wire_frame f;
	size_t used;
	(void)state;
	r.body = bytes_of("");
	assert_true(wire_encode_request(&b, 3, WIRE_END, &r));
	for (size_t n = 0; n < b.len; n++) {
		uint8_t *exact = malloc(n ? n : 1);
		assert_non_null(exact);
		memcpy(exact, b.at, n);
		assert_int_equal(wire_decode_frame(bytes_make(exact, n), &f, &used), WIRE_MORE);
		if (n >= WIRE_HEADER_LEN)
			assert_false(
			    wire_decode_request(bytes_make(exact + WIRE_HEADER_LEN, n - WIRE_HEADER_LEN), &back));
		free(exact);
	}
	buffer_free(&b);
}

static void test_header_rules(void **state)
{
	uint8_t h[WIRE_HEADER_LEN] = { 0 };
	struct wire_frame f;
	size_t used;
	(void)state;
	h[4] = 200; /* unknown types pass: they are skipped by length */
	assert_int_equal(wire_decode_frame(bytes_make(h, sizeof h), &f, &used), WIRE_OK);
	assert_int_equal(f.type, 200);
	bytes_set_u32(h, WIRE_MAX_PAYLOAD + 1);
	assert_int_equal(wire_decode_frame(bytes_make(h, sizeof h), &f, &used), WIRE_MALFORMED);
	bytes_set_u32(h, 0);
	h[7] = 1; /* reserved */
	assert_int_equal(wire_decode_frame(bytes_make(h, sizeof h), &f, &used), WIRE_MALFORMED);
}

static void test_encoder_takes_back_what_does_not_fit(void **state)
{
	struct buffer b = { 0 };
	struct wire_note note = { 1, 0, { NULL, 0 } };
	uint8_t *large = calloc(1, 70000);
	(void)state;
	assert_non_null(large);
	assert_true(buffer_append_text(&b, "before"));
	note.text = bytes_make(large, 70000); /* over a u16 */
	assert_false(wire_encode_note(&b, WIRE_NOTICE, 0, &note));
	assert_int_equal(b.len, 6);
	free(large);
	buffer_free(&b);
}

static void test_window_of_zero_is_malformed(void **state)
{
	uint8_t zero[4] = { 0 };
	uint32_t credit;
	(void)state;
	assert_false(wire_decode_window(bytes_make(zero, 4), &credit));
	zero[3] = 1;
	assert_true(wire_decode_window(bytes_make(zero, 4), &credit));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_rules),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_header_rules),
		cmocka_unit_test(test_encoder_takes_back_what_does_not_fit),
		cmocka_unit_test(test_window_of_zero_is_malformed),
	};
	return RUN(tests);
}
