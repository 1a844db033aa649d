#include "relay/commands/setup_check.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static bool is_same(const struct sockaddr *a, const struct sockaddr *b)
{
	if (!b || a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)(const void *)a)->sin_addr,
			      &((const struct sockaddr_in *)(const void *)b)->sin_addr, 4) == 0;
	return a->sa_family == AF_INET6 && memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
						  &((const struct sockaddr_in6 *)(const void *)b)->sin6_addr, 16) == 0;
}

static bool is_ours(const struct ifaddrs *ours, const struct sockaddr *a)
{
	for (; ours; ours = ours->ifa_next)
		if (is_same(a, ours->ifa_addr))
			return true;
	return false;
}

enum setup_dns setup_check_dns(const char *name, struct buffer *shown)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *list;
	struct ifaddrs *ours = NULL;
	enum setup_dns found = SETUP_DNS_ELSEWHERE;
	char host[64];
	if (getaddrinfo(name, NULL, &hints, &list) != 0)
		return SETUP_DNS_NONE;
	if (getifaddrs(&ours) != 0)
		ours = NULL;
	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		if (is_ours(ours, a->ai_addr))
			found = SETUP_DNS_HERE;
		if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST) == 0 &&
		    !buffer_printf(shown, "%s%s", shown->len ? ", " : "", host))
			break;
	}
	freeifaddrs(ours);
	freeaddrinfo(list);
	return found;
}
