/* Second copies of what waits in this node's spool, in JetStream's stream CREEL_COPY, for a node whose disk never comes
 * back. A sender that gets 202 waits until its delivery is copied, or COPIES_LATE_MS; once one was late, none waits
 * until a copy is acknowledged again. What is not copied yet is published when NATS is there; what the client recorded
 * is deleted there in its own time. An acknowledgement of NATS 2.9 means written, not synced: creel-relay(8) says what
 * a copy is worth. Loop thread. */
#pragma once

#include "relay/bus/kv.h"
#include "relay/cluster/record.h"
#include "relay/spool/spool.h"

#define COPIES_STREAM "CREEL_COPY"
#define COPIES_PREFIX "creel.copy."
#define COPIES_LATE_MS 2000

struct copies;

struct copies_settings {
	uint8_t node[RECORD_NODE_ID_LEN];
	unsigned replicas;
	uint64_t max_age_ms; /* of --spool-max-age */
};

struct copies_figures {
	uint64_t pending; /* not acknowledged yet, of those that are known */
	uint64_t late;    /* senders that were answered without a copy */
};

/* NULL when out of memory. */
struct copies *copies_new(uv_loop_t *loop, struct bus *bus, struct kv *kv, struct spool *spool,
			  const struct copies_settings *settings);
struct copies_figures copies_figures(const struct copies *c);
/* After bus_close, and before the spool is closed: answers all senders. `closed` is called on the loop. */
void copies_close(struct copies *c, void (*closed)(void *user), void *user);
