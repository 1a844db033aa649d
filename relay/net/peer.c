#include "relay/net/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

bool peer_is_ipv4(const struct peer *p)
{
	return memcmp(p->at, mapped, sizeof mapped) == 0;
}

bool peer_is_loopback(const struct peer *p)
{
	static const uint8_t v6[16] = { [15] = 1 };
	return p->known && (memcmp(p->at, v6, sizeof v6) == 0 || (peer_is_ipv4(p) && p->at[sizeof mapped] == 127));
}

static void set_ipv4(struct peer *p, const void *address)
{
	memcpy(p->at, mapped, sizeof mapped);
	memcpy(p->at + sizeof mapped, address, 4);
	p->known = true;
}

void peer_from_sockaddr(struct peer *out, const struct sockaddr *from)
{
	memset(out, 0, sizeof *out);
	if (from->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)from;
		set_ipv4(out, &v4->sin_addr);
		out->port = ntohs(v4->sin_port);
	} else if (from->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)from;
		memcpy(out->at, &v6->sin6_addr, 16);
		out->port = ntohs(v6->sin6_port);
		out->known = true;
	}
}

static bool parse_port(struct bytes text, uint16_t *out)
{
	uint32_t port = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		port = port * 10 + (uint32_t)(text.at[i] - '0');
	}
	*out = (uint16_t)port;
	return text.len > 0 && text.len <= 5 && port <= 65535;
}

static bool parse_address(struct bytes text, struct peer *out)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t v4[4];
	if (text.len == 0 || text.len >= sizeof copy || memchr(text.at, 0, text.len))
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = 0;
	if (inet_pton(AF_INET, copy, v4) == 1)
		set_ipv4(out, v4);
	else
		out->known = inet_pton(AF_INET6, copy, out->at) == 1;
	return out->known;
}

bool peer_parse(struct bytes text, struct peer *out)
{
	struct peer p = { .known = false };
	struct bytes address = text, port = { 0 };
	if (text.len > 0 && text.at[0] == '[') {
		const uint8_t *end = memchr(text.at, ']', text.len);
		if (!end)
			return false;
		address = bytes_make(text.at + 1, (size_t)(end - text.at) - 1);
		port = bytes_make(end + 1, text.len - address.len - 2);
		if ((port.len > 0 && *port.at != ':') || !memchr(address.at, ':', address.len))
			return false;
	} else if (text.len > 0) {
		const uint8_t *first = memchr(text.at, ':', text.len);
		size_t before = first ? (size_t)(first - text.at) : text.len;
		/* Several colons are IPv6 without a port. */
		if (first && !memchr(first + 1, ':', text.len - before - 1)) {
			address = bytes_make(text.at, before);
			port = bytes_make(first, text.len - before);
		}
	}
	if (!parse_address(address, &p) ||
	    (port.len > 0 && !parse_port(bytes_make(port.at + 1, port.len - 1), &p.port)))
		return false;
	*out = p;
	return true;
}

void peer_format(const struct peer *p, char out[PEER_TEXT_LEN])
{
	char address[INET6_ADDRSTRLEN] = "?", port[8] = "";
	bool four = peer_is_ipv4(p);
	if (!p->known) {
		snprintf(out, PEER_TEXT_LEN, "unknown");
		return;
	}
	/* [::] takes IPv4 as well: ::ffff:192.0.2.1 is 192.0.2.1. */
	inet_ntop(four ? AF_INET : AF_INET6, four ? p->at + sizeof mapped : p->at, address, sizeof address);
	if (p->port)
		snprintf(port, sizeof port, ":%u", p->port);
	snprintf(out, PEER_TEXT_LEN, four ? "%s%s" : "[%s]%s", address, port);
}
