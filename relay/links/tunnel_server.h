/* The relay's WebSocket server for tunnels (libwebsockets): takes connected sockets and makes a `struct connection` of
 * each. Loop thread. */
#pragma once

#include "relay/net/peer.h"
#include "relay/common/relay.h"
#include "relay/common/throttle.h"

struct tunnel_server;

/* Makes the lws context on the relay's loop, with a TLS side when a certificate is configured. NULL and *e. */
struct tunnel_server *tunnel_server_new(struct relay *relay, struct error *e);
/* What is known of a socket that is handed to this server. */
struct tunnel_adopted {
	struct peer peer;                                                   /* whose it is */
	struct throttle_address address;                                    /* counted as connected until `closed` */
	void (*closed)(void *user, const struct throttle_address *address); /* libwebsockets has closed it */
	void *user;
};

/* Takes a connected socket, and closes it in the end; *adopted is copied. The first bytes, still unread, are those of a
 * tunnel's handshake: a whole head in the clear, a whole ClientHello under TLS. */
void tunnel_server_adopt(struct tunnel_server *s, int fd, bool tls, const struct tunnel_adopted *adopted);
/* Reads certificate and key again, for new handshakes. False and *e: the old ones stay in use. */
MUST_CHECK bool tunnel_server_reload(struct tunnel_server *s, struct error *e);
/* Lets nobody in without a token, though the relay has none: those of its cluster are still to come. */
void tunnel_server_want_tokens(struct tunnel_server *s);
/* Closes the tunnels whose token was revoked. */
void tunnel_server_check_tokens(struct tunnel_server *s);
/* Closes the handshakes that take too long, and the tunnels whose client does not read what waits for it, even if it
 * still sends; once a second. */
void tunnel_server_check_links(struct tunnel_server *s);
/* Sends GOAWAY to all clients; tunnel_server_close follows later. */
void tunnel_server_goaway(struct tunnel_server *s);
void tunnel_server_close(struct tunnel_server *s); /* closes every tunnel with 1001 */
/* On a libuv loop of ours lws 4.1.6 wants its context destroyed twice: now, to end its connections and begin closing
 * its handles, and once the loop has closed them (tunnel_server_free). */
void tunnel_server_end(struct tunnel_server *s);
void tunnel_server_free(struct tunnel_server *s);
