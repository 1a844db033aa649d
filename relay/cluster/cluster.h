/* This relay as one node of a cluster (`creel-relay serve --cluster`): its connection to NATS, the bucket of records,
 * the other nodes, the tokens of all. serve.c makes the one there is. Without NATS the node goes on alone with what it
 * knows, and keeps trying. Loop thread. */
#pragma once

#include "relay/cluster/copies.h"
#include "relay/cluster/copy_message.h"
#include "relay/cluster/lookups.h"
#include "relay/cluster/record.h"
#include "relay/common/relay.h"

struct cluster;

struct cluster_events {
	/* A token was added, changed or revoked because another node said so. */
	void (*tokens_changed)(void *user);
	/* The cluster is impossible as it is set up, or another node has this one's id: the relay has to end with this
	 * error. Called at most once. */
	void (*refused)(void *user, const struct error *e);
	/* What this node has of the tunnel: clients that are here (node: this one), or away with a mailbox (no node),
	 * each with the generation that `moved` said, 0 when it has just joined or is recalled. False: nothing. */
	bool (*held)(void *user, const char *name, struct record_tunnel *out);
	/* The name that this node made up for the owner's client with that key, which left it last. False: none. */
	bool (*last_name)(void *user, const char *owner, struct bytes key, char name[LIMIT_TUNNEL_NAME + 1]);
	/* The record says this now, written by this node or by another. Clients at nodes that are gone are away in it.
	 */
	void (*moved)(void *user, const char *name, const struct record_tunnel *r);
	/* The name is another token's, which had it before. */
	void (*taken)(void *user, const char *name);
	/* The record could not be written, for other nodes changed it each time. */
	void (*contended)(void *user, const char *name);
	/* A copy of what waited at a node that is gone: the mailbox here for its client, which is made if there is none
	 * (0: out of memory); and that it came into it, so many bytes. */
	int64_t (*adopt)(void *user, const struct copy_message *m);
	void (*adopted)(void *user, const uint8_t id[RECORD_NODE_ID_LEN], const struct copy_message *m, size_t size);
	/* What another node said last of itself came from it a moment ago; it is gone; this node took over all that was
	 * copied of what waited there. */
	void (*node_heard)(void *user, const uint8_t id[RECORD_NODE_ID_LEN]);
	void (*node_gone)(void *user, const uint8_t id[RECORD_NODE_ID_LEN]);
	void (*node_adopted)(void *user, const uint8_t id[RECORD_NODE_ID_LEN]);
	/* A message came on this node's own subject (trunk.h). */
	void (*trunk)(void *user, struct bytes message);
};

/* Begins to connect. Needs relay->tokens. *out stays NULL where the relay is alone. False and *e: the options are
 * wrong, relay.db cannot be written, or this program was built without NATS. */
MUST_CHECK bool cluster_new(struct relay *relay, const struct cluster_events *events, void *user, struct cluster **out,
			    struct error *e);
/* Begins to copy what waits in the spool, and to adopt what others copied; not with --cluster-replicas 0. Before the
 * loop runs. */
MUST_CHECK bool cluster_begin_copies(struct cluster *c, struct spool *spool, struct error *e);
/* Before the spool is closed. Says goodbye to NATS and frees it; the loop has to run until its handles are closed. NULL
 * is fine. */
void cluster_close(struct cluster *c);

/* This node's id, made once and kept in relay.db. */
const uint8_t *cluster_id(const struct cluster *c);
/* Sends to a node's own subject. False: not connected, or the queue is full; it is not sent later. */
MUST_CHECK bool cluster_publish(struct cluster *c, const uint8_t node[RECORD_NODE_ID_LEN], struct bytes message);

/* ---- where tunnels are ---- */

/* What the node has of the tunnel changed: the others are told, as soon as NATS can be used. */
void cluster_tell(struct cluster *c, const char *name);
/* Who has the tunnel: as lookups_find and lookups_wait. Clients at nodes that are gone are away in *out. */
enum lookup cluster_find(struct cluster *c, const char *name, struct record_tunnel *out);
void cluster_wait(struct cluster *c, const char *name, struct lookups_waiter *w);
/* The name that another node made up for the owner's client with that key: as lookups_recall. */
enum lookup cluster_recall(struct cluster *c, const char *owner, struct bytes key, char name[LIMIT_TUNNEL_NAME + 1]);
/* As lookups_take_up. */
void cluster_take_up(struct cluster *c, const char *owner, struct bytes key);
/* Whether another run of the client takes that up at another node just now. */
bool cluster_has_rival(const struct cluster *c, const char *owner, struct bytes key);
/* How many lookups ended in each way. */
const uint64_t *cluster_lookups(const struct cluster *c);

/* ---- how it is ---- */

enum cluster_state {
	CLUSTER_STARTING, /* the tokens of the others have never been read */
	CLUSTER_AWAY,     /* NATS cannot be used at present */
	CLUSTER_CONNECTED,
};
enum cluster_state cluster_state(const struct cluster *c);
/* How many other nodes are there. */
size_t cluster_nodes(const struct cluster *c);
/* How many records and messages of others could not be read, and were dropped. */
uint64_t cluster_malformed(const struct cluster *c);
/* How many tunnels' records are still to be written. */
size_t cluster_unwritten(const struct cluster *c);
/* All nodes, as a JSON object for `creel-relay cluster status`; to be freed. NULL when out of memory. */
char *cluster_describe(const struct cluster *c);
/* How far copies have come; all 0 without. */
struct copies_figures cluster_copies(const struct cluster *c);
/* How many deliveries of nodes that are gone were taken over. */
uint64_t cluster_adopted(const struct cluster *c);
