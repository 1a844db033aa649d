/* The PROXY protocol's header: what is one, whom it names, how long it is; whole, in pieces, and at the table's edges.
 */
#include "relay/common/limits.h"
#include "relay/opening/proxy_protocol.h"
#include "tests/unit/unit.h"

#include <string.h>

#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\x00\x02\x01\x0a\x00\x00\x01\xc8\x01\x01\xbb"
#define V6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\xc8\x01\x01\xbb"
#define MAPPED "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x01\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\x01\xc8\x01\x01\xbb"
#define UNIX216                                                                                                        \
	"123456789012345678901234567890123456789012345678901234" /* 54, four times */                                  \
	"123456789012345678901234567890123456789012345678901234"                                                       \
	"123456789012345678901234567890123456789012345678901234"                                                       \
	"123456789012345678901234567890123456789012345678901234"

struct row {
	const char *what, *data;
	size_t len;
	enum proxy_protocol want;
	const char *source; /* as peer_format has it */
	size_t used;        /* 0: all of it */
};

#define ROW(what, data, want, source)                                                                                  \
	{                                                                                                              \
		what, data, sizeof(data) - 1, want, source, 0                                                          \
	}
#define WHOLE(what, data, source) ROW(what, data, PROXY_PROTOCOL_WHOLE, source)
#define BAD(what, data) ROW(what, data, PROXY_PROTOCOL_INVALID, "unknown")
#define MORE(what, data) ROW(what, data, PROXY_PROTOCOL_MORE, "unknown")
#define NONE(what, data) ROW(what, data, PROXY_PROTOCOL_NONE, "unknown")

