/* The PROXY protocol, versions 1 and 2: a header before a connection's first byte, in which a proxy that passes bytes
 * on names its client (haproxy's proxy-protocol.txt of 2020-03-05, whose sections are named here). Pure; any thread. */
#pragma once

#include "relay/net/peer.h"

enum proxy_protocol {
	PROXY_PROTOCOL_NONE,    /* the bytes do not begin with a header */
	PROXY_PROTOCOL_MORE,    /* they may be the start of one */
	PROXY_PROTOCOL_WHOLE,   /* the first *used bytes are one */
	PROXY_PROTOCOL_INVALID, /* they begin with one that is malformed, or longer than LIMIT_PROXY_HEADER */
};

/* `data` is everything received so far. When WHOLE, *source is the address and port that the connection came from; it
 * is not `known` where the header has none that can be used: UNKNOWN, LOCAL (the proxy itself speaks), a Unix
 * socket. */
enum proxy_protocol proxy_protocol_parse(struct bytes data, struct peer *source, size_t *used);
/* Whether the bytes received so far are certain to be a header of either version, well-formed or not. */
bool proxy_protocol_begins(struct bytes data);
