/* One WebSocket of a client at the relay. tunnel_server.c makes and ends it; connection.c only sends on it, so that
 * tunnels, streams and the registry may call it; relay/links receives. Loop thread. */
#pragma once

#include "relay/cluster/lookups.h"
#include "relay/net/peer.h"
#include "relay/common/relay.h"
#include "relay/common/throttle.h"
#include "relay/names/tokens.h"
#include "relay/tunnels/carrier.h"
#include "relay/tunnels/late_flush.h"
#include "shared/wire/link.h"

struct client;
struct lws;
struct tunnel_server;

/* For how long a client counts as there for certain: one that joined, whose record is asked for at once, and one that
 * answered connection_ask, so that a slow directory does not ask for ever; ms. */
#define CONNECTION_JOINED_MS 250
#define CONNECTION_ANSWERED_MS 2000

enum ask { ASK_NONE, ASK_DUE, ASK_SENT };

struct connection {
	struct tunnel_server *server;
	struct lws *wsi;
	struct relay *relay;
	struct link *link;
	struct carrier carrier;         /* the link as one: connection_carry */
	struct connection *prev, *next; /* all of the server's (utlist) */
	struct late_flush *late;        /* of all of them; NULL: nothing is sent late */
	struct connection *late_next;   /* in the list of `late` */
	struct client *client;          /* NULL before HELLO, and after another took its place */
	struct throttle_address address;
	struct lookups_waiter lookup; /* of the name that HELLO asks for, in a cluster */
	struct buffer hello;          /* its payload meanwhile */
	struct entry *entry;          /* its name is being written (relay/links/connection_entry.h); NULL: none */
	uint64_t sure_until_ms;       /* loop time: until then the client counts as there for certain */
	uint64_t asked_ms;            /* loop time, and what the ping says; of `ask` */
	enum ask ask;                 /* whether it is there still */
	uint64_t owner_stamp;         /* of this token, not of a later one of the same name */
	bool welcomed;
	bool waits_late;
	bool clean;                         /* the client closed with 1000: it does not come back at once */
	char owner[65];                     /* the token's name */
	char tunnel[LIMIT_TUNNEL_NAME + 1]; /* that it was let hold; empty before */
	char peer[PEER_TEXT_LEN];
	char secret[TOKEN_TEXT_LEN + 2]; /* of the handshake, wiped after HELLO */
};

/* Gives the connection its link, which is then its carrier too. */
void connection_carry(struct connection *c, struct link *link);
/* Sends a NOTICE or GOAWAY (`type`) with this code, number and sentence. */
void connection_send_note(struct connection *c, enum wire_type type, enum wire_notice code, uint64_t number,
			  const char *text);
/* Whether its client is there for certain: one that went to another node does not tell, and a connection that was cut
 * looks as a quiet one does. */
bool connection_is_sure(const struct connection *c);
/* Asks the client by a ping of its own (RFC 6455 §5.5.2), unless one is under way: connection_take_pong gets the
 * answer. */
void connection_ask(struct connection *c);
/* For the writable callback while `ask` is due: sends the ping. 0, or -1 to close. */
int connection_send_ping(struct connection *c);
/* A pong came. True: it answers connection_ask, and the client is there. Those of older pings say nothing, for they may
 * have lain in the socket. */
bool connection_take_pong(struct connection *c, struct bytes payload);
/* Sends a NOTICE with the reason and closes with 1008; the client gets no grace. */
void connection_refuse(struct connection *c, enum wire_notice code, const char *text);
/* The name of the tunnel that it holds or held, or "" before HELLO. Lives as long as the connection. */
const char *connection_tunnel(const struct connection *c);
/* The same for a connection whose place another takes: it has no client any more. `c` may be NULL. */
void connection_send_away(struct connection *c, enum wire_notice code, const char *text);
