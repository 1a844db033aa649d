#include "client/tunnel/tunnel_address.h"

#include "shared/net/loopback.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define TAKEN_WITHIN_MS 1000

static void add(struct tunnel_addresses *a, const struct sockaddr *at, socklen_t len)
{
	if (a->count < TUNNEL_ADDRESSES &&
	    getnameinfo(at, len, a->text[a->count], TUNNEL_ADDRESS_LEN, NULL, 0, NI_NUMERICHOST) == 0)
		a->count++;
}

int tunnel_address_find(struct tunnel_addresses *a, const char *host, bool here_only)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *found = NULL;
	int code = 0;
	a->count = a->left = 0;
	if (loopback_is_name(host)) {
		snprintf(a->text[0], TUNNEL_ADDRESS_LEN, "127.0.0.1");
		snprintf(a->text[1], TUNNEL_ADDRESS_LEN, "::1");
		a->count = 2;
	} else if ((code = getaddrinfo(host, NULL, &hints, &found)) == 0) {
		for (const struct addrinfo *at = found; at; at = at->ai_next)
			if (!here_only || loopback_is(at->ai_addr))
				add(a, at->ai_addr, at->ai_addrlen);
		freeaddrinfo(found);
	}
	a->left = a->count;
	return code;
}

const char *tunnel_address_next(struct tunnel_addresses *a)
{
	a->left--;
	return a->text[a->turn++ % a->count];
}

void tunnel_address_keep(struct tunnel_addresses *a)
{
	a->left = 0;
	if (a->count)
		a->turn = (a->turn + a->count - 1) % a->count;
}

static bool is_of_route(int error)
{
	return error == ENETUNREACH || error == EHOSTUNREACH || error == ENETDOWN || error == EADDRNOTAVAIL ||
	       error == EAFNOSUPPORT;
}

bool tunnel_address_has_route(const char *address)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV }, *at;
	bool missing = false;
	if (getaddrinfo(address, "9", &hints, &at) != 0)
		return true;
	int fd = socket(at->ai_family, SOCK_DGRAM, 0);
	if (fd < 0 || connect(fd, at->ai_addr, at->ai_addrlen) != 0)
		missing = is_of_route(errno);
	if (fd >= 0)
		close(fd);
	freeaddrinfo(at);
	return !missing;
}

uint64_t tunnel_address_wait_ms(const struct tunnel_addresses *a, uint64_t limit_ms)
{
	uint64_t share_ms = a->count ? limit_ms / (4 * (uint64_t)a->count) : limit_ms;
	if (a->left == 0)
		return limit_ms;
	return share_ms < TAKEN_WITHIN_MS ? share_ms : TAKEN_WITHIN_MS;
}
