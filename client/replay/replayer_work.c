/* The steps of a replay that need the store. */
#include "client/replay/replayer_private.h"

#include "client/record/running_client.h"
#include "shared/query/store_query.h"

static bool insert_attempt(struct replayer *r, struct replay *p, struct error *e)
{
	if (p->result.result == ATTEMPT_CANCELLED && !p->result.url) /* the call could not be begun */
		return store_set_state(r->store, p->replayed.id, DELIVERY_FAILED, e);
	struct store_attempt a = {
		.delivery_id = p->replayed.id,
		.started_at_us = p->result.started_at_us,
		.result = p->result.result,
		.status = p->result.status,
		.url = buffer_view(&p->result_url),
		.reason = buffer_view(&p->answer_reason),
		.error = bytes_of(p->result.error),
		.connect_us = p->result.connect_us,
		.first_byte_us = p->result.first_byte_us,
		.total_us = p->result.total_us,
		.headers = buffer_view(&p->answer_headers),
		.trailers = buffer_view(&p->answer_trailers),
		.raw = buffer_view(&p->answer_raw),
		.body = buffer_view(&p->answer_body),
		.body_size = p->answer_size,
	};
	return store_insert_attempt(r->store, &a, e);
}

static void on_result_attempt(void *user, const struct attempt_row *a)
{
	struct replay *p = user;
	p->replayed.result = a->result;
	p->answer_reason.len = 0;
	if (!buffer_append_bytes(&p->answer_reason, a->error))
		p->no_memory = true;
}

static bool read_result(struct replayer *r, struct replay *p, struct error *e)
{
	struct item now;
	p->replayed.result = ATTEMPT_CANCELLED;
	p->answer_reason.len = 0;
	if (!item_read(r->store, p->replayed.id, &now, e))
		return false;
	enum delivery_state state = now.row.state;
	p->replayed.status = now.row.status;
	item_free(&now);
	if (!store_list_attempts(r->store, p->replayed.id, on_result_attempt, p, e))
		return false;
	if (state == DELIVERY_DELIVERED) /* there is no attempt when a command (--exec) took it */
		p->replayed.result = ATTEMPT_OK;
	if (p->replayed.result == ATTEMPT_OK)
		return true;
	return error_set(e, EXIT_TARGET, "%.*s", (int)p->answer_reason.len,
			 p->answer_reason.len ? (const char *)p->answer_reason.at
					      : "the running client could not send it");
}

/* When the client was faster, what it makes of it is waited for instead. */
static bool withdraw(struct replayer *r, struct replay *p, struct error *e)
{
	struct job job;
	bool found, lives = false;
	if (!store_get_job(r->store, p->job, &job, &found, e) ||
	    !running_client_exists(r->store, p->original.row.tunnel, &lives, e))
		return false;
	if (found && (job.state == JOB_DONE || job.state == JOB_FAILED)) {
		p->step = STEP_OVER;
		return read_result(r, p, e);
	}
	if (found && lives && (job.state == JOB_TAKEN || !p->stopped)) {
		p->step = STEP_ASKED;
		return true;
	}
	if (found && (!store_end_job(r->store, p->job, JOB_FAILED, e) ||
		      !store_set_state(r->store, p->replayed.id, DELIVERY_FAILED, e)))
		return false;
	return true;
}

static bool in_transaction(struct replayer *r, struct replay *p,
			   bool (*work)(struct replayer *, struct replay *, struct error *), struct error *e)
{
	if (!store_batch_ops.begin(r->store, e))
		return false;
	if (work(r, p, e) && store_batch_ops.commit(r->store, e))
		return true;
	store_batch_ops.rollback(r->store);
	return false;
}

static bool prepare_in_transaction(struct replayer *r, struct replay *p, struct error *e)
{
	if (replayer_prepare(r, p, e) && in_transaction(r, p, replayer_insert, e))
		return true;
	p->replayed.id = p->job = 0;
	return false;
}

void replayer_work(struct replayer *r, struct replay *p)
{
	struct error e = { 0 };
	bool fine = true;
	switch (p->step) {
	case STEP_PREPARE:
		fine = prepare_in_transaction(r, p, &e);
		break;
	case STEP_RECORD:
		fine = in_transaction(r, p, insert_attempt, &e);
		break;
	case STEP_WITHDRAW:
		fine = in_transaction(r, p, withdraw, &e);
		break;
	case STEP_RESULT:
		fine = read_result(r, p, &e);
		break;
	case STEP_CALL:
	case STEP_ASKED:
	case STEP_OVER:
		break;
	}
	/* The first failure is the one that is reported. */
	if (!fine && !p->failed) {
		p->failed = true;
		p->error = e;
	}
}
