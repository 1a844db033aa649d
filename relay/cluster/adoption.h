/* What waits at a node that is gone: one of the others claims it (`adopt.<id>` in the bucket), reads its copies, puts
 * them into its own spool, and deletes them there. When the node comes back it hands out what it has all the same; the
 * clients' stores take each event once. Loop thread. */
#pragma once

#include "relay/bus/kv.h"
#include "relay/cluster/record.h"
#include "relay/cluster/copy_message.h"
#include "relay/spool/spool.h"

struct adoption;

struct adoption_settings {
	uint8_t node[RECORD_NODE_ID_LEN]; /* this one */
	uint64_t after_ms;                /* how long a node has not been heard before it is adopted */
};

struct adoption_events {
	/* The mailbox here for the client of a copy, which is made if there is none; 0: out of memory. */
	int64_t (*mailbox)(void *user, const struct copy_message *m);
	/* What waited at that node, so many bytes, came into that mailbox. */
	void (*put)(void *user, const uint8_t id[RECORD_NODE_ID_LEN], const struct copy_message *m, size_t size);
	/* All copies of that node were taken over. */
	void (*over)(void *user, const uint8_t id[RECORD_NODE_ID_LEN]);
	/* Whether that node is there. */
	bool (*is_there)(void *user, const uint8_t id[RECORD_NODE_ID_LEN]);
};

/* NULL when out of memory. */
struct adoption *adoption_new(uv_loop_t *loop, struct bus *bus, struct kv *kv, struct spool *spool,
			      const struct adoption_settings *settings, const struct adoption_events *events,
			      void *user);
/* A node is gone, or there again. */
void adoption_gone(struct adoption *a, const uint8_t id[RECORD_NODE_ID_LEN]);
void adoption_came(struct adoption *a, const uint8_t id[RECORD_NODE_ID_LEN]);
/* A node that is gone will not come back: who claimed it is forgotten, here and in the bucket. */
void adoption_past(struct adoption *a, const uint8_t id[RECORD_NODE_ID_LEN]);
/* How many deliveries were taken over, and how many copies could not be read. */
uint64_t adoption_count(const struct adoption *a);
uint64_t adoption_malformed(const struct adoption *a);
/* After bus_close, and before the spool is closed. `closed` is called on the loop. */
void adoption_close(struct adoption *a, void (*closed)(void *user), void *user);
