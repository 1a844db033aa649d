/* Clients at other nodes of the cluster, and other nodes' deliveries for clients here.
 *
 * The node that took a webhook runs its stream's whole life (relay/streams). Where the client is at another node, a
 * line on the trunk to that node (relay/trunk) is its carrier: crossing_line.c. At the node that has the client, the
 * line has a guest, which is a switch: it gives the streams numbers of the client's connection, from 1 upwards, and
 * rewrites that one field both ways: crossing_guest.c, crossing_stream.c.
 *
 * What waits for one client may lie at several nodes. Its node grants slots to those who would hand it out
 * (crossing_slots.c), and where there is one slot it asks the others first (crossing_ask.c). What a tunnel has waiting
 * counts over all nodes (crossing_levels.c).
 *
 * A line is opened when the directory says where a client is (crossing_learn), and closed when the client is neither
 * there nor expected. What a lost trunk or a moved client means for streams is what a lost connection does. Loop
 * thread. */
#pragma once

#include "relay/cluster/record.h"
#include "relay/common/relay.h"

struct client;
struct crossing;
struct level;
struct wire_frame;

struct crossing_events {
	/* Hands a message to another node, a copy; false: not now, and it is offered again. */
	bool (*publish)(void *user, const uint8_t node[RECORD_NODE_ID_LEN], struct bytes message);
	/* A client of the tunnel is not where it was, or cannot be reached: crossing_learn is to be called if the
	 * directory says where it is. Called again and again until it is found, or expected no more. */
	void (*ask)(void *user, const char *tunnel);
};

/* Needs relay->registry. `id`: this node's. NULL when out of memory. */
struct crossing *crossing_new(struct relay *relay, const uint8_t id[RECORD_NODE_ID_LEN],
			      const struct crossing_events *events, void *user);
/* Before the registry is closed: other nodes learn that the clients here will be elsewhere. Its memory is freed when
 * the loop has closed its handles. NULL is fine. */
void crossing_close(struct crossing *x);

/* A message came on this node's own subject. */
void crossing_receive(struct crossing *x, struct bytes message);
/* The directory says whose the tunnel is, which is its owner's name at this node too, and where its clients are: opens
 * lines to those that are at other nodes, and closes those of clients that left. */
void crossing_learn(struct crossing *x, const char *tunnel, const struct record_tunnel *record);
/* The directory says that the node is there, and again while it is; that it is gone. */
void crossing_node_heard(struct crossing *x, const uint8_t id[RECORD_NODE_ID_LEN]);
void crossing_node_gone(struct crossing *x, const uint8_t id[RECORD_NODE_ID_LEN]);
/* So much of what waited there was taken over here; and all that was copied of it: tells the others what is left. */
void crossing_adopted(struct crossing *x, const uint8_t id[RECORD_NODE_ID_LEN], const struct level *v);
void crossing_node_adopted(struct crossing *x, const uint8_t id[RECORD_NODE_ID_LEN]);
/* How many messages of others made no sense, and how many bytes went and came. */
uint64_t crossing_malformed(const struct crossing *x);
uint64_t crossing_bytes(const struct crossing *x);

/* ---- for relay/links ---- */

/* Takes a frame of a client here, if it is on a stream of another node. False: it is not. *fault: NULL, or how it
 * breaks the protocol; the connection is then to be closed. */
bool crossing_take_frame(struct client *c, const struct wire_frame *f, const char **fault);
/* To be called when the client's connection takes body bytes again. */
void crossing_pump(struct client *c);
