/* Who is at the other end: an IP address and a port, known from a socket, a PROXY header or X-Forwarded-For. Pure;
 * any thread. */
#pragma once

#include <sys/socket.h>

#include "shared/base/bytes.h"

#define PEER_TEXT_LEN 64

struct peer {
	uint8_t at[16]; /* IPv4 as IPv6 maps it: ::ffff:192.0.2.1 */
	uint16_t port;  /* 0: not known */
	bool known;     /* false: there is no address, and the rest is 0 */
};

void peer_from_sockaddr(struct peer *out, const struct sockaddr *from);
/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80"; false for anything else. */
MUST_CHECK bool peer_parse(struct bytes text, struct peer *out);
/* "192.0.2.1:80", "[2001:db8::1]:80"; without a port "192.0.2.1", "[2001:db8::1]"; "unknown". */
void peer_format(const struct peer *p, char out[PEER_TEXT_LEN]);
bool peer_is_ipv4(const struct peer *p);
/* 127.0.0.0/8 or ::1. */
bool peer_is_loopback(const struct peer *p);