static const struct row rows[] = {
	WHOLE("v1 IPv4", "PROXY TCP4 192.0.2.1 10.0.0.1 51201 443\r\n", "192.0.2.1:51201"),
	WHOLE("v1 IPv4, ends of the ranges", "PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", "255.255.255.255:65535"),
	WHOLE("v1 IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 51201 443\r\n", "[2001:db8::1]:51201"),
	WHOLE("v1 IPv6 that is IPv4", "PROXY TCP6 ::ffff:192.0.2.1 ::1 51201 443\r\n", "192.0.2.1:51201"),
	WHOLE("v1 unknown", "PROXY UNKNOWN\r\n", "unknown"),
	WHOLE("v1 unknown with addresses, which are to be ignored",
	      "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", "unknown"),
	WHOLE("v1, as long as it may be",
	      "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
	      "65535\r\n",
	      "unknown"),
	BAD("v1, longer", "PROXY UNKNOWN fffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
			  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
	BAD("v1 without CR", "PROXY TCP4 192.0.2.1 10.0.0.1 51201 443\n"),
	BAD("v1 unknown without CR", "PROXY UNKNOWN\n"),
	BAD("v1 unknown, another word", "PROXY UNKNOWNS\r\n"),
	BAD("v1 IPv4 of two blanks", "PROXY TCP4  192.0.2.1 10.0.0.1 51201 443\r\n"),
	BAD("v1 IPv4 with a blank at its end", "PROXY TCP4 192.0.2.1 10.0.0.1 51201 443 \r\n"),
	BAD("v1 IPv4 with a tab", "PROXY TCP4 192.0.2.1\t10.0.0.1 51201 443\r\n"),
	BAD("v1 IPv4 of three fields", "PROXY TCP4 192.0.2.1 10.0.0.1 51201\r\n"),
	BAD("v1 IPv4 of five fields", "PROXY TCP4 192.0.2.1 10.0.0.1 51201 443 1\r\n"),
	BAD("v1 IPv4 of no field", "PROXY TCP4 \r\n"),
	BAD("v1 IPv4 with a leading zero", "PROXY TCP4 192.0.02.1 10.0.0.1 51201 443\r\n"),
	BAD("v1 IPv4 that is IPv6", "PROXY TCP4 ::1 ::1 51201 443\r\n"),
	BAD("v1 IPv6 that is IPv4's", "PROXY TCP6 192.0.2.1 10.0.0.1 51201 443\r\n"),
	BAD("v1 with a port in the address", "PROXY TCP4 192.0.2.1:1 10.0.0.1 51201 443\r\n"),
	BAD("v1 with brackets", "PROXY TCP6 [::1] ::1 51201 443\r\n"),
	BAD("v1 with a scope", "PROXY TCP6 fe80::1%eth0 ::1 51201 443\r\n"),
	BAD("v1 with a name", "PROXY TCP4 localhost 10.0.0.1 51201 443\r\n"),
	BAD("v1 with a port of 65536", "PROXY TCP4 192.0.2.1 10.0.0.1 65536 443\r\n"),
	BAD("v1 with a port of many digits", "PROXY TCP4 192.0.2.1 10.0.0.1 4294967297 443\r\n"),
	BAD("v1 with a signed port", "PROXY TCP4 192.0.2.1 10.0.0.1 +1 443\r\n"),
	BAD("v1 with a port 080", "PROXY TCP4 192.0.2.1 10.0.0.1 080 443\r\n"),
	BAD("v1 with NUL", "PROXY TCP4 192.0.2.1\0 10.0.0.1 51201 443\r\n"),
	MORE("v1, a letter", "P"),
	MORE("v1, its first word", "PROXY "),
	MORE("v1, one letter short of its kind", "PROXY TCP"),
	MORE("v1, without its end", "PROXY TCP4 192.0.2.1 10.0.0.1 51201 443"),
	MORE("v1, without its LF", "PROXY TCP4 192.0.2.1 10.0.0.1 51201 443\r"),
	NONE("a method of that name", "PROXY /t/x HTTP/1.1\r\n"),
	NONE("another kind", "PROXY TCP5 1\r\n"),
	NONE("small letters", "proxy TCP4 192.0.2.1 10.0.0.1 51201 443\r\n"),
	NONE("POST", "POST /t/x HTTP/1.1\r\n"),
	NONE("TLS", "\x16\x03\x01"),
	NONE("empty lines", "\r\n\r\nGET"),
	MORE("nothing", ""),

	WHOLE("v2 IPv4", SIG "\x21\x11\0\x0c" V4, "192.0.2.1:51201"),
	WHOLE("v2 IPv6", SIG "\x21\x21\0\x24" V6, "[2001:db8::1]:51201"),
	WHOLE("v2 IPv6 that is IPv4", SIG "\x21\x21\0\x24" MAPPED, "192.0.2.1:51201"),
	WHOLE("v2 datagrams over IPv4", SIG "\x21\x12\0\x0c" V4, "192.0.2.1:51201"),
	WHOLE("v2 with vectors", SIG "\x21\x11\0\x13" V4 "\x03\0\x04\x12\x34\x56\x78", "192.0.2.1:51201"),
	WHOLE("v2 with vectors that lie about their length", SIG "\x21\x11\0\x0f" V4 "\x03\xff\xff", "192.0.2.1:51201"),
	WHOLE("v2 local", SIG "\x20\x00\0\0", "unknown"),
	WHOLE("v2 local with addresses, which are to be ignored", SIG "\x20\x11\0\x0c" V4, "unknown"),
	WHOLE("v2 local of an unknown family", SIG "\x20\xff\0\x01x", "unknown"),
	WHOLE("v2 of no family", SIG "\x21\x00\0\0", "unknown"),
	WHOLE("v2 of no family with bytes", SIG "\x21\x00\0\x03xyz", "unknown"),
	WHOLE("v2 of a Unix socket", SIG "\x21\x31\0\xd8" UNIX216, "unknown"),
	BAD("v2 IPv4 too short", SIG "\x21\x11\0\x0b" V4),
	BAD("v2 IPv6 of IPv4's length", SIG "\x21\x21\0\x0c" V4),
	BAD("v2 of a Unix socket, too short", SIG "\x21\x31\0\x03xyz"),
	BAD("v2 of an unknown family", SIG "\x21\x41\0\x0c" V4),
	BAD("v2 of an unknown transport", SIG "\x21\x13\0\x0c" V4),
	BAD("v2 of an unspecified transport", SIG "\x21\x10\0\x0c" V4),
	BAD("v2 with an unknown command", SIG "\x22\x11\0\x0c" V4),
	BAD("version 1 in v2's form", SIG "\x11\x11\0\x0c" V4),
	BAD("version 3", SIG "\x31\x11\0\x0c" V4),
	BAD("v2 that says 65535 bytes", SIG "\x21\x11\xff\xff" V4),
	MORE("v2, a part of its signature", "\r\n\r\n\0\r\n"),
	MORE("v2, its signature", SIG),
	MORE("v2, without a length", SIG "\x21\x11\0"),
	MORE("v2, without addresses", SIG "\x21\x11\0\x0c"),
	MORE("v2, without its last byte", SIG "\x21\x21\0\x24\x20\x01\x0d\xb8"),
	NONE("v2 with another signature", "\r\n\r\n\0\r\nQUIT\r\x21\x11\0\x0c" V4),
};

static enum proxy_protocol parse(const char *data, size_t len, char source[PEER_TEXT_LEN], size_t *used)
{
	struct peer p;
	enum proxy_protocol got = proxy_protocol_parse(bytes_make(data, len), &p, used);
	peer_format(&p, source);
	return got;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		char source[PEER_TEXT_LEN];
		size_t used;
		enum proxy_protocol got = parse(row->data, row->len, source, &used);
		if (got != row->want)
			fail_msg("%s: %d, not %d", row->what, got, row->want);
		if (strcmp(source, row->source) != 0)
			fail_msg("%s: %s, not %s", row->what, source, row->source);
		if (got == PROXY_PROTOCOL_WHOLE)
			assert_int_equal(used, row->len);
	}
}

