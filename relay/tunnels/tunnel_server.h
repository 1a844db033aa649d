/* The WebSocket end of the tunnels (libwebsockets): takes sockets, makes a connection of each. Loop thread. */
#pragma once

#include "relay/common/peer.h"
#include "relay/common/relay.h"

struct tunnel_server;

/* Makes the lws context on the relay's loop, with a TLS side when a certificate is configured. NULL and *e. */
struct tunnel_server *tunnel_server_new(struct relay *relay, struct error *e);
/* Takes a connected socket whose first bytes are a tunnel's (still unread in the socket). `peer` is who it is of. */
void tunnel_server_adopt(struct tunnel_server *s, int fd, bool tls, const struct peer *peer);
/* Reads certificate and key anew for handshakes to come; those that stand stay. */
MUST_CHECK bool tunnel_server_reload(struct tunnel_server *s, struct error *e);
/* Closes tunnels whose token is gone. */
void tunnel_server_check_tokens(struct tunnel_server *s);
/* Sends GOAWAY to all; later tunnel_server_close. */
void tunnel_server_goaway(struct tunnel_server *s);
void tunnel_server_close(struct tunnel_server *s); /* closes every tunnel with 1001 */
/* On a foreign libuv loop lws 4.1.6 wants its context destroyed twice: to end its connections and start closing its
 * handles (this), and when the loop has closed them (tunnel_server_free). */
void tunnel_server_end(struct tunnel_server *s);
void tunnel_server_free(struct tunnel_server *s);
