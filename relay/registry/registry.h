/* The tunnels that are known at the relay, and what becomes of them: clients that join, are lost or replaced, webhooks
 * that arrive, names that are forgotten. Files, each calling only those before it: registry_clients.c, registry_away.c,
 * registry_names.c, registry_join.c, registry_elsewhere.c, registry.c; registry_dispatch.c calls none of them. Loop
 * thread. */
#pragma once

#include "relay/cluster/record.h"
#include "relay/tunnels/tunnel.h"

struct registry {
	struct tunnel_table table;
	uv_timer_t sweep;
	uint64_t all_due;   /* loop ms: when all tunnels are looked at again */
	int64_t names_seen; /* tokens_changed_elsewhere */
};

/* What a client asked for in its HELLO. */
struct join {
	const char *name, *owner;
	bool random_name, probe;
	struct bytes key, nonce;
	uint32_t options, features, drain_parallel;
};

/* Opens the spool in the data folder and takes up the mailboxes it knows. NULL and *e. */
struct registry *registry_new(struct relay *relay, struct error *e);
/* Closes the spool; `closed` is called on the loop when all is committed. Then registry_free. */
void registry_close(struct registry *r, void (*closed)(void *user), void *user);
void registry_free(struct registry *r);
/* The data folder: where large bodies go. */
const char *registry_folder(const struct registry *r);

/* ---- registry_clients.c ---- */

/* A new client of the tunnel, neither current nor here. NULL when out of memory. */
struct client *registry_add_client(struct tunnel *t, struct bytes key);
/* Forgets clients that are neither current nor waited for. */
void registry_drop_old_clients(struct tunnel *t);
/* Forgets a tunnel that is idle, and its clients; they leave their mailboxes. */
void registry_forget_tunnel(struct tunnel *t);
/* At the relay's end: frees all tunnels with what is under way. Their mailboxes stay. */
void registry_free_tunnels(struct registry *r);

/* Who has the tunnel here changed: in a cluster the other nodes are told. */
void registry_tell_others(const struct tunnel *t);

/* ---- registry_names.c ---- */

/* The random name that the client with that key had last, if nobody uses it now; otherwise false. */
bool registry_last_name(const struct registry *r, const char *owner, struct bytes key, char out[TUNNEL_NAME_MAX + 1]);
/* Forgets the owner's random name that has been idle for longest. False when none of them is idle. */
bool registry_forget_unused(struct registry *r, const char *owner);
/* Forgets the tunnel and its name where its time has come: a probe's, a freed one, and a random one that nobody came
 * back to; nothing while something waits for it. */
void registry_forget_old_name(struct tunnel *t, uint64_t wall_us);
/* Looks for names that another process has freed, and sends their clients away. */
void registry_check_names(struct registry *r);
/* Whether the name belongs to nobody. False also when that cannot be read. */
bool registry_name_is_freed(const struct registry *r, const char *name);

/* ---- registry_join.c ---- */

/* Gives the connection to the client that asks to join; those that it displaces are notified. *resumed: its streams go
 * on. NULL when too many share the tunnel or memory ran out. */
struct client *registry_join(struct registry *r, struct connection *connection, const struct join *j, bool *resumed);
/* To be called after WELCOME was appended: sends RESUME frames, goes on with streams, reports gaps, begins to hand out
 * the spool. */
void registry_online(struct client *c, bool resumed);
/* The client that j->key names is at another node: it has its place here, as one whose connection was lost a moment
 * ago. Those that it displaces are notified. NULL when too many share the tunnel or memory ran out. */
struct client *registry_expect(struct registry *r, const struct join *j);
/* That node says that it is there, and `way` leads to it. Not resumed: it knows none of its streams. */
void registry_came(struct client *c, struct carrier *way, bool resumed);

/* ---- registry_away.c ---- */

/* To be called when the connection is gone; `grace`: the client may come back. */
void registry_lost(struct client *c, bool grace);
/* Tells those of other nodes who have deliveries for the client that it left. */
void registry_tell_left(struct client *c, enum client_left why);
/* Without grace, or when it is over: what the client has not recorded goes to its mailbox. */
void registry_give_up_streams(struct client *c, enum refusal why);
/* Lets what is under way begin again on the next connection; a sender's WebSocket cannot, and ends. */
void registry_restart_streams(struct client *c);
/* For a name that went to another owner, or to none: what is sealed waits for the holder of its key; the rest is
 * removed, because it is not meant for the new owner. */
void registry_part_with(struct client *c, const char *why);
/* Closes the tunnel for the operator: its clients are notified and disconnected, and what they did not record waits for
 * them. The name stays with its owner. Returns how many clients there were. */
size_t registry_drop(struct tunnel *t, const char *why);
/* At the relay's end: ends the WebSockets of senders, which would otherwise go on. */
void registry_end_upgrades(struct registry *r);
/* At the relay's end: gives up everything that waits for a client or its answer. */
void registry_spool_all(struct registry *r);

/* ---- registry_elsewhere.c: the other nodes of a cluster, of which this one has the id `node` ---- */

/* Before registry_describe is written: asks those clients that joined a while ago, and are in no record yet, whether
 * they are still there. Who answers is told of anew; until then they are described as away. */
void registry_ask_unsure(const struct registry *r, const char *name);
/* What this node has of the tunnel, for cluster.h. False: nothing that others have to know. */
bool registry_describe(const struct registry *r, const char *name, const uint8_t node[RECORD_NODE_ID_LEN],
		       struct record_tunnel *out);
/* A record says this of a tunnel: clients that are beaten by later ones are notified and lose their place. */
void registry_note_record(struct registry *r, const char *name, const struct record_tunnel *record,
			  const uint8_t node[RECORD_NODE_ID_LEN]);
/* Whether a client of it is here, so that no other node need be asked. */
bool registry_has_client(const struct registry *r, const char *name);
/* Whether a client of it is at another node. */
bool registry_is_elsewhere(const struct tunnel *t);
/* What a lookup found: the tunnel is known here too from now on, with mailboxes for its clients. */
void registry_take_record(struct registry *r, const char *name, const struct record_tunnel *record,
			  const uint8_t node[RECORD_NODE_ID_LEN]);
/* The mailbox here for the one client of that record, whose deliveries waited at a node that is gone; 0: out of memory.
 */
int64_t registry_adopt(struct registry *r, const char *name, const struct record_tunnel *one,
		       const uint8_t node[RECORD_NODE_ID_LEN]);
/* Something was put into mailboxes of the tunnel that did not come by it. */
void registry_hand_out(struct registry *r, const char *name);
/* The name is another token's, which had it before: it is not this node's to give any more. */
void registry_give_name_away(struct registry *r, const char *name);
/* Sends away those whose joining the other nodes could not be told. */
void registry_name_is_contended(struct registry *r, const char *name);

/* ---- registry_dispatch.c ---- */

/* Whether a request may be taken for the tunnel, before its body comes. */
enum refusal registry_admit(const struct tunnel *t, struct bytes method);
/* Whether a client is there that can pass a WebSocket on. */
bool registry_passes_upgrades(const struct tunnel *t);
/* Opens a stream for each of the tunnel's clients. */
enum refusal registry_dispatch(struct tunnel *t, struct delivery *d);
/* client_tell_refused for all of the tunnel's clients. */
void registry_tell_refused(struct tunnel *t, const struct delivery *d, int status);
