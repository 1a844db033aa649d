#include "client/replay/replayer.h"

#include "client/common/limits.h"
#include "client/record/running_client.h"
#include "client/replay/replayer_private.h"
#include "shared/query/store_part.h"
#include "shared/wire/wire.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#define POLL_MS 20
#define GONE_MS 1000 /* between looks at whether the client that was asked still lives */
#define CACHE_KIB 1024

static void work_next(struct replayer *r);
static void go_on(struct replay *p);

/* ---- life of one ---- */

static void replay_free(struct replay *p)
{
	struct buffer *all[] = { &p->last_url,       &p->headers,         &p->answer_reason, &p->answer_body,
				 &p->answer_headers, &p->answer_trailers, &p->answer_raw,    &p->result_url,
				 &p->signed_body,    &p->prefix };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buffer_free(all[i]);
	item_free(&p->original);
	store_message_free(&p->message);
	free(p->base);
	free(p);
}

static void over(struct replay *p)
{
	struct replayer *r = p->replayer;
	DL_DELETE(r->replays, p);
	p->done(p->user, &p->replayed, p->failed ? &p->error : NULL);
	replay_free(p);
}

static void fail_replay(struct replay *p, const struct error *e)
{
	if (p->failed)
		return;
	p->failed = true;
	p->error = *e;
}

static void interrupted(struct replay *p)
{
	struct error e;
	error_set(&e, EXIT_INTERRUPTED, "the replay was stopped");
	fail_replay(p, &e);
}

/* ---- the call ---- */

static void keep(struct replay *p, struct buffer *into, struct bytes from)
{
	into->len = 0;
	if (!buffer_append_bytes(into, from))
		p->no_memory = true;
}

static void on_head(void *user, int status, struct bytes reason, struct bytes headers, uint64_t body_len)
{
	struct replay *p = user;
	(void)status;
	(void)body_len;
	keep(p, &p->answer_reason, reason);
	keep(p, &p->answer_headers, headers);
}

static void on_raw(void *user, struct bytes raw)
{
	struct replay *p = user;
	keep(p, &p->answer_raw, raw);
}

static void on_trailers(void *user, struct bytes trailers)
{
	struct replay *p = user;
	keep(p, &p->answer_trailers, trailers);
}

static bool on_body(void *user, struct bytes piece)
{
	struct replay *p = user;
	p->answer_size += piece.len;
	/* Once a piece is left out none may follow, so that the record is a beginning without holes. */
	p->cut = p->cut || piece.len > LIMIT_REPLAY_ANSWER - p->answer_body.len ||
		 !buffer_append_bytes(&p->answer_body, piece);
	return true;
}

static void on_done(void *user, const struct forward_result *result)
{
	struct replay *p = user;
	struct error e;
	p->call = NULL;
	p->result = *result;
	keep(p, &p->result_url, bytes_of(result->url));
	p->replayed.result = result->result;
	p->replayed.status = result->status;
	if (p->stopped)
		interrupted(p);
	else if (result->result != ATTEMPT_OK && !error_set(&e, EXIT_TARGET, "%s", result->error))
		fail_replay(p, &e);
	p->step = STEP_RECORD;
	work_next(p->replayer);
}

static const struct forward_ops forward_ops = {
	.on_head = on_head, .on_raw = on_raw, .on_body = on_body, .on_trailers = on_trailers, .on_done = on_done
};

static void call(struct replay *p)
{
	struct replayer *r = p->replayer;
	bool other = p->change.has_body || p->change.whole;
	struct error e;
	struct forward_request request = {
		.attempt = 1,
		.https = p->https,
		.has_body = p->has_body,
		.forwarded = p->message.forwarded,
		.replayed = true,
		.peer = p->original.row.peer,
		.method = p->method,
		.target = p->target,
		.headers = buffer_view(&p->headers),
		.trailers = p->change.whole ? bytes_of(NULL) : buffer_view(&p->message.trailers),
		.body = other ? p->change.body : buffer_view(&p->message.body),
	};
	memcpy(request.event_id, p->event_id, UUID_LEN);
	/* The loop's clock did not move while the store was read, and time limits count from now. */
	uv_update_time(r->loop);
	p->step = STEP_CALL;
	p->call = forward_start(r->forwarder, p->base, &request, &forward_ops, p, &e);
	if (p->call)
		return;
	fail_replay(p, &e);
	p->result.result = ATTEMPT_CANCELLED;
	p->replayed.result = ATTEMPT_CANCELLED;
	p->step = STEP_RECORD;
	work_next(r);
}

/* ---- asking a client ---- */

static struct replay *find_asked(struct replayer *r)
{
	struct replay *p;
	DL_FOREACH(r->replays, p)
	if (!p->working && p->step == STEP_ASKED)
		break;
	return p;
}

static void look_at(struct replay *p, bool check_client)
{
	struct replayer *r = p->replayer;
	struct error ignored;
	struct job job;
	bool found, lives = true;
	if (!store_get_job(r->watch, p->job, &job, &found, &ignored))
		return;
	bool ended = !found || job.state == JOB_DONE || job.state == JOB_FAILED;
	if (!ended && check_client && running_client_exists(r->watch, p->original.row.tunnel, &lives, &ignored) &&
	    lives)
		return;
	if (ended)
		p->step = STEP_RESULT;
	else if (!lives)
		p->step = STEP_WITHDRAW;
}

