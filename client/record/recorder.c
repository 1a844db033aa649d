#include "client/record/recorder_private.h"
#include "shared/store/store_labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A small change of what is on record already. */
struct update_job {
	struct writer_job job;
	struct recorder *recorder;
	struct ticket *ticket;
	int64_t id;
	enum delivery_state state;
	int number;
	uint64_t at_us;
	char name[64];
};

struct status_job {
	struct writer_job job;
	struct client_status status;
	bool drop;
	struct buffer text; /* what the status' views point into */
};

struct recorder *recorder_new(uv_loop_t *loop, const char *path, struct error *e)
{
	struct recorder *r = calloc(1, sizeof *r);
	if (!r) {
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	r->path = strdup(path);
	if ((!r->path && !error_set(e, EXIT_STORE, "out of memory")) ||
	    !store_open(&r->store, path, STORE_READ_WRITE, e) || !store_sync_apart(r->store, e) ||
	    !(r->writer = batch_writer_new(loop, &store_sync_apart_ops, r->store, e))) {
		store_close(r->store);
		free(r->path);
		free(r);
		return NULL;
	}
	r->loop = loop;
	r->journal_most = UINT64_MAX;
	recorder_index_start(r, loop);
	recorder_forget_dead(r);
	return r;
}

static void part_closed(struct recorder *r)
{
	if (--r->open > 0)
		return;
	void (*closed)(void *user) = r->closed;
	void *closed_user = r->closed_user;
	recorder_journal_end(r);
	store_close(r->watch);
	store_close(r->shortening.own);
	recorder_index_end(r);
	store_close(r->store);
	free(r->path);
	free(r);
	if (closed)
		closed(closed_user);
}

static void on_writer_closed(void *user)
{
	part_closed(user);
}

static void close_parts(struct recorder *r)
{
	r->open = 5;
	recorder_index_stop(r, part_closed);
	recorder_journal_stop(r, part_closed);
	batch_writer_close(r->writer, on_writer_closed, r);
	recorder_log_stop(r, part_closed);
}

void recorder_close(struct recorder *r, void (*closed)(void *user), void *user)
{
	r->closed = closed;
	r->closed_user = user;
	if (r->syncing)
		r->synced = close_parts;
	else
		close_parts(r);
}

bool recorder_keep_bound(struct recorder *r, const struct store_bound *bound, struct error *e)
{
	r->journal_most = bound->journal;
	if (bound->max_bytes)
		batch_writer_bound(r->writer, (size_t)bound->transaction);
	return store_keep_bound(r->store, bound, e);
}

const char *recorder_bodies(const struct recorder *r)
{
	return store_bodies(r->store);
}

struct store_gave_way recorder_take_gave_way(struct recorder *r)
{
	return store_take_gave_way(r->store);
}

/* ---- deliveries and attempts ---- */

void recorder_insert_delivery(struct recorder *r, const struct store_delivery *d, const struct record_delivery_ops *ops,
			      void *user)
{
	r->indexing.submitted++;
	if (!recorder_journal_delivery(r, d, ops, user))
		recorder_direct_delivery(r, d, ops, user, false);
}

/* An attempt whose answer lies in a file. */
struct large_attempt {
	struct recorder *recorder;
	struct store_attempt attempt;
	struct ticket *ticket; /* kept, for what is submitted later */
	struct answered *answered;
	void (*kept)(void *user);
	void (*done)(void *user, const struct error *e);
	void *user;
};

static void submit_attempt(struct recorder *r, const struct store_attempt *a, struct answered *answered,
			   void (*kept)(void *user), void (*done)(void *user, const struct error *e), void *user)
{
	if (!recorder_journal_attempt(r, a, answered, kept, done, user))
		recorder_direct_attempt(r, a, answered, kept, done, user);
}

static void on_answer_synced(void *user, const struct error *e)
{
	struct large_attempt *l = user;
	if (!e)
		submit_attempt(l->recorder, &l->attempt, l->answered, l->kept, l->done, l->user);
	else if (l->done)
		l->done(l->user, e);
	recorder_ticket_drop(l->recorder, l->ticket);
	free(l);
}

static bool begin_large_attempt(const struct large_attempt *attempt)
{
	struct recorder *r = attempt->recorder;
	struct large_attempt *l = attempt->attempt.spilled ? malloc(sizeof *l) : NULL;
	if (!l)
		return false;
	*l = *attempt;
	if (!recorder_sync_body(r, l->attempt.spilled, on_answer_synced, l)) {
		free(l);
		return false;
	}
	l->ticket = recorder_ticket_take(r, l->attempt.delivery_id);
	return true;
}

void recorder_insert_attempt(struct recorder *r, const struct store_attempt *a, struct answered *answered,
			     void (*kept)(void *user), void (*done)(void *user, const struct error *e), void *user)
{
	const struct large_attempt large = { r, *a, NULL, answered, kept, done, user };
	r->indexing.submitted++;
	if (!begin_large_attempt(&large))
		submit_attempt(r, a, answered, kept, done, user);
}

/* ---- the client's own status ---- */

static bool run_status(struct writer_job *job, void *db, struct error *e)
{
	struct status_job *j = (struct status_job *)job;
	return j->drop ? store_drop_status(db, j->status.pid, e) : store_put_status(db, &j->status, e);
}

static void done_status(struct writer_job *job, const struct error *e)
{
	struct status_job *j = (struct status_job *)job;
	(void)e;
	buffer_free(&j->text);
	free(j);
}

void recorder_put_status(struct recorder *r, const struct client_status *c)
{
	struct status_job *j = calloc(1, sizeof *j);
	if (!j)
		return;
	j->status = *c;
	struct bytes *views[] = { &j->status.state,  &j->status.detail, &j->status.relay,   &j->status.url,
				  &j->status.tunnel, &j->status.target, &j->status.secrets, &j->status.routes };
	size_t total = 0;
	for (size_t i = 0; i < sizeof views / sizeof *views; i++)
		total += views[i]->len;
	if (!buffer_reserve(&j->text, total)) {
		free(j);
		return;
	}
	for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
		size_t start = j->text.len;
		if (views[i]->len && !buffer_append_bytes(&j->text, *views[i]))
			views[i]->len = 0; /* cannot happen: the space is reserved */
		*views[i] = bytes_make(j->text.at + start, views[i]->len);
	}
	j->job.run = run_status;
	j->job.done = done_status;
	batch_writer_submit(r->writer, &j->job);
}

