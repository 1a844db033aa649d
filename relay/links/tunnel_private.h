/* What the files of this folder share: the server of the tunnels, and the functions that take a connection's frames.
 * Loop thread. */
#pragma once

#include "relay/common/silent.h"
#include "relay/tunnels/connection.h"
#include "relay/links/connection_entry.h"
#include "relay/links/tunnel_server.h"

#include <libwebsockets.h>
#include <openssl/ssl.h>

struct tunnel_server {
	struct relay *relay;
	struct lws_context *context;
	struct lws_vhost *plain, *tls;
	SSL_CTX *tls_context; /* of the tls vhost; lws's */
	struct connection *all;
	struct late_flush late;
	struct entries entries;
	/* handshakes.h */
	struct adopted *unfinished; /* those with a deadline, the oldest first */
	struct silent by_address;   /* all */
	size_t unfinished_count;
	struct silent waiting; /* for their turn */
	uv_timer_t turns;
	int64_t may_begin;        /* thousandths of a handshake that may begin now */
	uint64_t may_begin_since; /* loop ms */
	bool closed;              /* no more are taken */

	lws_retry_bo_t keepalive;
	bool wants_tokens; /* there were some once */
};

/* The handshake was over outside of a callback of lws: its deadline and its place are given back. */
void tunnel_server_welcomed(const struct connection *c);
/* connection_hello.c: HELLO, the first frame. False: the connection is to be closed (link.h). */
MUST_CHECK bool connection_on_hello(struct connection *c, const struct wire_frame *f);
/* The same, later: the name of its HELLO is on disk, or (`fine` false) could not be written. */
void connection_on_entry(const struct entry *e, bool fine);
/* connection_frames.c: what comes on a connection. */
extern const struct link_ops connection_link_ops;
