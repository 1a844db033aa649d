/* Reads what the relay sends once the WebSocket is open, in the place of libwebsockets, which goes on to write:
 * its 4.1.6 client takes each byte through a state machine, which was a fifth of the client's work for small deliveries
 * and the bound for large ones. wslay takes the frames apart. Loop thread. */
#pragma once

#include <uv.h>

#include "shared/base/bytes.h"

struct ssl_st;
struct tunnel_reader;

struct tunnel_reader_ops {
	/* Something came: the relay is there. */
	void (*on_life)(void *user);
	/* A piece of a message; `ends` with its last. Borrowed for the call. */
	void (*on_message)(void *user, struct bytes piece, bool binary, bool ends);
	/* Control frames (RFC 6455 §5.5), their payload borrowed for the call. */
	void (*on_ping)(void *user, struct bytes payload);
	void (*on_pong)(void *user, struct bytes payload);
	void (*on_close)(void *user, struct bytes payload);
	/* The relay sent a frame that it may not send; `why` says which. The connection is to be closed with 1002. */
	void (*on_wrong)(void *user, const char *why);
	/* The connection ended; nothing more is read. */
	void (*on_end)(void *user);
};

/* Reads from lws' socket `fd`, through its `tls` (an SSL), or plain when that is NULL. Both still belong to lws, which
 * must not read any more, and must outlive the reader. NULL when out of memory or descriptors. */
struct tunnel_reader *tunnel_reader_new(uv_loop_t *loop, int fd, struct ssl_st *tls,
					const struct tunnel_reader_ops *ops, void *user);
/* From here on nothing is called. The memory is freed when the loop has closed a handle. May be called from within its
 * callbacks, and with NULL. */
void tunnel_reader_free(struct tunnel_reader *r);
