/* How a thread calls the loop. In place of libuv's own way (1.44's uv_async_t): there the loop, once awake, spins until
 * the caller has come back from its system call, 40 us and more where that one is put off the processor meanwhile. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

/* Embed it as a member; its memory must live until `closed`. */
struct bell {
	uv_poll_t poll;
	int fds[2]; /* read, written: of a pipe, or one eventfd twice */
	atomic_bool rung;
	void (*on_rung)(void *user);
	void (*closed)(void *user);
	void *user;
};

/* `on_rung` is called on the loop's thread after bell_ring, once for all that rang since it was called last. False
 * where there is no descriptor left: nothing is to be closed then. */
bool bell_open(struct bell *b, uv_loop_t *loop, void (*on_rung)(void *user), void *user);
/* Any thread, until bell_close. What was written to memory before it is seen by `on_rung`. */
void bell_ring(struct bell *b);
/* Whether the loop goes on for its sake: at first it does not. Loop thread, as what follows. */
void bell_hold(struct bell *b, bool holds);
bool bell_is_closing(const struct bell *b);
/* `closed` comes on the loop; `on_rung` does not come any more. */
void bell_close(struct bell *b, void (*closed)(void *user));
