/* One WebSocket of a client at the relay: its handshake and its frames. tunnel_server.c makes and ends it. Loop thread.
 */
#pragma once

#include "relay/common/throttle.h"
#include "relay/tunnels/registry.h"
#include "relay/tunnels/tokens.h"
#include "shared/wire/link.h"

struct tunnel_server;

struct connection {
	struct tunnel_server *server;
	struct relay *relay;
	struct link *link;
	struct connection *next, **back; /* all of the server's */
	struct client *client;           /* NULL before HELLO, and when another connection took its place */
	bool welcomed;
	bool clean; /* the client closed with 1000: it does not come back at once */
	char owner[65];
	uint64_t owner_mark; /* of the very token */
	struct throttle_address address;
	char peer[PEER_TEXT_LEN];
	char secret[TOKEN_TEXT_LEN + 2]; /* of the handshake, wiped after HELLO */
};

extern const struct link_ops connection_link_ops;

void connection_send_note(struct connection *c, enum wire_type type, enum wire_notice code, uint64_t number,
			  const char *text);
/* Says why and closes; the client has no grace. */
void connection_refuse(struct connection *c, enum wire_notice code, const char *text);
/* The tunnel's name, or "" before HELLO. */
const char *connection_tunnel(const struct connection *c);
