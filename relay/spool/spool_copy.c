/* Copies what waits, for a backup: one piece in each job, so that the relay's own transactions go on in between. */
#include "relay/spool/spool_private.h"

#include <stdlib.h>

struct spool_copy {
	struct writer_job job;
	struct spool *spool;
	struct spool_copied far, tried; /* committed, and what the job may still give up */
	struct buffer out;
	void (*piece)(void *user, struct bytes piece, bool is_last, const struct error *e);
	void *user;
	bool is_under_way, is_freed;
};

static bool run_copy(struct writer_job *job, void *db, struct error *e)
{
	struct spool_copy *c = (struct spool_copy *)job;
	c->tried = c->far;
	c->out.len = 0; /* from a run that was rolled back */
	return spool_sqlite_copy(db, &c->tried, &c->out, e);
}

static void release(struct spool_copy *c)
{
	buffer_free(&c->out);
	free(c);
}

static void done_copy(struct writer_job *job, const struct error *e)
{
	struct spool_copy *c = (struct spool_copy *)job;
	c->is_under_way = false;
	if (c->is_freed) {
		release(c);
		return;
	}
	c->far = c->tried;
	c->piece(c->user, e ? bytes_make(NULL, 0) : buffer_view(&c->out), !e && c->far.is_whole, e);
}

struct spool_copy *spool_copy_new(struct spool *s,
				  void (*piece)(void *user, struct bytes piece, bool is_last, const struct error *e),
				  void *user)
{
	struct spool_copy *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->job.run = run_copy;
	c->job.done = done_copy;
	c->spool = s;
	c->piece = piece;
	c->user = user;
	return c;
}

void spool_copy_next(struct spool_copy *c)
{
	c->is_under_way = true;
	batch_writer_submit(c->spool->writer, &c->job);
}

void spool_copy_free(struct spool_copy *c)
{
	if (!c)
		return;
	c->is_freed = true;
	if (!c->is_under_way)
		release(c);
}
