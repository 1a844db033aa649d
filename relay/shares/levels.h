/* What waits for each client, here and at the other nodes of a cluster, since --spool-max-bytes holds for a tunnel at
 * all of them together. Changes here are numbered, so that each other node can be told what it has not heard yet; of
 * the others their last word counts, also while they are away. Pure; loop thread. */
#pragma once

#include "shared/base/bytes.h"

#define LEVELS_NODE_LEN 16

struct levels;

/* A client's mailbox at one node. */
struct level {
	struct bytes tunnel, key; /* at most 255 bytes each */
	uint64_t count, bytes;
	uint64_t number; /* of the change; the last ones are the highest */
};

/* NULL when out of memory. */
struct levels *levels_new(void);
void levels_free(struct levels *l);

/* ---- here ---- */

/* What waits in a mailbox here has changed. False when out of memory: it goes untold. */
MUST_CHECK bool levels_note(struct levels *l, const struct level *v);
/* The first change after that number; false: there is none. Borrowed until the next call that is not const. */
bool levels_next(const struct levels *l, uint64_t number, struct level *out);
/* All others were told of the changes up to that number: mailboxes where nothing waits may be forgotten. */
void levels_told(struct levels *l, uint64_t number);

/* ---- at other nodes ---- */

/* That node says what waits there. False when out of memory. */
MUST_CHECK bool levels_take(struct levels *l, const uint8_t node[LEVELS_NODE_LEN], const struct level *v);
/* What that node has said does not count any more. */
void levels_forget(struct levels *l, const uint8_t node[LEVELS_NODE_LEN]);
/* Bytes that wait for the tunnel at all other nodes. `l` may be NULL. */
uint64_t levels_elsewhere(const struct levels *l, const char *tunnel);
