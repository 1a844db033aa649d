/* Which request heads the relay takes, and why it refuses the others. */
#include "relay/common/http_rules.h"
#include "shared/wire/wire.h"
#include "tests/unit/unit.h"

static enum refusal check(const char *target, const char *headers, uint64_t max, struct http_framing *f)
{
	struct http_head head = { bytes_of("POST"), bytes_of(target), bytes_of("HTTP/1.1"), bytes_of(headers), 200, 3 };
	return http_rules_check(&head, max, f);
}

static bool no_request(const char *text)
{
	return http_rules_is_no_request(bytes_of(text));
}

static void test_no_request(void **state)
{
	(void)state;
	assert_true(no_request("garbage\r\n") && no_request("\r\n\ngarbage\nPOST /x HTTP/1.1\r\n"));
	assert_true(no_request(" POST /x HTTP/1.1\r\n") && no_request("a\tb\n"));
	assert_false(no_request("POST /x HTTP/1.1\r\n") || no_request("\r\nPOST /x HTTP/1.1\r\n"));
	assert_false(no_request("") || no_request("\r\n") || no_request("garb") || no_request("a b\n"));
	assert_false(http_rules_is_no_request(bytes_make("\0a\n", 3))); /* an empty line to libmicrohttpd */
}

static void test_http_rules(void **state)
{
	struct http_framing f;
	(void)state;
	assert_int_equal(check("/", "Host: a\r\n", 10, &f), REFUSE_NOTHING);
	assert_false(f.has_body);
	assert_int_equal(check("/", "Host: a\r\nContent-Length: 10\r\n", 10, &f), REFUSE_NOTHING);
	assert_true(f.has_body && f.body_len == 10);
	assert_int_equal(check("/", "Host: a\r\nContent-Length: 11\r\n", 10, &f), REFUSE_BODY_TOO_LARGE);
	assert_int_equal(check("/", "Host: a\r\nTransfer-Encoding: Chunked\r\n", 10, &f), REFUSE_NOTHING);
	assert_true(f.body_len == WIRE_UNKNOWN_LENGTH);
	assert_int_equal(check("/", "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", 10, &f), REFUSE_ENCODING);
	assert_int_equal(check("/", "Host: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n", 10, &f), REFUSE_LENGTH);
	assert_int_equal(check("/", "Host: a\r\nContent-Length: +1\r\n", 10, &f), REFUSE_LENGTH);
	assert_int_equal(check("/", "Host: a\r\nContent-Length: 99999999999999999999\r\n", 10, &f), REFUSE_LENGTH);
	assert_int_equal(check("/", "Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", 10, &f),
			 REFUSE_LENGTH_AND_ENCODING);
	assert_int_equal(check("/", "", 10, &f), REFUSE_HOST);
	assert_int_equal(check("/", "Host: a\r\nHost: b\r\n", 10, &f), REFUSE_HOST);
	assert_int_equal(check("http://a/", "Host: a\r\n", 10, &f), REFUSE_BAD_TARGET);
	assert_int_equal(check("/a\x01", "Host: a\r\n", 10, &f), REFUSE_BAD_TARGET);
	assert_int_equal(check("/", "Host: a\r\nX: \x02\r\n", 10, &f), REFUSE_BAD_FIELD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_request),
		cmocka_unit_test(test_http_rules),
	};
	return RUN(tests);
}
