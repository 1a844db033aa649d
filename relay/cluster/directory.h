/* The records `tunnel.<name>` of what this node has: written when a client joins here and when it is gone, on condition
 * of the revision that was read; where another node was faster, it is read again. What cannot be written, because NATS
 * is away, is written when it is back. Loop thread. */
#pragma once

#include <uv.h>

#include "relay/bus/kv.h"
#include "relay/cluster/record.h"

#define DIRECTORY_TRIES 5
#define DIRECTORY_LATER_MS 1000
#define DIRECTORY_AT_ONCE 64 /* records under way */

struct directory;

struct directory_events {
	/* What this node has of the tunnel, as record_merge_tunnels takes it. False: nothing. */
	bool (*held)(void *user, const char *name, struct record_tunnel *out);
	/* The record says this now, written by this node. */
	void (*written)(void *user, const char *name, const struct record_tunnel *r);
	/* The name is another token's, by this record, and was before it was taken here. */
	void (*taken)(void *user, const char *name, const struct record_tunnel *r);
	/* Other nodes changed the record each time that it was tried. */
	void (*contended)(void *user, const char *name);
	/* Whether a token of that name is good. */
	bool (*is_owner)(void *user, const char *owner);
};

/* NULL when out of memory. */
struct directory *directory_new(uv_loop_t *loop, struct kv *kv, const uint8_t self[RECORD_NODE_ID_LEN],
				const struct directory_events *events, void *user);
/* What is held of that name changed. */
void directory_write(struct directory *d, const char *name);
/* Whether that is not written yet. */
bool directory_is_due(const struct directory *d, const char *name);
/* How many are not written yet. */
size_t directory_pending(const struct directory *d);
uint64_t directory_malformed(const struct directory *d);
/* After bus_close, and before kv_close. `closed` is called on the loop. */
void directory_close(struct directory *d, void (*closed)(void *user), void *user);
