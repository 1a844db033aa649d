/* Which nodes of the cluster there are. This one writes its record every NODES_WRITE_MS; a node whose record is not
 * written again for NODES_GONE_MS is gone. That is measured by this node's own clock, from when a record came, and
 * never judged while this node cannot write its own: then it may be the one that is away. Loop thread. */
#pragma once

#include <uv.h>

#include "relay/bus/kv.h"
#include "relay/cluster/record.h"

#define NODES_WRITE_MS 2000
#define NODES_GONE_MS 15000

struct nodes;

struct nodes_settings {
	uint8_t id[RECORD_NODE_ID_LEN]; /* made once, kept in the data folder */
	struct record_node self;
	uint64_t write_ms, gone_ms; /* 0: those above; others in tests */
	/* For how long a record stays at least that came from its node, however old it says it is: the node's clock may
	 * be wrong, and what waited there is still to be taken over. */
	uint64_t kept_ms;
};

struct nodes_events {
	/* It is there, or there again with another epoch, having forgotten what was under way. */
	void (*came)(void *user, const uint8_t id[RECORD_NODE_ID_LEN], uint64_t epoch);
	void (*gone)(void *user, const uint8_t id[RECORD_NODE_ID_LEN]);
	/* It has been gone for so long that it will not come back: its record is removed. NULL: nobody wants to know.
	 */
	void (*past)(void *user, const uint8_t id[RECORD_NODE_ID_LEN]);
	/* It was there a moment ago: each of its records; NULL: nobody wants to know. */
	void (*heard)(void *user, const uint8_t id[RECORD_NODE_ID_LEN]);
	/* Another one that runs has this node's id, and has had it for longer: a data folder was copied. */
	void (*cloned)(void *user);
	/* Fills the figures of this node's record, which is about to be written; NULL: there are none. */
	void (*measure)(void *user, struct record_node *self);
};

/* Watches "node" in the bucket from now on. NULL when out of memory. */
struct nodes *nodes_new(uv_loop_t *loop, struct kv *kv, const struct nodes_settings *settings,
			const struct nodes_events *events, void *user);
/* The epoch of another one; 0: it is not there. */
uint64_t nodes_epoch(const struct nodes *n, const uint8_t id[RECORD_NODE_ID_LEN]);
/* Whether that run of a node may be there; one that has not been heard may, until this node has been there for as long
 * as a node may be silent. */
bool nodes_may_have(const struct nodes *n, const uint8_t id[RECORD_NODE_ID_LEN], uint64_t epoch);
/* All that are there with their last record, this one first. */
void nodes_each(const struct nodes *n,
		void (*each)(void *user, const uint8_t id[RECORD_NODE_ID_LEN], const struct record_node *r),
		void *user);
/* How many others are there. */
size_t nodes_count(const struct nodes *n);
/* How many records could not be read. */
uint64_t nodes_malformed(const struct nodes *n);
/* After bus_close, and before kv_close. `closed` is called on the loop. */
void nodes_close(struct nodes *n, void (*closed)(void *user), void *user);
