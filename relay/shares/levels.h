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

/* ---- at other nodes: times are microseconds since 1970 ---- */

#define LEVELS_KEPT_MOST 65536 /* mailboxes that are kept for the next start */

/* That node says what waits there. False when out of memory. */
MUST_CHECK bool levels_take(struct levels *l, const uint8_t node[LEVELS_NODE_LEN], const struct level *v,
			    uint64_t now_us);
/* What that node has said does not count any more. */
void levels_forget(struct levels *l, const uint8_t node[LEVELS_NODE_LEN]);
/* What was said before that time counts no more, but for nodes that are there: those say what is so. */
void levels_expire(struct levels *l, uint64_t before_us,
		   bool (*is_there)(void *user, const uint8_t node[LEVELS_NODE_LEN]), void *user);
/* Bytes that wait for the tunnel at all other nodes. `l` may be NULL. */
uint64_t levels_elsewhere(const struct levels *l, const char *tunnel);

/* So much of what that node had waiting was taken over here: the rest still counts. False when out of memory. */
MUST_CHECK bool levels_adopt(struct levels *l, const uint8_t node[LEVELS_NODE_LEN], const struct level *v,
			     uint64_t now_us);
/* The rest of each mailbox of which something was taken over, at `at_us`; of that node, or of all (NULL). What it is
 * told must not change `l`. */
void levels_each_adopted(const struct levels *l, const uint8_t *node,
			 void (*each)(void *user, const uint8_t node[LEVELS_NODE_LEN], const struct level *v,
				      uint64_t at_us),
			 void *user);
/* Another node says so: a rest that was heard before, or is older than the node's own word, changes nothing. False when
 * out of memory. */
MUST_CHECK bool levels_take_adopted(struct levels *l, const uint8_t node[LEVELS_NODE_LEN], const struct level *v,
				    uint64_t at_us);

/* What is kept of a mailbox at another node, since it counts after the next start too. */
struct levels_row {
	uint8_t node[LEVELS_NODE_LEN];
	struct level level;     /* its texts lie in `name` where levels_next_row filled it */
	uint64_t said_at_us;    /* by that node */
	uint64_t adopted_at_us; /* when some of it was taken over since then; 0: nothing was */
	uint8_t name[2 * 255];
};
/* A row that has changed since it was given out last; without both a count and adopted_at_us it is to be deleted.
 * False: none has. */
bool levels_next_row(struct levels *l, struct levels_row *out);
/* A row of an earlier run: it counts, unless more has been said meanwhile, or the node `has_said` what is so. */
MUST_CHECK bool levels_recall(struct levels *l, const struct levels_row *row, bool has_said);
/* A row that was given out could not be kept, or deleted: it is given out again. */
void levels_keep_again(struct levels *l, const struct levels_row *row);
