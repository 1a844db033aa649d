/* `listen --exec CMD`: a command run for each delivery, which it gets as JSON (`show --json`) on standard input. A few
 * run at once; the others wait as numbers only, and are read from the store when their turn comes. No shell is used.
 * Loop thread. */
#pragma once

#include <uv.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"

struct exec;
struct core_dumps;

struct exec_options {
	const struct core_dumps *cores; /* the user's own, for the command; or NULL */
	const char *command;            /* words.h */
	const char *db;
	int output; /* descriptors that the command's output and errors go to; -1: nowhere */
	int errors;
};

struct exec_ops {
	void (*on_trouble)(void *user, const char *sentence);
	void (*on_started)(void *user, int64_t id);
	/* It ended; `fine` with status 0. Not called for what exec_stop ended. */
	void (*on_over)(void *user, int64_t id, bool fine);
};

/* Whether it can be run: EXIT_USAGE when it cannot be split into words or there is no such program. */
MUST_CHECK bool exec_check(const char *command, struct error *e);

/* The store must be there. NULL and *e. */
struct exec *exec_new(uv_loop_t *loop, const struct exec_options *options, const struct exec_ops *ops, void *user,
		      struct error *e);
void exec_add(struct exec *x, int64_t id);
/* Deliveries that wait or whose command runs. */
size_t exec_busy(const struct exec *x);
/* Starts no more, and sends SIGTERM to what runs. Says how many deliveries were left out. */
void exec_stop(struct exec *x);
/* After exec_stop; what runs still is left alone. Frees it when the loop has closed its handles. NULL is fine. */
void exec_close(struct exec *x);
