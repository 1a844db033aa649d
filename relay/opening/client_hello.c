#include "relay/opening/client_hello.h"

#include "relay/common/limits.h"

#include <string.h>

#include "shared/base/reader.h"

#define RECORD_HANDSHAKE 22
#define RECORD_MAX (16384u)
#define HANDSHAKE_CLIENT_HELLO 1
#define EXTENSION_ALPN 16

static bool offers(struct bytes extensions, const char *protocol)
{
	struct reader r = reader_of(extensions);
	while (r.left > 0 && !r.bad) {
		uint16_t type = reader_u16(&r);
		struct bytes data = reader_bytes16(&r);
		if (r.bad || type != EXTENSION_ALPN)
			continue;
		struct reader list = reader_of(data);
		struct reader names = reader_of(reader_bytes16(&list));
		while (names.left > 0 && !names.bad) {
			uint8_t len = reader_u8(&names);
			if (bytes_equal(reader_bytes(&names, len), bytes_of(protocol)))
				return true;
		}
	}
	return false;
}

static enum client_hello parse_body(struct bytes body, const char *protocol)
{
	struct reader r = reader_of(body);
	reader_bytes(&r, 2 + 32); /* legacy_version, random */
	uint8_t session_len = reader_u8(&r);
	reader_bytes(&r, session_len);
	reader_bytes16(&r); /* cipher_suites */
	uint8_t compression_len = reader_u8(&r);
	reader_bytes(&r, compression_len);
	if (r.bad)
		return CLIENT_HELLO_INVALID;
	if (r.left == 0)
		return CLIENT_HELLO_OTHER; /* no extensions: before TLS 1.2's time */
	struct bytes extensions = reader_bytes16(&r);
	if (r.bad)
		return CLIENT_HELLO_INVALID;
	return offers(extensions, protocol) ? CLIENT_HELLO_MATCH : CLIENT_HELLO_OTHER;
}

enum client_hello client_hello_parse(struct bytes data, const char *protocol)
{
	uint8_t message[LIMIT_CLIENT_HELLO];
	size_t have = 0, want = 4;
	struct reader r = reader_of(data);
	/* A ClientHello may be spread over several records (RFC 8446 §5.1). */
	for (;;) {
		if (r.left > 0 && r.at[0] != RECORD_HANDSHAKE)
			return CLIENT_HELLO_INVALID;
		if (r.left > 1 && r.at[1] != 3)
			return CLIENT_HELLO_INVALID;
		if (r.left < 5)
			return CLIENT_HELLO_MORE;
		reader_bytes(&r, 3);
		size_t len = reader_u16(&r);
		if (len == 0 || len > RECORD_MAX)
			return CLIENT_HELLO_INVALID;
		size_t there = len < r.left ? len : r.left;
		if (there > sizeof message - have)
			return CLIENT_HELLO_INVALID;
		if (there > 0)
			memcpy(message + have, reader_bytes(&r, there).at, there);
		have += there;
		if (have > 0 && message[0] != HANDSHAKE_CLIENT_HELLO)
			return CLIENT_HELLO_INVALID;
		if (have >= 4)
			want = 4 + ((size_t)message[1] << 16 | bytes_get_u16(message + 2));
		if (want > sizeof message)
			return CLIENT_HELLO_INVALID;
		if (have >= 4 && have >= want)
			return parse_body(bytes_make(message + 4, want - 4), protocol);
		if (there < len)
			return CLIENT_HELLO_MORE;
	}
}
