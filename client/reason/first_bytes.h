/* Tells from a server's first bytes, which are not what was expected, what protocol it speaks. Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"

#define FIRST_BYTES_SHOWN 128

enum first_bytes {
	FIRST_BYTES_HTTP,  /* an answer of HTTP/1 */
	FIRST_BYTES_TLS,   /* an alert or a handshake of TLS (RFC 8446 §5.1) */
	FIRST_BYTES_HTTP2, /* SETTINGS or GOAWAY on stream 0 (RFC 9113 §4.1), as a server begins with */
	FIRST_BYTES_OTHER
};

enum first_bytes first_bytes_kind(struct bytes first);
/* The first 24 of them, made safe for a terminal. */
void first_bytes_show(struct bytes first, char out[FIRST_BYTES_SHOWN]);
