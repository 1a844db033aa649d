#include "shared/net/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

static bool is_127(struct in_addr v4)
{
	return (ntohl(v4.s_addr) >> 24) == 127;
}

bool loopback_is(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return is_127(((const struct sockaddr_in *)(const void *)a)->sin_addr);
	if (a->sa_family != AF_INET6)
		return false;
	const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
	return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

bool loopback_is_text(const char *address)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (inet_pton(AF_INET, address, &v4) == 1)
		return is_127(v4);
	return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool loopback_is_name(const char *host)
{
	static const char below[] = ".localhost";
	size_t len = strlen(host), end = sizeof below - 1;
	return strcasecmp(host, "localhost") == 0 || (len > end && strcasecmp(host + len - end, below) == 0);
}
