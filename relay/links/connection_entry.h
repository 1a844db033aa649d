/* Connections whose HELLO is good, while the names that they take are written: all of a turn of the loop by one sync of
 * the disk. Loop thread. */
#pragma once

#include <uv.h>

#include "relay/common/limits.h"
#include "shared/base/buffer.h"

struct connection;
struct tokens;

/* One of them; c->entry. */
struct entry {
	struct connection *of;
	struct entry *prev, *next;
	struct buffer hello; /* its payload */
	char name[LIMIT_TUNNEL_NAME + 1];
	bool random_name, probe;
};

/* All of a tunnel server's; a member of it. */
struct entries {
	struct tokens *tokens;
	struct entry *list; /* utlist, the oldest first */
	uv_idle_t settle;
	/* The name is written, or (`fine` false) it could not be. The entry is not in the list any more, and is freed
	 * after the call. */
	void (*over)(const struct entry *e, bool fine);
};

void connection_entry_init(struct entries *all, uv_loop_t *loop, struct tokens *tokens,
			   void (*over)(const struct entry *e, bool fine));
/* Takes over the names that are claimed and not written, in the next turn, also where nobody waits for them. */
void connection_entry_settle_soon(struct entries *all);
/* The connection waits for that; copies both. False when out of memory. */
MUST_CHECK bool connection_entry_wait(struct entries *all, const struct entry *e, struct bytes hello);
/* Whether one of them waits for that name. */
bool connection_entry_is_waiting(const struct entries *all, const char *name);
/* Before the connection's memory goes. */
void connection_entry_leave(struct entries *all, struct connection *c);
/* Closes its handle, if it is not closed yet. */
void connection_entry_close(struct entries *all);
