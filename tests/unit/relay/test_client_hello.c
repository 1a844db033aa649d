/* Reading ALPN out of a TLS ClientHello, whole or in pieces. */
#include "relay/opening/client_hello.h"
#include "shared/base/bytes.h"
#include "tests/unit/unit.h"

/* A ClientHello with the given ALPN names ("\7creel/1"), in records of `record` bytes. */
static size_t make_hello(uint8_t *out, const char *alpn, size_t record)
{
	struct buffer b = { 0 };
	size_t alpn_len = strlen(alpn), at = 0;
	uint8_t random[32] = { 7 };
	size_t ext = alpn_len ? 4 + 2 + alpn_len : 0;
	size_t body = 2 + 32 + 1 + 2 + 2 + 1 + 1 + 2 + ext;
	assert_true(buffer_put_u32(&b, (uint32_t)(1u << 24 | body)) && buffer_put_u16(&b, 0x303) &&
		    buffer_append(&b, random, 32) && buffer_put_u8(&b, 0) && buffer_put_u16(&b, 2) &&
		    buffer_put_u16(&b, 0x1301) && buffer_put_u8(&b, 1) && buffer_put_u8(&b, 0) &&
		    buffer_put_u16(&b, (uint16_t)ext));
	if (ext)
		assert_true(buffer_put_u16(&b, 16) && buffer_put_u16(&b, (uint16_t)(alpn_len + 2)) &&
			    buffer_put_u16(&b, (uint16_t)alpn_len) && buffer_append(&b, alpn, alpn_len));
	for (size_t i = 0; i < b.len; i += record) {
		size_t n = b.len - i < record ? b.len - i : record;
		const uint8_t header[5] = { 22, 3, 1, (uint8_t)(n >> 8), (uint8_t)n };
		memcpy(out + at, header, 5);
		memcpy(out + at + 5, b.at + i, n);
		at += 5 + n;
	}
	buffer_free(&b);
	return at;
}

static void test_client_hello(void **state)
{
	static const size_t records[] = { 16000, 10, 1 };
	uint8_t data[2048];
	(void)state;
	for (size_t k = 0; k < 3; k++) {
		size_t len = make_hello(data, "\2h2\7creel/1", records[k]);
		for (size_t n = 1; n < len; n++)
			assert_int_equal(client_hello_parse(bytes_make(data, n), "creel/1"), CLIENT_HELLO_MORE);
		assert_int_equal(client_hello_parse(bytes_make(data, len), "creel/1"), CLIENT_HELLO_MATCH);
	}
	assert_int_equal(client_hello_parse(bytes_make(data, make_hello(data, "\10http/1.1", 999)), "creel/1"),
			 CLIENT_HELLO_OTHER);
	assert_int_equal(client_hello_parse(bytes_make(data, make_hello(data, "\7creel/2", 999)), "creel/1"),
			 CLIENT_HELLO_OTHER);
	assert_int_equal(client_hello_parse(bytes_make(data, make_hello(data, "", 999)), "creel/1"),
			 CLIENT_HELLO_OTHER);
	assert_int_equal(client_hello_parse(bytes_of("GET / HTTP/1.1"), "creel/1"), CLIENT_HELLO_INVALID);
	assert_int_equal(client_hello_parse(bytes_make("\x16\x03\x01\x00\x05\x02zzzz", 10), "creel/1"),
			 CLIENT_HELLO_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_hello),
	};
	return RUN(tests);
}
