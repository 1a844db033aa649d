/* The servers of --cluster: "nats://a:4222,b:4222" or "tls://a,b". A scheme holds for those after it that name none;
 * the first may leave out nats://, and 4222 is NATS's own port. Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/error.h"

#define BUS_SERVERS_MOST 16
#define BUS_HOST_LEN 255

struct bus_server {
	char host[BUS_HOST_LEN + 1]; /* an IPv6 address without its brackets */
	uint16_t port;
	bool tls;
};

struct bus_servers {
	struct bus_server at[BUS_SERVERS_MOST];
	size_t count;
};

/* False and *e (EXIT_USAGE): the list is empty or too long, a scheme is unknown, a host or port is invalid, or it
 * contains a user or password, which `ps` would show. */
MUST_CHECK bool bus_servers_read(const char *list, struct bus_servers *out, struct error *e);
/* "tls://host:port", with the brackets that an IPv6 address needs. */
void bus_servers_url(const struct bus_server *s, char out[BUS_HOST_LEN + 32]);
