/* Lines of JSON that somebody may have written: what is taken, and what is said about what is not. (That what we write
 * comes back is in client/test_export.c.) */
#include "shared/transcripts/ndjson.h"
#include "tests/unit/shared/transcript_fixture.h"
#include "tests/unit/unit.h"

#define AT "\"received_at\":\"2026-11-23T13:42:34.123456Z\","
#define REQUEST                                                                                                        \
	"\"method\":\"GET\",\"target\":\"/\",\"request\":{\"headers\":[[\"A\",\"1\"],[\"a\",\"2\"]],\"body\":\"x\"}"

static void expect_error(const char *line, const char *sentence)
{
	struct transcript x;
	struct error e = { 0 };
	if (ndjson_read(bytes_of(line), &x, &e))
		fail_msg("taken: %s", line);
	if (!strstr(e.text, sentence))
		fail_msg("%s\nis not in: %s", sentence, e.text);
	assert_int_equal(e.code, EXIT_USAGE);
	transcript_free(&x);
}

static void take(const char *line, struct transcript *x)
{
	struct error e = { 0 };
	if (!ndjson_read(bytes_of(line), x, &e))
		fail_msg("%s", e.text);
}

static void test_least(void **state)
{
	struct transcript x, again;
	(void)state;
	take("{" AT REQUEST "}", &x);
	assert_int_equal(x.received_at_us, 1795441354123456u);
	assert_true(bytes_equal(buffer_view(&x.request.headers), bytes_of("A: 1\r\na: 2\r\n")));
	assert_int_equal(x.signature.len, 0);
	assert_true(!x.redacted && x.prefix.len == 0);
	assert_true(x.has_body && !x.called && !x.https);
	assert_int_equal(x.request.body_size, 1);
	/* The same line gets the same id, whatever the order of its members. */
	take("{" REQUEST ",\"received_at\":\"2026-11-23T13:42:34.123456Z\"}", &again);
	assert_null(difference(&x, &again));
	transcript_free(&x);
	transcript_free(&again);
}

static void test_all(void **state)
{
	struct transcript x;
	(void)state;
	take("{" AT
	     "\"event_id\":\"019ab12c-4d5e-7f3a-8b6c-000000000001\",\"method\":\"POST\",\"target\":\"\xef\xbf\xbd\","
	     "\"target_base64\":\"L/"
	     "8=\",\"https\":true,\"state\":\"failed\",\"signature\":\"valid\",\"request_bytes\":99,"
	     "\"response_bytes\":70,\"request\":{\"headers\":[],\"headers_base64\":\"QTog/"
	     "w0K\",\"trailers\":[[\"T\",\"\"]],"
	     "\"body_base64\":\"AP8=\",\"body_truncated\":true},\"response\":{\"headers\":[],\"body\":\"a\\u0000b\"},"
	     "\"attempt\":{\"started_at\":\"2026-11-23T13:42:35Z\",\"result\":\"timeout\",\"status\":500,\"reason\":"
	     "null,"
	     "\"url\":\"http://x/\",\"error\":\"late\",\"connect_us\":1,\"first_byte_us\":2,\"total_us\":3}}",
	     &x);
	assert_true(bytes_equal(buffer_view(&x.target), bytes_make("/\xff", 2)));
	assert_true(bytes_equal(buffer_view(&x.request.headers), bytes_of("A: \xff\r\n")));
	assert_true(bytes_equal(buffer_view(&x.request.trailers), bytes_of("T: \r\n")));
	assert_true(bytes_equal(buffer_view(&x.request.body), bytes_make("\0\xff", 2)));
	assert_int_equal(x.request.body_size, 99);
	assert_int_equal(x.response.body_size, 3); /* whole, whatever else is claimed */
	assert_true(x.called && x.https && x.has_body);
	assert_int_equal(x.result, ATTEMPT_TIMEOUT);
	assert_int_equal(x.total_us, 3);
	transcript_free(&x);

	take("{" AT "\"state\":\"refused\",\"status\":413,\"request_bytes\":5000,\"has_body\":true," REQUEST "}", &x);
	assert_int_equal(x.refused_status, 413);
	assert_int_equal(x.request.body_size, 5000);
	transcript_free(&x);
	/* A file's verdict is none. */
	take("{" AT "\"signature\":\"valid\",\"prefix\":\"/t\",\"redacted\":true," REQUEST "}", &x);
	assert_int_equal(x.signature.len, 0);
	assert_true(x.redacted && bytes_equal(buffer_view(&x.prefix), bytes_of("/t")));
	transcript_free(&x);
}

static void test_bad(void **state)
{
	(void)state;
	expect_error("", "it is not JSON");
	expect_error("{\"a\":1", "it is not JSON");
	expect_error("{} {}", "it is not JSON");
	expect_error("{\"a\":\"\xff\"}", "it is not JSON");
	expect_error("[]", "it is not a JSON object");
	expect_error("{}", "has no \"request\"");
	expect_error("{" AT "\"request\":[]}", "has no \"request\"");
	expect_error("{" REQUEST "}", "\"received_at\" is not a time");
	expect_error("{" AT "\"event_id\":7," REQUEST "}", "\"event_id\" is not a UUID");
	expect_error("{" AT "\"event_id\":\"019ab12c\"," REQUEST "}", "\"event_id\" is not a UUID");
	expect_error("{" AT "\"tunnel\":[]," REQUEST "}", "\"tunnel\" is not a text");
	expect_error("{" AT "\"method\":\"\",\"target\":\"/\",\"request\":{}}", "the method is not one word");
	expect_error("{" AT "\"method\":\"GET\",\"target\":\"\",\"request\":{}}", "the target is empty");
	expect_error("{" AT "\"method\":\"GET\",\"target\":\"/\\r\\n\",\"request\":{}}", "control characters");
	expect_error("{" AT "\"state\":\"gone\"," REQUEST "}", "\"state\" is none that creel knows");
	expect_error("{" AT "\"https\":\"no\"," REQUEST "}", "\"https\" is neither true nor false");
	expect_error("{" AT "\"request_bytes\":-1," REQUEST "}", "\"request_bytes\" is not a number");
#define WITH(request) "{" AT "\"method\":\"GET\",\"target\":\"/\",\"request\":{" request "}}"
	expect_error(WITH("\"headers\":{}"), "\"headers\" is not a list");
	expect_error(WITH("\"headers\":[[\"a\"]]"), "a header field is not [name, value]");
	expect_error(WITH("\"headers\":[[\"a\",1]]"), "a header field is not [name, value]");
	expect_error(WITH("\"headers\":[[\"a:\",\"\"]]"), "header field's name");
	expect_error(WITH("\"headers\":[[\"a\",\"\\n\"]]"), "control characters");
	expect_error(WITH("\"headers_base64\":\"YQ==\""), "header field of the request is malformed");
	expect_error(WITH("\"body\":5"), "\"body\" is not a text");
	expect_error(WITH("\"body_base64\":\"a\""), "\"body_base64\" is not base64");
	expect_error("{" AT "\"attempt\":{}," REQUEST "}", "\"started_at\" is not a time");
#define TRIED(more) "{" AT "\"attempt\":{\"started_at\":\"2026-11-23T13:42:34Z\"," more "}," REQUEST "}"
	expect_error(TRIED("\"result\":\"lost\""), "\"result\" is none that creel knows");
	expect_error(TRIED("\"status\":1e9"), "\"status\" is not a number from 0 to 999");
	expect_error(TRIED("\"total_us\":1e300"), "\"total_us\" is not a number");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
