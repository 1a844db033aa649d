/* The tokens of all nodes as one: what is added, changed or revoked at one reaches the others by the records
 * `token.<name>`. A node's own relay.db stays the truth for what was done there; of two records the newer one counts,
 * and a secret that a node knows to be revoked stays revoked, whatever a replica of the bucket says: that node writes
 * it there again. Revoked tokens are kept. Loop thread. */
#pragma once

#include "relay/bus/kv.h"
#include "relay/names/tokens.h"

#define CLUSTER_TOKENS_LOOK_MS 500

struct cluster_tokens;

/* Watches "token" in the bucket from now on. `changed` is called when a token was added, changed or revoked here
 * because another node said so. NULL when out of memory. */
struct cluster_tokens *cluster_tokens_new(uv_loop_t *loop, struct kv *kv, struct tokens *tokens,
					  void (*changed)(void *user), void *user);
/* Whether all that the others know has been read once. */
bool cluster_tokens_are_read(const struct cluster_tokens *c);
/* How many records could not be read. */
uint64_t cluster_tokens_malformed(const struct cluster_tokens *c);
/* After bus_close, and before kv_close. `closed` is called on the loop. */
void cluster_tokens_close(struct cluster_tokens *c, void (*closed)(void *user), void *user);