void recorder_drop_status(struct recorder *r, int64_t pid)
{
	struct status_job *j = calloc(1, sizeof *j);
	if (!j)
		return;
	j->status.pid = pid;
	j->drop = true;
	j->job.run = run_status;
	j->job.done = done_status;
	batch_writer_submit(r->writer, &j->job);
}

/* ---- small changes ---- */

static void done_update(struct writer_job *job, const struct error *e)
{
	struct update_job *j = (struct update_job *)job;
	(void)e; /* a delivery that stays "sending" is taken up by the next run */
	recorder_ticket_drop(j->recorder, j->ticket);
	free(j);
}

static struct update_job *update_new(struct recorder *r, int64_t id,
				     bool (*run)(struct writer_job *job, void *db, struct error *e))
{
	struct update_job *j = calloc(1, sizeof *j);
	if (!j)
		return NULL;
	j->job.run = run;
	j->job.done = done_update;
	j->job.lazy = true;
	j->recorder = r;
	j->ticket = recorder_ticket_take(r, id);
	j->id = id;
	return j;
}

static bool run_state(struct writer_job *job, void *db, struct error *e)
{
	const struct update_job *j = (struct update_job *)job;
	int64_t id = recorder_ticket_id(j->ticket, j->id);
	return !id || store_set_state(db, id, j->state, e);
}

void recorder_set_state(struct recorder *r, int64_t id, enum delivery_state state)
{
	struct update_job *j = update_new(r, id, run_state);
	if (!j)
		return;
	j->state = state;
	if (j->ticket)
		j->ticket->changed = true;
	batch_writer_submit(r->writer, &j->job);
}

static bool run_answered(struct writer_job *job, void *db, struct error *e)
{
	const struct update_job *j = (struct update_job *)job;
	int64_t id = recorder_ticket_id(j->ticket, j->id);
	return !id || store_set_answered(db, id, j->number, j->at_us, e);
}

void recorder_set_answered(struct recorder *r, int64_t delivery_id, int number, uint64_t at_us)
{
	struct update_job *j = update_new(r, delivery_id, run_answered);
	if (!j)
		return;
	j->number = number;
	j->at_us = at_us;
	batch_writer_submit(r->writer, &j->job);
}

static bool run_tag(struct writer_job *job, void *db, struct error *e)
{
	const struct update_job *j = (struct update_job *)job;
	int64_t id = recorder_ticket_id(j->ticket, j->id);
	return !id || store_add_tag(db, id, bytes_of(j->name), e);
}

void recorder_add_tag(struct recorder *r, int64_t id, const char *name)
{
	struct update_job *j = update_new(r, id, run_tag);
	if (!j)
		return;
	snprintf(j->name, sizeof j->name, "%s", name);
	batch_writer_submit(r->writer, &j->job);
}
