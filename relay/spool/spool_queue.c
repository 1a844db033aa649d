/* The spool's deliveries on the loop's side: put, fetched, forgotten, expired. */
#include <stdlib.h>
#include <string.h>

#include "relay/spool/spool_private.h"
#include "shared/base/clock.h"
#include "shared/wire/seal.h"

static void level_add(struct spool *s, struct mailbox *m, uint64_t bytes)
{
	m->level.count++;
	m->level.bytes += bytes;
	s->total.count++;
	s->total.bytes += bytes;
}

/* A mailbox that was left has taken its share of the total with it. */
static struct mailbox *level_take(struct spool *s, int64_t mailbox, uint64_t bytes)
{
	struct mailbox *m = spool_find(s, mailbox);
	if (m) {
		m->level.count--;
		m->level.bytes -= bytes;
		s->total.count--;
		s->total.bytes -= bytes;
	}
	return m;
}

/* ---- put ---- */

struct put_job {
	struct writer_job job;
	struct spool *spool;
	struct spool_item item;
	struct spool_put put;
	uint8_t key[SEAL_KEY_LEN];
	bool stored;
	void (*done)(void *user, const struct error *e);
	void *user;
};

static bool run_put(struct writer_job *job, void *db, struct error *e)
{
	struct put_job *j = (struct put_job *)job;
	j->stored = false;
	return spool_sqlite_put(db, &j->put, &j->stored, e);
}

static void done_put(struct writer_job *job, const struct error *e)
{
	struct put_job *j = (struct put_job *)job;
	if (e || !j->stored)
		level_take(j->spool, j->put.mailbox, j->item.payload.len);
	j->done(j->user, e);
	free(j);
}

void spool_put(struct spool *s, int64_t mailbox, const struct spool_item *item,
	       void (*done)(void *user, const struct error *e), void *user)
{
	struct mailbox *m = spool_find(s, mailbox);
	struct put_job *j = m ? calloc(1, sizeof *j) : NULL;
	if (!j) {
		struct error e;
		error_set(&e, EXIT_STORE, m ? "out of memory" : "the client has left this tunnel");
		done(user, &e);
		return;
	}
	if (m->unwritten) /* without its row the put fails, and the next one tries again */
		spool_write_mailbox(s, m);
	j->job.run = run_put;
	j->job.done = done_put;
	j->spool = s;
	j->item = *item;
	j->put = (struct spool_put){ .mailbox = mailbox, .row = ++s->last_row, .item = &j->item };
	if (m->is.key.len == SEAL_KEY_LEN) {
		memcpy(j->key, m->is.key.at, SEAL_KEY_LEN);
		j->put.key = j->key;
	}
	j->done = done;
	j->user = user;
	level_add(s, m, item->payload.len);
	batch_writer_submit(s->writer, &j->job);
}

/* ---- fetch ---- */

struct fetch_job {
	struct writer_job job;
	struct spool *spool;
	int64_t mailbox, after;
	size_t most;
	struct spool_waiting *list;
	void (*done)(void *user, struct spool_waiting *list, const struct error *e);
	void *user;
};

void spool_waiting_free(struct spool_waiting *w)
{
	buffer_free(&w->payload);
	free(w);
}

static void drop_list(struct fetch_job *j)
{
	while (j->list) {
		struct spool_waiting *w = j->list;
		j->list = w->next;
		spool_waiting_free(w);
	}
}

static bool run_fetch(struct writer_job *job, void *db, struct error *e)
{
	struct fetch_job *j = (struct fetch_job *)job;
	drop_list(j); /* of a run that was rolled back */
	return spool_sqlite_fetch(db, j->mailbox, j->after, j->most, &j->list, e);
}

static void done_fetch(struct writer_job *job, const struct error *e)
{
	struct fetch_job *j = (struct fetch_job *)job;
	if (e)
		drop_list(j);
	/* Read before a forget that is still on its way. */
	for (struct spool_waiting **at = &j->list; *at;) {
		struct spool_waiting *w = *at;
		struct small_job *gone;
		HASH_FIND(hh, j->spool->forgetting, &w->row, sizeof w->row, gone);
		if (!gone) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		spool_waiting_free(w);
	}
	j->done(j->user, j->list, e);
	free(j);
}

