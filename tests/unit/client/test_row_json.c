/* JSON of deliveries: the contract's fields in their order, and untrusted bytes always made valid. */
#include "client/json/row_json.h"
#include "tests/unit/unit.h"

static const char *const fields[] = {
	"id",       "event_id",      "received_at",    "tunnel",    "method",    "target", "path",
	"peer",     "provider",      "event_type",     "signature", "state",     "status", "duration_ms",
	"attempts", "request_bytes", "response_bytes", "origin",    "replay_of",
};

static struct delivery_row sample(void)
{
	return (struct delivery_row){
		.id = 9,
		.received_at_us = 1795438954000001,
		.origin = ORIGIN_REPLAY,
		.state = DELIVERY_DELIVERED,
		.replay_of = 4,
		.status = 204,
		.took_us = 1500,
		.attempts = 2,
		.request_bytes = 1ull << 40,
		.response_bytes = 3,
		.tunnel = bytes_of("t"),
		.method = bytes_of("PUT"),
		.target = bytes_of("/"),
		.path = bytes_of("/"),
		.peer = bytes_of("127.0.0.1:1"),
		.provider = bytes_of("stripe"),
		.event_type = bytes_of("charge.failed"),
		.signature = bytes_of("none"),
	};
}

static void test_fields_and_order(void **state)
{
	struct delivery_row row = sample();
	json_t *o = row_json_delivery(NULL, &row), *value;
	const char *key;
	size_t i = 0;
	(void)state;
	json_object_foreach(o, key, value)
	{
		assert_true(i < sizeof fields / sizeof *fields);
		assert_string_equal(key, fields[i++]);
	}
	assert_int_equal(i, sizeof fields / sizeof *fields);
	assert_int_equal(json_integer_value(json_object_get(o, "status")), 204);
	assert_true(json_real_value(json_object_get(o, "duration_ms")) == 1.5);
	assert_true(json_integer_value(json_object_get(o, "request_bytes")) == 1ll << 40);
	assert_int_equal(json_integer_value(json_object_get(o, "replay_of")), 4);
	assert_string_equal(json_string_value(json_object_get(o, "provider")), "stripe");
	assert_string_equal(json_string_value(json_object_get(o, "origin")), "replay");
	assert_string_equal(json_string_value(json_object_get(o, "received_at")), "2026-11-23T13:02:34.000001Z");
	json_decref(o);
}

static void expect_text(const char *in, size_t len, const char *out)
{
	json_t *j = json_from_bytes(bytes_make(in, len));
	assert_non_null(j);
	assert_string_equal(json_string_value(j), out);
	json_decref(j);
}

#define BAD "\xef\xbf\xbd"

static void test_invalid_utf8(void **state)
{
	(void)state;
	expect_text("gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f");
	expect_text("a\xff"
		    "b",
		    3, "a" BAD "b");
	expect_text("\xc3", 1, BAD);                         /* cut */
	expect_text("\xc0\xaf", 2, BAD BAD);                 /* overlong '/' */
	expect_text("\xed\xa0\x80", 3, BAD BAD BAD);         /* surrogate */
	expect_text("\xf4\x90\x80\x80", 4, BAD BAD BAD BAD); /* above U+10FFFF */
	struct delivery_row row = sample();
	row.method = row.target = row.path = row.peer = row.tunnel = row.event_type = bytes_make("\x80\x00\xfe", 3);
	json_t *o = row_json_delivery("delivery", &row);
	assert_non_null(o);
	char *text = json_dumps(o, JSON_COMPACT);
	assert_non_null(text);
	assert_non_null(strstr(text, "\"peer\":\"" BAD "\\u0000" BAD "\""));
	free(text);
	json_decref(o);
}

static char *message_text(const char *body, size_t len, const char *trailers, uint64_t size)
{
	struct message m = { .body_size = size };
	assert_true(buffer_append(&m.body, body, len) && buffer_append_text(&m.trailers, trailers) &&
		    buffer_append_text(&m.headers, "Empty: \r\nB: \xff \r\n"));
	json_t *o = row_json_message(&m);
	assert_non_null(o);
	char *text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	store_message_free(&m);
	return text;
}

static void expect_message(const char *body, size_t len, const char *trailers, uint64_t size, const char *rest)
{
	char whole[300], *text = message_text(body, len, trailers, size);
	snprintf(whole, sizeof whole, "{\"headers\":[[\"Empty\",\"\"],[\"B\",\"" BAD " \"]]%s}", rest);
	assert_string_equal(text, whole);
	free(text);
}

static void test_messages(void **state)
{
	(void)state;
	expect_message("", 0, "", 0, ",\"body\":\"\"");
	expect_message("{\"a\":1}", 7, "", 7, ",\"body\":\"{\\\"a\\\":1}\"");
	expect_message("a\0b", 3, "", 3, ",\"body_base64\":\"YQBi\"");
	expect_message("\xc3", 1, "T: 1\r\n", 1, ",\"trailers\":[[\"T\",\"1\"]],\"body_base64\":\"ww==\"");
	expect_message("abc", 3, "", 9, ",\"body\":\"abc\",\"body_truncated\":true");
}

static void test_whole_objects(void **state)
{
	struct delivery_row row = { .id = 7,
				    .received_at_us = 1795438954123456,
				    .state = DELIVERY_FAILED,
				    .took_us = -1,
				    .tunnel = bytes_of("dev"),
				    .method = bytes_of("POST"),
				    .target = bytes_of("/\xff?q"),
				    .path = bytes_of("/\xff"),
				    .peer = bytes_of("p"),
				    .signature = bytes_of("unknown") };
	(void)state;
	json_t *o = row_json_delivery("delivery", &row);
	char *text = json_dumps(o, JSON_COMPACT);
	assert_string_equal(
	    text, "{\"type\":\"delivery\",\"id\":7,\"event_id\":\"00000000-0000-0000-0000-000000000000\","
		  "\"received_at\":\"2026-11-23T13:02:34.123456Z\",\"tunnel\":\"dev\",\"method\":\"POST\","
		  "\"target\":\"/\xef\xbf\xbd?q\",\"path\":\"/\xef\xbf\xbd\",\"peer\":\"p\",\"provider\":null,"
		  "\"event_type\":null,\"signature\":\"unknown\",\"state\":\"failed\",\"status\":null,"
		  "\"duration_ms\":null,\"attempts\":0,\"request_bytes\":0,\"response_bytes\":0,\"origin\":\"live\","
		  "\"replay_of\":null}");
	free(text);
	json_decref(o);
	struct message m = { 0 };
	assert_true(buffer_append(&m.body, "\0\xff", 2) && buffer_append_text(&m.headers, "A: 1\r\na: 2\r\n"));
	m.body_size = 2;
	o = row_json_message(&m);
	text = json_dumps(o, JSON_COMPACT);
	assert_string_equal(text, "{\"headers\":[[\"A\",\"1\"],[\"a\",\"2\"]],\"body_base64\":\"AP8=\"}");
	free(text);
	json_decref(o);
	store_message_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_and_order),
		cmocka_unit_test(test_invalid_utf8),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_whole_objects),
	};
	return RUN(tests);
}
