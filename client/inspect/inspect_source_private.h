/* Inside of client/inspect: the source, and the queue of its questions (inspect_queue.c). */
#pragma once

#include "client/inspect/inspect_read.h"
#include "client/inspect/inspect_source.h"

#define INSPECT_AT_ONCE 4 /* where inspect_source_set_bounds does not say */
#define INSPECT_AT_ONCE_MOST 16

struct inspect_source {
	uv_loop_t *loop;
	char *path;
	struct inspect_bounds bounds;
	struct store *own;                        /* the loop's: for what is cheap */
	struct store *idle[INSPECT_AT_ONCE_MOST]; /* opened and free */
	size_t idle_count;
	size_t under_way, counts, works[INSPECT_WORKS]; /* counts, works: of those under way */
	struct question *questions;                     /* waiting or under way, in the order of asking */
	uv_async_t wake;                                /* a partial answer is there, or a thread is at its end */
	uv_timer_t waits;                               /* for who waited too long to be begun */
	uv_mutex_t mutex;                               /* of partial answers, and of who is at its end */
	int64_t version;
	unsigned files; /* that took the first one's place */
	void (*state)(void *user, struct client_state *out);
	void *state_user;
	const struct secrets *secrets;
	bool closing;
	void (*closed)(void *user);
	void *closed_user;
};

/* A connection that only reads, on any thread; NULL and *e. */
struct store *inspect_queue_connect(const struct inspect_source *s, struct error *e);
/* Makes the handles; `own` is open. */
MUST_CHECK bool inspect_queue_open(struct inspect_source *s, struct error *e);
/* A new question takes the place of an older one of the same asker, whose walk ends here. */
void inspect_queue_ask(struct question *q);
/* It is not answered any more, except that work is said to be over. What was not begun is freed at once. */
void inspect_queue_drop(struct question *q);
/* Closes it once nothing is under way. */
void inspect_queue_close_when_idle(struct inspect_source *s);