void spool_fetch(struct spool *s, int64_t mailbox, int64_t after, size_t most,
		 void (*done)(void *user, struct spool_waiting *list, const struct error *e), void *user)
{
	struct fetch_job *j = calloc(1, sizeof *j);
	if (!j) {
		struct error e;
		error_set(&e, EXIT_STORE, "out of memory");
		done(user, NULL, &e);
		return;
	}
	j->job.run = run_fetch;
	j->job.done = done_fetch;
	j->spool = s;
	j->mailbox = mailbox;
	j->after = after;
	j->most = most;
	j->done = done;
	j->user = user;
	batch_writer_submit(s->writer, &j->job);
}

/* ---- forget ---- */

static bool run_forget(struct writer_job *job, void *db, struct error *e)
{
	struct small_job *j = (struct small_job *)job;
	return spool_sqlite_forget(db, j->mailbox, j->row, &j->value, &j->found, e);
}

static void after_forget(struct small_job *j)
{
	if (j->found)
		level_take(j->spool, j->mailbox, j->value);
}

void spool_forget(struct spool *s, int64_t mailbox, int64_t row)
{
	struct small_job *j = spool_small_job(s, mailbox, run_forget);
	if (!j)
		return; /* handed out once more, after the relay started again */
	j->row = row;
	j->after = after_forget;
	HASH_ADD(hh, s->forgetting, row, sizeof j->row, j);
	batch_writer_submit(s->writer, &j->job);
}

/* ---- gaps ---- */

static bool run_missed(struct writer_job *job, void *db, struct error *e)
{
	return spool_sqlite_missed(db, ((struct small_job *)job)->mailbox, e);
}

void spool_missed(struct spool *s, int64_t mailbox)
{
	struct mailbox *m = spool_find(s, mailbox);
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
	struct mailbox *m = spool_find(s, mailbox);
	struct small_job *j = m ? spool_small_job(s, mailbox, run_told) : NULL;
	if (!j)
		return;
	j->value = count < m->level.expired ? count : m->level.expired;
	m->level.expired -= j->value;
	s->total.expired -= j->value;
	batch_writer_submit(s->writer, &j->job);
}

void spool_on_gap(struct spool *s, void (*gap)(void *user, int64_t mailbox), void *user)
{
	s->gap = gap;
	s->gap_user = user;
}

/* The callback may join and leave mailboxes: not from within a walk over them. */
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
		if (s->gap && spool_find(s, ids[i]))
			s->gap(s->gap_user, ids[i]);
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
		struct mailbox *m = level_take(s, j->removed[i].mailbox, j->removed[i].size);
		if (!m)
			continue;
		m->has_gap = true;
		m->level.expired++;
		s->total.expired++;
	}
	if (e)
		spool_trouble(s, e);
	s->sweeping = !e && j->count == SPOOL_STEP && !s->closing;
	if (s->sweeping)
		batch_writer_submit(s->writer, job);
	else if (!s->closing)
		tell_gaps(s);
}

bool spool_sweep_new(struct spool *s)
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

void spool_sweep(uv_timer_t *timer)
{
	struct spool *s = timer->data;
	struct writer_job *again = s->failed;
	s->failed = NULL;
	while (again) {
		struct writer_job *next = again->next;
		batch_writer_submit(s->writer, again);
		again = next;
	}
	if (s->sweeping)
		return;
	int64_t before_us = (int64_t)clock_now_us() - (int64_t)s->settings.max_age_ms * 1000;
	s->sweep->before_us = before_us > 0 ? (uint64_t)before_us : 0;
	s->sweeping = true;
	batch_writer_submit(s->writer, &s->sweep->job);
}

/* ---- what mailboxes that were left still hold ---- */

static bool run_purge(struct writer_job *job, void *db, struct error *e)
{
	struct small_job *j = (struct small_job *)job;
	return spool_sqlite_purge(db, &j->found, e);
}

static void after_purge(struct small_job *j)
{
	struct spool *s = j->spool;
	s->purging = false;
	if ((j->found || s->purge_again) && !s->closing)
		spool_purge(s);
}

/* One that fails is kept and done again: `purging` stays. */
void spool_purge(struct spool *s)
{
	s->purge_again = s->purging;
	struct small_job *j = s->purging ? NULL : spool_small_job(s, 0, run_purge);
	if (!j)
		return;
	s->purging = true;
	j->after = after_purge;
	batch_writer_submit(s->writer, &j->job);
}
