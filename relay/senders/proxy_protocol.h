/* The PROXY protocol, versions 1 and 2: a header in front of a connection's first byte, by which a proxy that passes
 * bytes on tells who is behind it (haproxy's proxy-protocol.txt, 2020-03-05, whose sections are named here). Pure. */
#pragma once

#include "relay/common/peer.h"

enum proxy_protocol {
	PROXY_PROTOCOL_NONE,    /* it does not begin with one */
	PROXY_PROTOCOL_MORE,    /* perhaps: not whole yet */
	PROXY_PROTOCOL_WHOLE,   /* *used bytes */
	PROXY_PROTOCOL_INVALID, /* it begins with one that is malformed */
};

/* `data` is everything received so far. When WHOLE, *source is the address and port that the connection came from; it
 * is not `known` where the header tells none that is of use: UNKNOWN, LOCAL (the proxy itself speaks), a Unix socket.
 */
enum proxy_protocol proxy_protocol_parse(struct bytes data, struct peer *source, size_t *used);
/* Whether data that may go on begins with such a header, of whichever version, well-formed or not. */
bool proxy_protocol_begins(struct bytes data);
