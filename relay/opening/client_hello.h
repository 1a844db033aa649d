/* Looks into the first bytes of a TLS connection for the ALPN protocols that it offers (RFC 8446 §4.1.2, RFC 7301
 * §3.1). Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"

enum client_hello {
	CLIENT_HELLO_MORE,    /* the start of a ClientHello */
	CLIENT_HELLO_OTHER,   /* a whole one, which does not offer the protocol */
	CLIENT_HELLO_MATCH,   /* a whole one, which offers it */
	CLIENT_HELLO_INVALID, /* not a ClientHello, or one longer than LIMIT_CLIENT_HELLO */
};

/* `data` is everything received so far; `protocol` for example "creel/1". */
enum client_hello client_hello_parse(struct bytes data, const char *protocol);