static void on_poll(uv_timer_t *t)
{
	struct replayer *r = t->data;
	struct error ignored;
	int64_t version = 0;
	uint64_t now = uv_now(r->loop);
	bool check = now - r->checked_ms >= GONE_MS;
	bool fine = store_version(r->watch, &version, &ignored);
	if (check)
		r->checked_ms = now;
	if (!fine || (version == r->version && !check))
		return;
	r->version = version;
	struct replay *p;
	DL_FOREACH(r->replays, p)
	if (!p->working && p->step == STEP_ASKED)
		look_at(p, check);
	if (!find_asked(r))
		uv_timer_stop(&r->poll);
	work_next(r);
}

static void wait_for_client(struct replay *p)
{
	struct replayer *r = p->replayer;
	p->step = STEP_ASKED;
	r->version = 0;
	if (!uv_is_active((uv_handle_t *)&r->poll))
		uv_timer_start(&r->poll, on_poll, POLL_MS, POLL_MS);
}

/* ---- the worker ---- */

static void on_work(uv_work_t *work)
{
	struct replayer *r = work->data;
	replayer_work(r, r->at_work);
}

static void on_worked(uv_work_t *work, int status)
{
	struct replayer *r = work->data;
	struct replay *p = r->at_work;
	(void)status;
	r->at_work = NULL;
	p->working = false;
	go_on(p);
	work_next(r);
}

static void on_recorded(struct replay *p)
{
	if (p->job) {
		wait_for_client(p);
		if (p->stopped)
			replayer_stop(p);
	} else {
		call(p);
		if (p->stopped && p->call)
			forward_cancel(p->call);
	}
	if (p->recorded)
		p->recorded(p->user);
}

static void go_on(struct replay *p)
{
	switch (p->step) {
	case STEP_PREPARE:
		if (p->failed)
			over(p);
		else
			on_recorded(p);
		break;
	case STEP_ASKED: /* the client was faster than the withdrawal */
		wait_for_client(p);
		break;
	case STEP_WITHDRAW:
		if (p->stopped) {
			interrupted(p);
		} else {
			struct error e;
			error_set(&e, EXIT_TARGET, "the client that was to send it ended before it did");
			fail_replay(p, &e);
		}
		over(p);
		break;
	case STEP_RECORD:
	case STEP_RESULT:
	case STEP_CALL:
	case STEP_OVER:
		over(p);
		break;
	}
}

static bool wants_work(const struct replay *p)
{
	return p->step == STEP_PREPARE || p->step == STEP_RECORD || p->step == STEP_WITHDRAW || p->step == STEP_RESULT;
}

static void work_next(struct replayer *r)
{
	struct replay *p = r->replays;
	if (r->at_work)
		return;
	while (p && !wants_work(p))
		p = p->next;
	if (!p)
		return;
	r->at_work = p;
	p->working = true;
	r->work.data = r;
	uv_queue_work(r->loop, &r->work, on_work, on_worked); /* fails only without a function */
}

/* ---- what callers do ---- */

struct replay *replayer_start(struct replayer *r, int64_t original, const struct replay_change *change,
			      void (*done)(void *user, const struct replayed *result, const struct error *e),
			      void *user)
{
	struct replay *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->replayer = r;
	p->replayed.original = original;
	p->replayed.result = ATTEMPT_CANCELLED;
	if (change)
		p->change = *change;
	p->done = done;
	p->user = user;
	DL_APPEND(r->replays, p);
	work_next(r);
	return p;
}

void replayer_tell_recorded(struct replay *p, void (*recorded)(void *user))
{
	p->recorded = recorded;
}

void replayer_stop(struct replay *p)
{
	p->stopped = true;
	if (p->working)
		return; /* go_on looks at `stopped` */
	if (p->step == STEP_PREPARE) {
		interrupted(p);
		over(p);
	} else if (p->step == STEP_CALL) {
		forward_cancel(p->call);
	} else if (p->step == STEP_ASKED) {
		p->step = STEP_WITHDRAW;
		work_next(p->replayer);
	}
}

static bool open_parts(struct replayer *r, struct error *e)
{
	const struct replayer_options *o = &r->options;
	if (o->to && !(r->to = forward_parse_target(o->to, o->forward->allow_remote_target, e)))
		return false;
	return store_open(&r->store, o->db, STORE_READ_WRITE, e) && store_set_cache(r->store, CACHE_KIB, e) &&
	       store_open(&r->watch, o->db, STORE_READ_ONLY, e) && store_set_cache(r->watch, CACHE_KIB, e) &&
	       (r->forwarder = forwarder_new(r->loop, o->forward, e));
}

static void free_rest(struct replayer *r)
{
	store_close(r->store);
	store_close(r->watch);
	free(r->to);
	free(r);
}

struct replayer *replayer_new(uv_loop_t *loop, const struct replayer_options *options, struct error *e)
{
	struct replayer *r = calloc(1, sizeof *r);
	if (!r) {
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	r->loop = loop;
	r->options = *options;
	if (!open_parts(r, e)) {
		free_rest(r);
		return NULL;
	}
	uv_timer_init(loop, &r->poll);
	r->poll.data = r;
	return r;
}

static void part_closed(struct replayer *r)
{
	if (--r->parts)
		return;
	void (*closed)(void *) = r->closed;
	void *user = r->closed_user;
	free_rest(r);
	if (closed)
		closed(user);
}

static void on_poll_closed(uv_handle_t *handle)
{
	part_closed(handle->data);
}

static void on_forwarder_closed(void *user)
{
	part_closed(user);
}

void replayer_close(struct replayer *r, void (*closed)(void *user), void *user)
{
	r->closed = closed;
	r->closed_user = user;
	r->parts = 2;
	forwarder_close(r->forwarder, on_forwarder_closed, r);
	uv_close((uv_handle_t *)&r->poll, on_poll_closed);
}
