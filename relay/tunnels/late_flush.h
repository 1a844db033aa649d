/* Frames that nobody waits for, a DONE above all, leave with the next that somebody does, or LATE_MS later by
 * themselves: where webhooks come one after the other that is half of the writes to the client, and of what wakes it.
 * Loop thread. */
#pragma once

#include <stdbool.h>
#include <uv.h>

struct connection;

/* Of all connections of a relay; a member of who has them. */
struct late_flush {
	uv_timer_t timer;
	struct connection *first;
};

void late_flush_init(struct late_flush *l, uv_loop_t *loop);
/* What was appended to the connection's link leaves in LATE_MS, if nothing takes it along before. */
void late_flush_add(struct connection *c);
/* Before the connection's memory goes. */
void late_flush_remove(struct connection *c);
/* Closes the timer, if it is not closed yet: what is added from then on leaves at once. */
void late_flush_close(struct late_flush *l);
