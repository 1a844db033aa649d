/* Deliveries that an earlier run recorded and did not finish: found, counted, and taken up one by one. */
#include "client/signing/judge.h"
#include "client/record/recorder_private.h"
#include "shared/base/clock.h"
#include "shared/base/process.h"
#include "shared/store/store_jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CRASHES_MOST 3 /* calls that ended with the client: then the delivery is left alone (shared/THREATS.md) */

/* ---- looking back ---- */

struct look_job {
	struct writer_job job;
	char tunnel[64];
	bool with_held, elsewhere; /* another client that lives has this tunnel */
	struct left *first, **last;
	void (*done)(void *user, struct left *list, const struct error *e);
	void *user;
};

static void on_client(void *user, const struct client_status *c)
{
	struct look_job *j = user;
	if (c->pid != getpid() && bytes_equal(c->tunnel, bytes_of(j->tunnel)) && process_is_alive(c->pid))
		j->elsewhere = true;
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct look_job *j = user;
	struct left *l = bytes_equal(row->tunnel, bytes_of(j->tunnel)) ? calloc(1, sizeof *l) : NULL;
	if (!l)
		return;
	l->id = row->id;
	l->held = row->state == DELIVERY_HELD;
	l->was_called = row->state == DELIVERY_SENDING;
	/* The app was away when it was first called, and may have come and taken it just before the end. */
	l->was_waiting = row->state == DELIVERY_WAITING && row->attempts == 0;
	if (!buffer_append_bytes(&l->target, row->target)) {
		recorder_left_free(l);
		return;
	}
	*j->last = l;
	j->last = &l->next;
}

void recorder_left_free(struct left *l)
{
	buffer_free(&l->target);
	free(l);
}

static void forget(struct look_job *j)
{
	while (j->first) {
		struct left *l = j->first;
		j->first = l->next;
		recorder_left_free(l);
	}
	j->last = &j->first;
	j->elsewhere = false;
}

