/* Runs one of creel's own commands for a call of a tool, and collects its output, up to a limit, and its exit status.
 * Loop thread. */
#pragma once

#include <uv.h>

#include "shared/base/buffer.h"
#include "shared/base/error.h"

#define MCP_OUTPUT_MOST (8u << 20)

struct mcp_call;

struct mcp_end {
	int status;              /* of the command; -1: it was stopped, or ended by a signal */
	struct buffer output;    /* standard output, the receiver's */
	struct buffer complaint; /* standard error, its first 4 KiB; likewise */
	bool too_long;           /* there was more than MCP_OUTPUT_MOST */
};

/* `words`: the arguments, the command first; copied. `db` and `config` may be NULL. `done` comes later, once. NULL and
 * *e when it cannot be started. */
struct mcp_call *mcp_call_start(uv_loop_t *loop, char *const *words, const char *db, const char *config,
				void (*done)(void *user, struct mcp_end *end), void *user, struct error *e);
/* Ends it soon; `done` still comes. */
void mcp_call_stop(struct mcp_call *c);
