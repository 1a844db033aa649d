/* What earlier runs left: deliveries that they recorded and did not finish, jobs and rows of clients that were killed.
 */
#include "client/common/limits.h"
#include "client/record/recorder_private.h"
#include "shared/base/clock.h"
#include "shared/base/process.h"
#include "shared/query/store_query.h"
#include "shared/store/store_jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct look_job {
	struct writer_job job;
	char tunnel[64];
	bool with_held, elsewhere; /* elsewhere: another living client has this tunnel */
	struct left_over *first, **last;
	void (*done)(void *user, struct left_over *list, const struct error *e);
	void *user;
};

static void on_client(void *user, const struct client_status *c)
{
	struct look_job *j = user;
	if (c->pid != getpid() && bytes_equal(c->tunnel, bytes_of(j->tunnel)) &&
	    process_is_alive_since(c->pid, c->started_at_us))
		j->elsewhere = true;
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct look_job *j = user;
	struct left_over *l = bytes_equal(row->tunnel, bytes_of(j->tunnel)) ? calloc(1, sizeof *l) : NULL;
	if (!l)
		return;
	l->id = row->id;
	l->held = row->state == DELIVERY_HELD;
	l->was_called = row->state == DELIVERY_SENDING;
	/* The app could not be reached at the first call, and may have come and taken it just before the end. */
	l->was_waiting = row->state == DELIVERY_WAITING && row->attempts == 0;
	if (!buffer_append_bytes(&l->target, row->target)) {
		recorder_left_over_free(l);
		return;
	}
	*j->last = l;
	j->last = &l->next;
}

void recorder_left_over_free(struct left_over *l)
{
	buffer_free(&l->target);
	free(l);
}

static void forget(struct look_job *j)
{
	while (j->first) {
		struct left_over *l = j->first;
		j->first = l->next;
		recorder_left_over_free(l);
	}
	j->last = &j->first;
	j->elsewhere = false;
}

static bool record_lost(struct store *s, int64_t id, bool was_called, bool *parked, struct error *e)
{
	int before = 0;
	if (was_called && !store_count_attempts(s, id, ATTEMPT_CANCELLED, &before, e))
		return false;
	*parked = was_called && before + 1 >= LIMIT_CRASHES;
	struct store_attempt lost = {
		.delivery_id = id,
		.then = *parked ? ATTEMPT_THEN_OVER : ATTEMPT_THEN_WAITING,
		.started_at_us = clock_now_us(),
		.result = was_called ? ATTEMPT_CANCELLED : ATTEMPT_UNREACHABLE,
		.error = bytes_of(was_called ? "creel ended before this call was over"
					     : "creel ended while it waited for the app"),
	};
	return store_insert_attempt(s, &lost, e);
}

bool recorder_record_lost(struct store *s, int64_t id, bool *parked, struct error *e)
{
	return record_lost(s, id, true, parked, e);
}

static bool run_look(struct writer_job *job, void *db, struct error *e)
{
	struct look_job *j = (struct look_job *)job;
	forget(j); /* what an attempt found whose transaction was rolled back */
	if (!store_list_status(db, on_client, j, e))
		return false;
	if (j->elsewhere)
		return true;
	if (!store_list_unfinished(db, on_row, j, e) || (j->with_held && !store_list_held(db, on_row, j, e)))
		return false;
	for (struct left_over *l = j->first; l; l = l->next)
		if ((l->was_called || l->was_waiting) && !record_lost(db, l->id, l->was_called, &l->parked, e))
			return false;
	return true;
}

static void done_look(struct writer_job *job, const struct error *e)
{
	struct look_job *j = (struct look_job *)job;
	if (e)
		forget(j);
	j->done(j->user, j->first, e);
	free(j);
}

void recorder_find_left_over(struct recorder *r, const char *tunnel, bool with_held,
			     void (*done)(void *user, struct left_over *list, const struct error *e), void *user)
{
	struct look_job *j = calloc(1, sizeof *j);
	if (!j) {
		done(user, NULL, NULL);
		return;
	}
	j->job.run = run_look;
	j->job.done = done_look;
	snprintf(j->tunnel, sizeof j->tunnel, "%s", tunnel);
	j->with_held = with_held;
	j->last = &j->first;
	j->done = done;
	j->user = user;
	batch_writer_submit(r->writer, &j->job);
}

/* ---- what killed clients left ---- */

#define CLIENT_KEPT_US (UINT64_C(86400) * 1000000) /* of a container that shares the record no process is seen here */
#define DEAD_MOST 64

struct dead_job {
	struct writer_job job;
	int64_t pids[DEAD_MOST];
	size_t count;
};

static void on_maybe_dead(void *user, const struct client_status *c)
{
	struct dead_job *j = user;
	uint64_t seen = c->confirmed_at_us > c->started_at_us ? c->confirmed_at_us : c->started_at_us;
	if (j->count < DEAD_MOST && seen + CLIENT_KEPT_US < clock_now_us() &&
	    !process_is_alive_since(c->pid, c->started_at_us))
		j->pids[j->count++] = c->pid;
}

static bool run_forget_dead(struct writer_job *job, void *db, struct error *e)
{
	struct dead_job *j = (struct dead_job *)job;
	j->count = 0;
	bool fine = store_disown_jobs(db, getpid(), e) && store_list_status(db, on_maybe_dead, j, e);
	for (size_t i = 0; fine && i < j->count; i++)
		fine = store_drop_status(db, j->pids[i], e);
	return fine;
}

static void done_forget_dead(struct writer_job *job, const struct error *e)
{
	(void)e; /* the next run tries again */
	free(job);
}

void recorder_forget_dead(struct recorder *r)
{
	struct dead_job *j = calloc(1, sizeof *j);
	if (!j)
		return;
	j->job.run = run_forget_dead;
	j->job.done = done_forget_dead;
	batch_writer_submit(r->writer, &j->job);
}