static bool record_lost(struct store *s, int64_t id, bool was_called, bool *parked, struct error *e)
{
	int before = 0;
	if (was_called && !store_count_attempts(s, id, ATTEMPT_CANCELLED, &before, e))
		return false;
	*parked = was_called && before + 1 >= CRASHES_MOST;
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
	forget(j); /* of a run that was rolled back */
	if (!store_list_status(db, on_client, j, e))
		return false;
	if (j->elsewhere)
		return true;
	if (!store_list_unfinished(db, on_row, j, e) || (j->with_held && !store_list_held(db, on_row, j, e)))
		return false;
	for (struct left *l = j->first; l; l = l->next)
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

void recorder_look_back(struct recorder *r, const char *tunnel, bool with_held,
			void (*done)(void *user, struct left *list, const struct error *e), void *user)
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

/* ---- taking one up ---- */

struct take_job {
	struct writer_job job;
	int64_t id;
	int64_t asked; /* the job that asks for it; then the id is the job's to say */
	struct taken *taken;
	const struct secrets *secrets;
	bool judged; /* whoever asked knew a secret and says whether its signature holds */
	bool again;  /* whatever became of it */
	bool wanted; /* its state says that it is to be called */
	void (*done)(void *user, struct taken *taken, const struct error *e);
	void *user;
};

void recorder_taken_free(struct taken *t)
{
	if (!t)
		return;
	buffer_free(&t->method);
	buffer_free(&t->target);
	buffer_free(&t->peer);
	store_message_free(&t->message);
	free(t);
}

static void on_taken_row(void *user, const struct delivery_row *row)
{
	struct take_job *j = user;
	struct taken *t = j->taken;
	j->wanted =
	    j->again || row->state == DELIVERY_WAITING || row->state == DELIVERY_SENDING || row->state == DELIVERY_HELD;
	/* One that a client died of is sent later than it was asked for. */
	j->judged = row->attempts == 0 && !bytes_equal(row->signature, bytes_of("unknown"));
	t->id = row->id;
	t->replay_of = row->replay_of;
	t->attempts = row->attempts;
	t->origin = row->origin;
	t->received_at_us = row->received_at_us;
	memcpy(t->event_id, row->event_id, UUID_LEN);
	if (!buffer_append_bytes(&t->method, row->method) || !buffer_append_bytes(&t->target, row->target) ||
	    !buffer_append_bytes(&t->peer, row->peer))
		j->wanted = false;
}

static bool take(struct take_job *j, struct store *s, struct error *e)
{
	struct taken *t = j->taken;
	j->wanted = false;
	if (!store_get(s, j->id, on_taken_row, j, e)) {
		j->wanted = false;
		return e->code == EXIT_USAGE; /* it was deleted */
	}
	if (!j->wanted)
		return true;
	if (!store_get_request(s, t->id, &t->message, &t->has_body, &t->https, e))
		return false;
	/* Recorded in part: sent again it would be another delivery. */
	j->wanted = t->message.body_size == t->message.body.len;
	return store_set_state(s, t->id, j->wanted ? DELIVERY_SENDING : DELIVERY_FAILED, e);
}

/* What is sent is judged now, whatever was said of the original when it came. */
static bool judge_sent(struct take_job *j, struct store *s, struct error *e)
{
	struct taken *t = j->taken;
	if (!j->secrets || !j->secrets->count || j->judged)
		return true;
	if (!judge_recorded(s, j->secrets, t->id, &t->message, (int64_t)(clock_now_us() / 1000000), &t->signature, e))
		return false;
	return t->signature == SIGNATURE_UNKNOWN ||
	       store_set_signature(s, t->id, bytes_of(signature_verdict_name(t->signature)), e);
}

/* One that cannot be called ends its job: whoever asked waits for it. */
static bool take_asked(struct take_job *j, struct store *s, struct error *e)
{
	j->wanted = false;
	if (!recorder_check_job(s, j->asked, &j->id, e))
		return false;
	if (!j->id)
		return true;
	return take(j, s, e) && (j->wanted ? judge_sent(j, s, e) : store_end_job(s, j->asked, JOB_FAILED, e));
}

static bool run_take(struct writer_job *job, void *db, struct error *e)
{
	struct take_job *j = (struct take_job *)job;
	recorder_taken_free(j->taken);
	j->taken = calloc(1, sizeof *j->taken);
	if (!j->taken)
		return error_set(e, EXIT_STORE, "out of memory");
	return j->asked ? take_asked(j, db, e) : take(j, db, e);
}

static void done_take(struct writer_job *job, const struct error *e)
{
	struct take_job *j = (struct take_job *)job;
	if (e || !j->wanted) {
		recorder_taken_free(j->taken);
		j->taken = NULL;
	}
	j->done(j->user, j->taken, e);
	free(j);
}

static bool submit_take(struct recorder *r, int64_t id, int64_t asked, bool again,
			void (*done)(void *user, struct taken *taken, const struct error *e), void *user)
{
	struct take_job *j = calloc(1, sizeof *j);
	if (!j)
		return false;
	j->job.run = run_take;
	j->job.done = done_take;
	j->id = id;
	j->asked = asked;
	j->secrets = r->secrets;
	j->again = again;
	j->done = done;
	j->user = user;
	batch_writer_submit(r->writer, &j->job);
	return true;
}

bool recorder_take(struct recorder *r, int64_t id, void (*done)(void *user, struct taken *taken, const struct error *e),
		   void *user)
{
	return submit_take(r, id, 0, false, done, user);
}

bool recorder_take_again(struct recorder *r, int64_t id,
			 void (*done)(void *user, struct taken *taken, const struct error *e), void *user)
{
	return submit_take(r, id, 0, true, done, user);
}

bool recorder_take_job(struct recorder *r, int64_t job,
		       void (*done)(void *user, struct taken *taken, const struct error *e), void *user)
{
	return submit_take(r, 0, job, false, done, user);
}
