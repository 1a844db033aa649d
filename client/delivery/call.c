#include "client/delivery/call.h"

#include "client/delivery/attempt.h"
#include "client/delivery/report.h"
#include "client/delivery/response.h"
#include "client/delivery/stub.h"
#include "shared/base/clock.h"
#include "shared/http/http_phrase.h"

#include <string.h>

/* ---- the end ---- */

/* The app took the call, whatever it made of it. */
static bool was_reached(const struct forward_result *r)
{
	return *r->url && r->result != ATTEMPT_UNREACHABLE && r->result != ATTEMPT_CANCELLED;
}

static void be_over(struct stream *st)
{
	if (st->by->over)
		st->by->over(st);
}

/* st->result says how. */
static void end(struct stream *st)
{
	bool reached = was_reached(&st->result);
	stream_pin(st);
	if (st->by->counts && !st->by->counts(st)) {
		stream_call_to(st, CALL_LEFT);
	} else {
		stream_call_to(st, CALL_OVER);
		report_attempt(st);
		response_take_end(st);
		attempt_record(st);
		if (reached)
			st->by->reached(st);
	}
	be_over(st);
	stream_unpin(st);
}

/* ---- what the forwarder says ---- */

static void on_head(void *user, int status, struct bytes reason, struct bytes headers, uint64_t body_len)
{
	attempt_expect_body(user, body_len);
	response_take_head(user, status, reason, headers, body_len);
}

static bool on_body(void *user, struct bytes piece)
{
	struct stream *st = user;
	if (!st->on_wire && st->forward)
		st->set->app->unheard(st->forward);
	if (!response_take_body(st, piece))
		return false;
	if (!stream_is_upgraded(st)) /* what passes then is not for the record */
		attempt_take_body(st, piece);
	stream_at_turn_end(st, TURN_SEND);
	return true;
}

static void on_raw(void *user, struct bytes raw)
{
	attempt_take_raw(user, raw);
}

static void on_trailers(void *user, struct bytes trailers)
{
	response_take_trailers(user, trailers);
}

/* A client that dies while the app is down has not died of this delivery: in this state it does not count so. */
static void on_refused(void *user)
{
	struct stream *st = user;
	st->set->record->set_state(st->set->recorder, st->delivery_id, DELIVERY_WAITING);
}

/* The delivery is what opened the connection: it is over and on record now, whatever passes from here on. */
static void on_upgraded(void *user, const struct forward_result *so_far)
{
	struct stream *st = user;
	st->result = *so_far;
	stream_call_to(st, CALL_PASSING);
	report_attempt(st);
	attempt_record(st);
	st->by->reached(st);
}

static size_t on_upload(void *user, void *out, size_t most)
{
	struct stream *st = user;
	const struct wire_out *w = stream_wire(st);
	size_t left = st->up.len - st->up_at, n = left < most ? left : most;
	if (n == 0) {
		if (st->up_ended)
			stream_at_turn_end(st, TURN_HANG_UP);
		return 0;
	}
	memcpy(out, st->up.at + st->up_at, n);
	st->up_at += n;
	if (st->up_at == st->up.len)
		st->up.len = st->up_at = 0;
	if (w)
		inflow_gone(&st->inflow, w, st->id, n);
	return n;
}

static void on_done(void *user, const struct forward_result *result)
{
	struct stream *st = user;
	st->forward = NULL;
	if (st->call != CALL_PASSING) {
		st->result = *result;
		end(st);
		return;
	}
	/* What it came to is on record since the 101. */
	st->result.result = result->result;
	stream_call_to(st, CALL_OVER);
	response_take_end(st);
	stream_release(st);
}

static const struct forward_ops forward_ops = { .on_head = on_head,
						.on_raw = on_raw,
						.on_body = on_body,
						.on_done = on_done,
						.on_refused = on_refused,
						.on_upgraded = on_upgraded,
						.on_upload = on_upload,
						.on_trailers = on_trailers };

/* ---- the beginning ---- */

/* It waits on record for the command that is run for it, and is found there by the next run, too. */
static void leave_on_record(struct stream *st)
{
	stream_pin(st);
	st->set->events->on_over(st->set->user, st->delivery_id);
	stream_call_to(st, CALL_LEFT);
	response_take_status(st, 202);
	be_over(st);
	stream_unpin(st);
}

