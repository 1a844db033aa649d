/* The way to each of the other nodes of a cluster, over a transport that forgets silently (relay/bus). Messages of both
 * ends are numbered and say what came of the other's. Where one is missing, where the other end has started over, or
 * where it does not answer for TRUNK_SILENT_MS, a trunk starts over: what was under way is lost, and its user is told.
 * So what comes between two losses comes whole and in order, or not at all.
 *
 *    unknown ── the other's first message ─▶ joined ── a gap, another epoch, silence ─▶ unknown
 *
 * Nothing is sent again. Loop thread. */
#pragma once

#include <uv.h>

#include "relay/trunk/trunk_message.h"

#define TRUNK_PROBE_MS 1000
#define TRUNK_SILENT_MS 5000
#define TRUNK_WINDOW (16u << 20) /* bytes sent and not known to have come, with what waits to be sent */

struct trunk;
struct trunk_set; /* all of a node's */

struct trunk_events {
	/* Hands over a message, a copy; false: not now, and it is offered again. */
	bool (*publish)(void *user, const uint8_t node[TRUNK_NODE_LEN], struct bytes message);
	/* A part came; it is borrowed for the call. False: it makes no sense, and the trunk starts over. */
	bool (*part)(void *user, struct trunk *t, const struct trunk_part *p);
	/* The trunk started over: no line of it is open any more. New ones may be opened at once. `silent_ms`: for how
	 * long the other end had not answered; 0: it did, or has started over itself. */
	void (*lost)(void *user, struct trunk *t, uint64_t silent_ms);
	/* trunk_may_send was false, and may be true now. */
	void (*drained)(void *user, struct trunk *t);
	/* Whether anything depends on the other end being there: if so, it is probed. */
	bool (*waits)(void *user, const struct trunk *t);
};

struct trunk_settings {
	uint8_t id[TRUNK_NODE_LEN];   /* this node's */
	uint64_t probe_ms, silent_ms; /* 0: those above; others in tests */
};

/* `user` is that of the events. NULL when out of memory. */
struct trunk_set *trunk_set_new(uv_loop_t *loop, const struct trunk_settings *settings,
				const struct trunk_events *events, void *user);
/* Publishes what waits, as far as that is possible at once, and frees the set with its trunks. The memory is freed when
 * the loop has closed its handles. */
void trunk_set_free(struct trunk_set *s);
/* To be called with each message that came to this node. One that is malformed, or not of another node, is dropped and
 * counted. */
void trunk_receive(struct trunk_set *s, struct bytes message);
/* How many messages were dropped so, and how many bytes of messages went and came. */
uint64_t trunk_malformed(const struct trunk_set *s);
uint64_t trunk_bytes(const struct trunk_set *s);

/* The trunk to that node, a new one where there is none. NULL: it is this node, there are 1,024, or out of memory.
 * Lives until it is forgotten, or as long as the set. */
struct trunk *trunk_to(struct trunk_set *s, const uint8_t node[TRUNK_NODE_LEN]);
/* Frees one over which nothing is under way; false: something is. Its node, should it come back, starts over. Never
 * from within an event. */
MUST_CHECK bool trunk_forget(struct trunk *t);
const uint8_t *trunk_node(const struct trunk *t);
/* The user's own. */
void trunk_set_data(struct trunk *t, void *data);
void *trunk_data(const struct trunk *t);

/* Whether parts that may wait should be sent: less than TRUNK_WINDOW is under way. */
bool trunk_may_send(const struct trunk *t);
/* Sends a part: at once, or together with what the next turns of the loop bring, within a third of a millisecond. Where
 * memory runs out the trunk starts over, then too. */
void trunk_send(struct trunk *t, const struct trunk_part *p);
/* The same for what nobody waits for: it leaves with what is sent next, or some milliseconds later. */
void trunk_send_late(struct trunk *t, const struct trunk_part *p);
