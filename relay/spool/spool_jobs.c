/* Small writes that nobody waits for. */
#include "relay/spool/spool_private.h"
#include "shared/program/log.h"

#include <stdlib.h>

/* Only the first, until no failed job waits any more: in one batch some may pass and others fail. */
void spool_jobs_trouble(struct spool *s, const struct error *e)
{
	if (!s->troubled)
		log_event(LOG_WARN, "spool_trouble", "failure", e->text, NULL);
	s->troubled = true;
}

static void done_small(struct writer_job *job, const struct error *e)
{
	struct small_job *j = (struct small_job *)job;
	struct spool *s = j->spool;
	if (e) {
		spool_jobs_trouble(s, e);
		if (!s->closing) {
			job->next = s->failed;
			s->failed = job;
			return;
		}
	} else {
		s->troubled = s->failed != NULL;
		if (j->after)
			j->after(j);
	}
	if (j->hh.tbl)
		HASH_DELETE(hh, j->spool->forgetting, j);
	free(j);
}

struct small_job *spool_small_job(struct spool *s, int64_t mailbox,
				  bool (*run)(struct writer_job *job, void *db, struct error *e))
{
	struct small_job *j = calloc(1, sizeof *j);
	if (!j)
		return NULL;
	j->job.run = run;
	j->job.done = done_small;
	j->job.lazy = true;
	j->spool = s;
	j->mailbox = mailbox;
	return j;
}

void spool_jobs_again(struct spool *s)
{
	struct writer_job *again = s->failed;
	s->failed = NULL;
	while (again) {
		struct writer_job *next = again->next;
		batch_writer_submit(s->writer, again);
		again = next;
	}
}

void spool_jobs_drop(struct spool *s)
{
	HASH_CLEAR(hh, s->forgetting);
	while (s->failed) {
		struct writer_job *j = s->failed;
		s->failed = j->next;
		free(j);
	}
}
