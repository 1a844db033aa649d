/* Looks into the first bytes of a TLS connection for the ALPN protocols it offers (RFC 8446 §4.1.2, RFC 7301 §3.1).
 * Pure. */
#pragma once

#include "shared/base/bytes.h"

enum client_hello {
	CLIENT_HELLO_MORE,    /* a ClientHello so far, not whole */
	CLIENT_HELLO_OTHER,   /* whole; the protocol is not among those offered */
	CLIENT_HELLO_MATCH,   /* whole; the protocol is offered */
	CLIENT_HELLO_INVALID, /* not a ClientHello */
};

/* `data` is everything received so far; `protocol` for example "creel/1". */
enum client_hello client_hello_parse(struct bytes data, const char *protocol);
