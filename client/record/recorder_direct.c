/* Puts deliveries and attempts straight into the database: when there is no journal, or they are too large for it. */
#include "client/record/recorder_private.h"
#include "shared/disk/disk_aside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct delivery_job {
	struct writer_job job;
	UT_hash_handle hh; /* by event id */
	struct recorder *recorder;
	struct store_delivery delivery;
	const struct record_delivery_ops *ops;
	void *user;
	int64_t id;
	bool duplicate;
};

struct attempt_job {
	struct writer_job job;
	struct recorder *recorder;
	struct store_attempt attempt;
	struct ticket *ticket;
	struct answered *answered;
	void (*done)(void *user, const struct error *e);
	void *user;
};

/* ---- large bodies ---- */

struct body_sync {
	struct disk_task task; /* first */
	struct recorder *recorder;
	const struct spill *body;
	struct error failed;
	void (*done)(void *user, const struct error *e);
	void *user;
};

static void sync_body(struct disk_task *task)
{
	struct body_sync *y = (struct body_sync *)task;
	if (!spill_sync(y->body))
		error_set(&y->failed, EXIT_STORE, "a body of %llu bytes cannot be written: %s",
			  (unsigned long long)spill_len(y->body), strerror(errno));
}

static void on_synced(struct disk_task *task)
{
	struct body_sync *y = (struct body_sync *)task;
	struct recorder *r = y->recorder;
	y->done(y->user, *y->failed.text ? &y->failed : NULL);
	free(y);
	r->syncing--;
	if (r->synced && !r->syncing)
		r->synced(r);
}

bool recorder_sync_body(struct recorder *r, const struct spill *body, void (*done)(void *user, const struct error *e),
			void *user)
{
	struct body_sync *y = body && spill_file(body) ? calloc(1, sizeof *y) : NULL;
	if (!y)
		return false;
	y->recorder = r;
	y->body = body;
	y->done = done;
	y->user = user;
	y->task.run = sync_body;
	y->task.done = on_synced;
	r->syncing++;
	disk_aside_run(r->loop, &y->task);
	return true;
}

/* ---- deliveries and attempts ---- */

static bool run_delivery(struct writer_job *job, void *db, struct error *e)
{
	struct delivery_job *j = (struct delivery_job *)job;
	return store_make_room(db, job->bytes, e) && store_insert_delivery(db, &j->delivery, &j->id, &j->duplicate, e);
}

static void committed_delivery(struct writer_job *job)
{
	struct delivery_job *j = (struct delivery_job *)job;
	j->ops->committed(j->user, j->id, j->duplicate);
}

static void done_delivery(struct writer_job *job, const struct error *e)
{
	struct delivery_job *j = (struct delivery_job *)job;
	struct recorder *r = j->recorder;
	HASH_DEL(r->direct, j);
	r->direct_over = true;
	if (!e)
		atomic_store(&r->full, false);
	j->ops->done(j->user, e);
	free(j);
	recorder_log_look(r);
}

static void on_body_synced(void *user, const struct error *e)
{
	struct delivery_job *j = user;
	if (e)
		done_delivery(&j->job, e);
	else
		batch_writer_submit(j->recorder->writer, &j->job);
}

void recorder_direct_delivery(struct recorder *r, const struct store_delivery *d, const struct record_delivery_ops *ops,
			      void *user, bool lazy)
{
	struct delivery_job *j = calloc(1, sizeof *j);
	if (!j) {
		struct error e;
		error_set(&e, EXIT_STORE, "out of memory");
		ops->done(user, &e);
		return;
	}
	j->recorder = r;
	j->job.run = run_delivery;
	j->job.committed = committed_delivery;
	j->job.done = done_delivery;
	j->job.bytes = d->headers.len + d->target.len + d->trailers.len + d->body.len;
	j->delivery = *d;
	j->job.lazy = lazy;
	HASH_ADD(hh, r->direct, delivery.event_id, UUID_LEN, j);
	j->ops = ops;
	j->user = user;
	if (!recorder_sync_body(r, d->spilled, on_body_synced, j))
		batch_writer_submit(r->writer, &j->job);
}

bool recorder_direct_has(const struct recorder *r, const uint8_t event_id[UUID_LEN])
{
	struct delivery_job *j;
	HASH_FIND(hh, r->direct, event_id, UUID_LEN, j);
	return j != NULL;
}

static bool run_attempt(struct writer_job *job, void *db, struct error *e)
{
	struct attempt_job *j = (struct attempt_job *)job;
	struct store_attempt a = j->attempt;
	uint64_t granted;
	a.delivery_id = recorder_ticket_id(j->ticket, a.delivery_id);
	if (!a.delivery_id)
		return error_set(e, EXIT_STORE, "the delivery of a call is not in the database yet");
	a.answered_at_us = j->answered->recorded_us = atomic_load(&j->answered->at_us);
	if (!store_make_room_for_answer(db, a.headers.len + a.trailers.len + a.raw.len, a.body.len, &granted, e))
		return false;
	if (granted < a.body.len) {
		a.body.len = (size_t)granted;
		a.cut = ANSWER_CUT_NO_ROOM;
	}
	return store_insert_attempt(db, &a, e);
}

static void done_attempt(struct writer_job *job, const struct error *e)
{
	struct attempt_job *j = (struct attempt_job *)job;
	struct recorder *r = j->recorder;
	recorder_ticket_drop(r, j->ticket);
	if (j->done)
		j->done(j->user, e);
	free(j);
	recorder_log_look(r);
}

void recorder_direct_attempt(struct recorder *r, const struct store_attempt *a, struct answered *answered,
			     void (*kept)(void *user), void (*done)(void *user, const struct error *e), void *user)
{
	struct attempt_job *j = calloc(1, sizeof *j);
	if (!j) {
		struct error e;
		error_set(&e, EXIT_STORE, "out of memory");
		if (done)
			done(user, &e);
		return;
	}
	j->recorder = r;
	j->job.run = run_attempt;
	j->job.done = done_attempt;
	j->job.lazy = true; /* the sender has its answer already */
	j->job.bytes = a->body.len;
	j->attempt = *a;
	j->ticket = recorder_ticket_take(r, a->delivery_id);
	j->answered = answered;
	j->done = done;
	j->user = user;
	batch_writer_submit(r->writer, &j->job);
	if (kept)
		kept(user);
}

/* ---- tickets ---- */

struct ticket *recorder_ticket_take(struct recorder *r, int64_t number)
{
	struct ticket *t = NULL;
	if (number < 0)
		HASH_FIND(hh, r->tickets, &number, sizeof number, t);
	if (t)
		t->uses++;
	return t;
}

void recorder_ticket_drop(struct recorder *r, struct ticket *t)
{
	if (!t || --t->uses > 0)
		return;
	HASH_DELETE(hh, r->tickets, t);
	free(t);
}

int64_t recorder_ticket_id(const struct ticket *t, int64_t number)
{
	return number > 0 ? number : t ? atomic_load(&t->id) : 0;
}