/* What follows is not looked at, and what is decided early stays. */
static void test_pieces_and_what_follows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		char longer[600], source[PEER_TEXT_LEN];
		size_t used;
		for (size_t n = 0; n < row->len; n++) {
			enum proxy_protocol early = parse(row->data, n, source, &used);
			if (early != PROXY_PROTOCOL_MORE && early != row->want)
				fail_msg("%s, cut to %zu: %d", row->what, n, early);
		}
		if (row->want != PROXY_PROTOCOL_WHOLE)
			continue;
		int len = 0;
		memcpy(longer, row->data, row->len);
		len = snprintf(longer + row->len, sizeof longer - row->len, "GET / HTTP/1.1\r\n");
		assert_int_equal(parse(longer, row->len + (size_t)len, source, &used), PROXY_PROTOCOL_WHOLE);
		assert_string_equal(source, row->source);
		assert_int_equal(used, row->len);
	}
}

/* A header is bounded, whatever length it says. */
static void test_bound(void **state)
{
	static char data[LIMIT_PROXY_HEADER + 1];
	char source[PEER_TEXT_LEN];
	size_t used;
	(void)state;
	static const char start[] = SIG "\x21\x11\x0f\xf0" V4;
	for (size_t i = 0; i < sizeof start - 1; i++)
		data[i] = start[i];
	assert_int_equal(parse(data, LIMIT_PROXY_HEADER - 1, source, &used), PROXY_PROTOCOL_MORE);
	assert_int_equal(parse(data, LIMIT_PROXY_HEADER, source, &used), PROXY_PROTOCOL_WHOLE);
	assert_int_equal(used, LIMIT_PROXY_HEADER);
	data[15] = '\xf1';
	assert_int_equal(parse(data, 16, source, &used), PROXY_PROTOCOL_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_pieces_and_what_follows),
		cmocka_unit_test(test_bound),
	};
	return RUN(tests);
}
