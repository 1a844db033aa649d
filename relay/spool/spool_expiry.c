/* Deliveries that wait too long expire. Those, and the ones that did not fit in, are counted as a gap, and the client
 * is told of it. */
#include <stdlib.h>

#include "relay/spool/spool_private.h"
#include "shared/base/clock.h"

/* ---- gaps ---- */

static bool run_missed(struct writer_job *job, void *db, struct error *e)
{
	return spool_sqlite_missed(db, ((struct small_job *)job)->mailbox, e);
}

void spool_missed(struct spool *s, int64_t mailbox)
{
	struct mailbox *m = spool_mailbox_find(s, mailbox);
	struct small_job *j = m ? spool_small_job(s, mailbox, run_missed) : NULL;
	if (!j)
		return;
	m->level.expired++;
	s->total.expired++;
	m->has_gap = true;
	batch_writer_submit(s->writer, &j->job);
}

static bool run_told(struct writer_job *job, void *db, struct error *e)
{
	struct small_job *j = (struct small_job *)job;
	return spool_sqlite_told(db, j->mailbox, j->value, e);
}

void spool_gap_told(struct spool *s, int64_t mailbox, uint64_t count)
{
	struct mailbox *m = spool_mailbox_find(s, mailbox);
	struct small_job *j = m ? spool_small_job(s, mailbox, run_told) : NULL;
	if (!j)
		return;
	j->value = count < m->level.expired ? count : m->level.expired;
	m->level.expired -= j->value;
	s->total.expired -= j->value;
	batch_writer_submit(s->writer, &j->job);
}

void spool_on_gap(struct spool *s, void (*gap)(void *user, const struct spool_mailbox *m), void *user)
{
	s->gap = gap;
	s->gap_user = user;
}

/* The callback may join and leave mailboxes, so it must not be called while walking over them. */
static void tell_gaps(struct spool *s)
{
	size_t count = 0;
	int64_t *ids = malloc((HASH_CNT(by_id, s->by_id) + 1) * sizeof *ids);
	if (!ids)
		return; /* after the next sweep */
	struct mailbox *m, *next;
	HASH_ITER(by_id, s->by_id, m, next)
	{
		if (m->has_gap)
			ids[count++] = m->is.id;
		m->has_gap = false;
	}
	for (size_t i = 0; i < count; i++)
		if (s->gap && (m = spool_mailbox_find(s, ids[i])))
			s->gap(s->gap_user, &m->is);
	free(ids);
}

/* ---- expiry ---- */

struct sweep_job {
	struct writer_job job;
	struct spool *spool;
	uint64_t before_us;
	struct spool_removed removed[SPOOL_STEP];
	size_t count;
};

static bool run_sweep(struct writer_job *job, void *db, struct error *e)
{
	struct sweep_job *j = (struct sweep_job *)job;
	return spool_sqlite_expire(db, j->before_us, j->removed, &j->count, e);
}

static void done_sweep(struct writer_job *job, const struct error *e)
{
	struct sweep_job *j = (struct sweep_job *)job;
	struct spool *s = j->spool;
	for (size_t i = 0; !e && i < j->count; i++) {
		struct mailbox *m = spool_level_take(s, j->removed[i].mailbox, j->removed[i].size);
		if (!m)
			continue;
		m->has_gap = true;
		m->level.expired++;
		s->total.expired++;
	}
	if (e)
		spool_jobs_trouble(s, e);
	s->sweeping = !e && j->count == SPOOL_STEP && !s->closing;
	if (s->sweeping)
		batch_writer_submit(s->writer, job);
	else if (!s->closing)
		tell_gaps(s);
}

bool spool_expiry_new(struct spool *s)
{
	s->sweep = calloc(1, sizeof *s->sweep);
	if (!s->sweep)
		return false;
	s->sweep->job.run = run_sweep;
	s->sweep->job.done = done_sweep;
	s->sweep->job.lazy = true;
	s->sweep->spool = s;
	return true;
}

void spool_expiry_sweep(uv_timer_t *timer)
{
	struct spool *s = timer->data;
	spool_jobs_again(s);
	if (s->sweeping)
		return;
	int64_t before_us = (int64_t)clock_now_us() - (int64_t)s->settings.max_age_ms * 1000;
	s->sweep->before_us = before_us > 0 ? (uint64_t)before_us : 0;
	s->sweeping = true;
	batch_writer_submit(s->writer, &s->sweep->job);
}