static void skip(struct stream *st)
{
	char sentence[sizeof st->result.error];
	if (*st->skipped->text)
		snprintf(sentence, sizeof sentence, "the app was not called: --skip %.200s", st->skipped->text);
	else
		snprintf(sentence, sizeof sentence, "the app was not called: it is none of --only");
	st->set->record->add_tag(st->set->recorder, st->delivery_id, "skipped");
	call_answer(st, 200, bytes_of(NULL), bytes_of(NULL), sentence, clock_now_us());
}

/* No app is called. */
static void stand_in(struct stream *st)
{
	if (st->skipped)
		skip(st);
	else if (st->set->options.no_app)
		leave_on_record(st);
	else
		stub_begin(st);
}

void call_begin(struct stream *st)
{
	struct streams *set = st->set;
	struct error e;
	if (st->skipped || set->options.no_app || set->options.routes[st->route].stub) {
		stand_in(st);
		return;
	}
	struct forward_request r = {
		.attempt = ++st->attempt,
		.https = st->request.https,
		.has_body = st->request.has_body,
		.forwarded = st->request.forwarded,
		.replayed = st->job != 0 || st->origin == ORIGIN_REPLAY,
		.once = st->by->once,
		.live = st->on_wire && st->origin == ORIGIN_LIVE,
		.upgrade = st->upgrade,
		.peer = st->request.peer,
		.method = st->request.method,
		.target = st->request.target,
		.headers = st->spoilt.len ? buffer_view(&st->spoilt) : st->request.headers,
		.trailers = buffer_view(&st->trailers),
	};
	if (!spill_view(&st->body, &r.body))
		r.spilled = &st->body;
	memcpy(r.event_id, st->request.event_id, UUID_LEN);
	stream_call_to(st, CALL_CALLING);
	st->forward = set->app->start(set->forwarder, set->options.routes[st->route].target, &r, &forward_ops, st, &e);
	if (!st->forward) {
		struct forward_result failed = { .result = ATTEMPT_ABORTED, .url = "" };
		snprintf(failed.error, sizeof failed.error, "%.290s", e.text);
		on_done(st, &failed);
	}
}

void call_answer(struct stream *st, int status, struct bytes headers, struct bytes body, const char *sentence,
		 uint64_t began_us)
{
	struct response *r = &st->response;
	uint64_t now = clock_now_us();
	st->result =
	    (struct forward_result){ .result = ATTEMPT_OK, .status = status, .url = "", .started_at_us = began_us };
	st->result.first_byte_us = st->result.total_us = now > began_us ? now - began_us : 1;
	snprintf(st->result.error, sizeof st->result.error, "%s", sentence);
	st->attempt++;
	r->status = status;
	r->body_len = body.len;
	stream_response_to(st, RESPONSE_HEAD);
	if (!buffer_append_text(&r->reason, http_phrase(status)) || !buffer_append_bytes(&r->headers, headers) ||
	    !buffer_append_bytes(&r->kept, body) || !spill_append(&st->answer.body, body.at, body.len)) {
		st->result.result = ATTEMPT_ABORTED;
		snprintf(st->result.error, sizeof st->result.error, "the client is out of memory");
	}
	st->answer.size = spill_len(&st->answer.body);
	end(st);
}

void call_leave(struct stream *st, enum delivery_state state)
{
	st->set->record->set_state(st->set->recorder, st->delivery_id, state);
	stream_call_to(st, CALL_LEFT);
	stream_leave_wire(st);
	stream_release(st);
}

/* ---- after 101, and breaking off ---- */

bool call_take_upgraded(struct stream *st, struct bytes piece, bool end)
{
	if (st->up_ended || !inflow_come(&st->inflow, piece.len))
		return false;
	/* An app that never quite catches up must not have all that went up kept. */
	if (st->up_at > st->up.len / 2) {
		buffer_consume(&st->up, st->up_at);
		st->up_at = 0;
	}
	if (!buffer_append_bytes(&st->up, piece)) {
		stream_send_reset(st, WIRE_RESET_APP_ABORTED, "the client is out of memory");
		return true;
	}
	st->up_ended = end;
	if (st->forward)
		st->set->app->feed(st->forward);
	return true;
}

void call_hang_up(struct stream *st)
{
	const struct app_ops *app = st->set->app;
	struct forward *f = st->forward;
	if (!f)
		stream_release(st);
	else if (stream_is_upgraded(st) || st->answer.cut == ANSWER_CUT_SENDER_GONE || app->is_event_stream(f))
		app->hang_up(f);
	else
		app->cancel(f);
}

void call_cancel(struct stream *st)
{
	if (st->forward)
		st->set->app->cancel(st->forward);
}
