/* A connection through a proxy for libwebsockets. Version 4.1.6 speaks only to HTTP proxies and cannot use a connection
 * that others made, so it connects to a port of this machine, open for that one connection; what it sends there is
 * carried to the relay, and back. Loop thread. */
#pragma once

#include <uv.h>

#include "client/proxy/proxy_dial.h"

struct proxy_way;

struct proxy_way_ops {
	/* The connection to the relay is open: connect to `port` of 127.0.0.1 and call proxy_way_expect. */
	void (*opened)(void *user, int port);
	/* It cannot be opened. `seen` has status and detail, borrowed for the call. Call proxy_way_end. */
	void (*failed)(void *user, enum reason why, const struct facts *seen);
};

/* What `to` names may go when this returns. One of the ops is called later. NULL: out of memory or descriptors. */
struct proxy_way *proxy_way_new(uv_loop_t *loop, const struct proxy_dial *to, const struct proxy_way_ops *ops,
				void *user);
/* Only this socket's connection is taken: other users of this machine may find the port. */
void proxy_way_expect(struct proxy_way *w, int fd);
/* No op is called any more. What is still on its way to the relay gets a second; then all is closed and freed. NULL is
 * allowed. */
void proxy_way_end(struct proxy_way *w);
