/* What is said on standard output: messages, one a line, and nothing else. A reader that is slow, or stops, holds up
 * neither signals nor calls: what it has not taken yet is kept, and whoever asks is told to ask no more. Loop thread.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

struct mcp_output;

struct mcp_output_ops {
	void (*drained)(void *user); /* it was full, and is not any more */
	void (*lost)(void *user);    /* nobody reads it any more; once */
	void (*closed)(void *user);  /* after mcp_output_end, once: it may be freed */
};

/* NULL when out of memory. */
struct mcp_output *mcp_output_new(uv_loop_t *loop, const struct mcp_output_ops *ops, void *user);
/* Before its loop runs, or after `closed`. */
void mcp_output_free(struct mcp_output *o);
/* Takes the message; NULL is passed over. */
void mcp_output_put(struct mcp_output *o, json_t *message);
/* Whether so much waits for its reader that no more should be asked for. */
bool mcp_output_is_full(const struct mcp_output *o);
/* From now on looks once a second whether there is a reader: nothing else would tell, with no input and nothing to
 * write. */
void mcp_output_watch(struct mcp_output *o);
/* `closed` comes when all is written; with `drop` what waits is given up. May be called again to drop. */
void mcp_output_end(struct mcp_output *o, bool drop);

/* Several requests that came in one message are answered in one. */
struct mcp_batch;

/* NULL when out of memory. The caller holds it once. */
struct mcp_batch *mcp_batch_new(void);
void mcp_batch_hold(struct mcp_batch *b);
/* Takes the answer; NULL is passed over. */
void mcp_batch_put(struct mcp_batch *b, json_t *answer);
/* The last one to let go of it sends it, unless there is nothing to say. */
void mcp_batch_release(struct mcp_batch *b, struct mcp_output *o);
