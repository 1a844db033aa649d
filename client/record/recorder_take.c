/* A recorded delivery is read whole and marked as sending, so that the app can be called for it. */
#include "client/record/recorder_private.h"
#include "client/signing/judge.h"
#include "shared/base/clock.h"
#include "shared/query/item.h"
#include "shared/query/store_query.h"
#include "shared/store/store_jobs.h"

#include <stdlib.h>
#include <string.h>

enum take_which { TAKE_UNFINISHED, TAKE_ANY };

struct take_job {
	struct writer_job job;
	int64_t id;
	int64_t asked; /* the job that asks for it, which gives the id; or 0 */
	struct taken *taken;
	const struct secrets *secrets;
	bool judged; /* the program that asked knew a secret and has judged the signature */
	enum take_which which;
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
	spill_free(&t->file);
	free(t);
}

static bool take_row(struct take_job *j, const struct delivery_row *row)
{
	struct taken *t = j->taken;
	/* After a call that was lost it is sent later than it was judged. */
	j->judged = row->attempts == 0 && !bytes_equal(row->signature, bytes_of("unknown"));
	t->id = row->id;
	t->replay_of = row->replay_of;
	t->attempts = row->attempts;
	t->origin = row->origin;
	t->received_at_us = row->received_at_us;
	memcpy(t->event_id, row->event_id, UUID_LEN);
	return buffer_append_bytes(&t->method, row->method) && buffer_append_bytes(&t->target, row->target) &&
	       buffer_append_bytes(&t->peer, row->peer);
}

static bool is_unfinished(enum delivery_state state)
{
	return state == DELIVERY_WAITING || state == DELIVERY_SENDING || state == DELIVERY_HELD;
}

static bool take(struct take_job *j, struct store *s, struct error *e)
{
	struct taken *t = j->taken;
	struct item item;
	j->wanted = false;
	if (!item_read(s, j->id, &item, e))
		return e->code == EXIT_USAGE; /* it was deleted */
	bool wanted = j->which == TAKE_ANY || is_unfinished(item.row.state);
	bool fine = !wanted || take_row(j, &item.row) || error_set(e, EXIT_STORE, "out of memory");
	item_free(&item);
	if (!fine || !wanted)
		return fine;
	bool lost;
	if (!store_get_request_apart(s, t->id, &t->message, &t->file, &t->has_body, &t->https, &lost, e))
		return false;
	/* One that was recorded in part would be another delivery when sent again. */
	j->wanted = !lost && t->message.body_size == t->message.body.len + spill_len(&t->file);
	return store_set_state(s, t->id, j->wanted ? DELIVERY_SENDING : DELIVERY_FAILED, e);
}

/* Judges what is sent as of now, whatever the original's verdict was when it came. */
static bool judge_sent(struct take_job *j, struct store *s, struct error *e)
{
	struct taken *t = j->taken;
	if (!j->secrets || !j->secrets->count || j->judged)
		return true;
	struct message m = t->message;
	struct bytes mapped = bytes_of(NULL);
	if (spill_len(&t->file) && !spill_map(&t->file, &mapped))
		return true; /* nothing is known of it */
	if (mapped.len)      /* looked at alone */
		m.body = (struct buffer){ .at = (uint8_t *)(uintptr_t)mapped.at, .len = mapped.len };
	bool fine = judge_recorded(s, j->secrets, t->id, &m, (int64_t)(clock_now_us() / 1000000), &t->signature, e);
	if (mapped.len)
		spill_unmap(&t->file, mapped);
	if (!fine)
		return false;
	return t->signature == SIGNATURE_UNKNOWN ||
	       store_set_signature(s, t->id, bytes_of(signature_verdict_name(t->signature)), e);
}

/* A delivery that cannot be called ends its job, for which a program waits. */
static bool take_asked(struct take_job *j, struct store *s, struct error *e)
{
	j->wanted = false;
	if (!recorder_check_asked(s, j->asked, &j->id, e))
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
	spill_init(&j->taken->file, NULL);
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

static bool submit_take(struct recorder *r, int64_t id, int64_t asked, enum take_which which,
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
	j->which = which;
	j->done = done;
	j->user = user;
	batch_writer_submit(r->writer, &j->job);
	return true;
}

bool recorder_take(struct recorder *r, int64_t id, void (*done)(void *user, struct taken *taken, const struct error *e),
		   void *user)
{
	return submit_take(r, id, 0, TAKE_UNFINISHED, done, user);
}

bool recorder_take_again(struct recorder *r, int64_t id,
			 void (*done)(void *user, struct taken *taken, const struct error *e), void *user)
{
	return submit_take(r, id, 0, TAKE_ANY, done, user);
}

bool recorder_take_asked(struct recorder *r, int64_t job,
			 void (*done)(void *user, struct taken *taken, const struct error *e), void *user)
{
	return submit_take(r, 0, job, TAKE_UNFINISHED, done, user);
}
