/* The app's call, and the record of what became of it. */
#include "client/delivery/stream.h"
#include "shared/base/clock.h"

#include <stdlib.h>
#include <string.h>

static void on_head(void *user, int status, struct bytes reason, struct bytes headers, uint64_t body_len)
{
	struct stream *st = user;
	st->answer.status = status;
	st->answer.body_len = body_len;
	if (!buffer_append_bytes(&st->answer.reason, reason) || !buffer_append_bytes(&st->answer.headers, headers))
		st->answer.headers.len = 0; /* the answer still arrives; the record says less */
	if (st->origin == ORIGIN_SPOOL)
		return;
	st->answer.head_here = true;
	session_mark_dirty(st->session, st);
}

/* How much of the piece is for the record. What an app sends for a sender that has gone is not read to its end:
 * somebody who asks for large answers and hangs up would fill the disk with them. */
static size_t piece_for_record(struct stream *st, size_t len)
{
	uint64_t room = st->session->options.record_max_answer - spill_len(&st->came_body);
	if (st->abandoned) {
		uint64_t most = st->session->options.record_max_abandoned;
		uint64_t left = most > st->unheard ? most - st->unheard : 0;
		room = room < left ? room : left;
		st->unheard += len;
		if (st->unheard > most) {
			st->cut = ANSWER_CUT_SENDER_GONE;
			session_hang_up_soon(st->session, st);
		}
	}
	if (len > room && !st->cut && st->session->options.record_max_answer < st->session->options.record_max)
		st->cut = ANSWER_CUT_NO_ROOM;
	return len < room ? len : (size_t)room;
}

static bool on_body(void *user, struct bytes piece)
{
	struct stream *st = user;
	if (!st->on_wire && st->forward)
		forward_unheard(st->forward);
	if (!stream_keep_answer(st, piece))
		return false;
	if (st->upgraded) { /* not for the record */
		session_mark_dirty(st->session, st);
		return true;
	}
	size_t kept = piece_for_record(st, piece.len);
	st->came_size += piece.len;
	/* Without room for more the record is cut, and says so by its size. */
	if (!st->came_cut && !spill_append(&st->came_body, piece.at, kept))
		st->came_cut = true;
	session_mark_dirty(st->session, st);
	return true;
}

/* It waits for the app: nobody was there to take it. */
static bool is_held(const struct stream *st)
{
	return st->session->holds && !st->job && !st->upgrade && st->result.result == ATTEMPT_UNREACHABLE;
}

static void tell_attempt(struct stream *st)
{
	struct session *s = st->session;
	bool ok = st->result.result == ATTEMPT_OK;
	struct delivery_row row = {
		.id = st->delivery_id,
		.received_at_us = st->request.received_at_us,
		.origin = st->origin,
		.replay_of = st->replay_of,
		.state = ok && st->result.status < 400 ? DELIVERY_DELIVERED
			 : is_held(st)                 ? DELIVERY_HELD
						       : DELIVERY_FAILED,
		.status = st->result.status,
		.timed_out = st->result.result == ATTEMPT_TIMEOUT,
		.broke_off = !ok && st->result.status > 0,
		.took_us = (int64_t)st->result.total_us,
		.attempts = st->attempt,
		.request_bytes = st->body_size,
		.response_bytes = st->came_size,
		.tunnel = bytes_of(tunnel_name(s->tunnel)),
		.method = st->request.method,
		.target = st->request.target,
		.path = st->request.target,
		.peer = st->request.peer,
		.provider = bytes_of(st->provider),
		.event_type = buffer_view(&st->event),
		.signature = bytes_of(signature_verdict_name(st->signature)),
	};
	struct attempt_row attempt = {
		.number = st->attempt,
		.started_at_us = st->result.started_at_us,
		.result = st->result.result,
		.status = st->result.status,
		.connect_us = st->result.connect_us,
		.first_byte_us = st->result.first_byte_us,
		.total_us = st->result.total_us,
		.response_bytes = st->came_size,
		.cut = st->cut,
		.url = bytes_of(st->result.url),
		.error = bytes_of(st->result.error),
	};
	char chaos[CHAOS_TEXT_LEN];
	chaos_text(chaos, st->chaos);
	attempt.chaos = bytes_of(chaos);
	memcpy(row.event_id, st->request.event_id, UUID_LEN);
	s->events->on_attempt(s->user, &row, &attempt);
}

#define RECORD_AGAIN_MS 1000

static void on_record_again(uv_timer_t *h)
{
	session_record_again(h->data);
}

static void forget_attempt(struct stream *st)
{
	struct session *s = st->session;
	st->recording = false;
	s->busy--;
	/* What is kept until the relay's DONE is the answer alone. */
	struct wire_request *r = &st->request;
	r->peer = r->method = r->target = r->prefix = r->headers = bytes_of(NULL);
	struct buffer *done_with[] = { &st->head, &st->spoilt, &st->trailers, &st->called };
	spill_free(&st->body);
	spill_free(&st->came_body);
	for (size_t i = 0; i < sizeof done_with / sizeof *done_with; i++)
		buffer_free(done_with[i]);
	stream_release(st);
}

static void record_answered(struct stream *st)
{
	recorder_set_answered(st->session->recorder, st->delivery_id, st->attempt, st->answer.given.at_us);
}

static void on_attempt_recorded(void *user, const struct error *e)
{
	struct stream *st = user;
	struct session *s = st->session;
	if (e) /* that it works again is for a delivery to show, which needs more room */
		session_store_works(s, e);
	if (e && !s->draining && !s->cancelled) {
		/* Left so, the delivery would pass for unfinished, and the app be called again at the next start. */
		st->unrecorded_next = s->unrecorded;
		s->unrecorded = st;
		uv_timer_start(&s->record_again, on_record_again, RECORD_AGAIN_MS, 0);
		return;
	}
	st->recorded = !e;
	if (!e && st->answer.given.at_us != st->answer.given.recorded_us)
		record_answered(st);
	if (!e && is_held(st))
		hold_add(s, session_route(s, st->request.target), st->delivery_id);
	else if (!e && !weather_call_again(st))
		s->events->on_over(s->user, st->delivery_id);
	asked_over(st);
	forget_attempt(st);
}

static void submit_record(struct stream *st)
{
	recorder_insert_attempt(st->session->recorder, &st->record, &st->answer.given, on_attempt_recorded, st);
}

void session_record_again(struct session *s)
{
	struct stream *list = s->unrecorded;
	s->unrecorded = NULL;
	while (list) {
		struct stream *st = list;
		list = st->unrecorded_next;
		if (s->draining)
			forget_attempt(st);
		else
			submit_record(st);
	}
}

static void record_attempt(struct stream *st)
{
	struct store_attempt a = {
		.delivery_id = st->delivery_id,
		.job = st->job,
		.started_at_us = st->result.started_at_us,
		.result = st->result.result,
		.then = is_held(st) ? ATTEMPT_THEN_HELD : ATTEMPT_THEN_OVER,
		.status = st->result.status,
		.reason = buffer_view(st->answered_instead ? &st->came_reason : &st->answer.reason),
		.connect_us = st->result.connect_us,
		.first_byte_us = st->result.first_byte_us,
		.total_us = st->result.total_us,
		.body_size = st->came_size,
		.cut = st->cut,
	};
	stream_recorded_part(st, &st->came_body, &a.body, &a.spilled);
	/* The URL dies with the call. */
	size_t url_len = strlen(st->result.url), error_len = strlen(st->result.error);
	spill_free(&st->body);
	if (buffer_append(&st->called, st->result.url, url_len) &&
	    buffer_append(&st->called, st->result.error, error_len)) {
		a.url = bytes_make(st->called.at, url_len);
		a.error = bytes_make(st->called.at + url_len, error_len);
	}
	if (st->result.status)
		a.headers = buffer_view(st->answered_instead ? &st->came_headers : &st->answer.headers);
	st->recording = true;
	st->record = a;
	submit_record(st);
}

/* Of a sender that waited. The relay's own moment is not told to the client. */
void stream_answer_given(struct stream *st)
{
	if (st->origin != ORIGIN_LIVE || st->upgraded)
		return;
	st->answer.given.at_us = clock_now_us();
	if (st->recorded)
		record_answered(st);
}

/* What little of an answer came is for the record; the sender gets a sentence. */
static void answer_instead(struct stream *st)
{
	st->came_reason = st->answer.reason;
	st->came_headers = st->answer.headers;
	st->answer.reason = st->answer.headers = (struct buffer){ 0 };
	st->answered_instead = true;
	if (st->origin == ORIGIN_SPOOL)
		stream_answer_status(st, st->result.status                      ? st->result.status
					 : st->result.result == ATTEMPT_TIMEOUT ? 504
										: 502);
	else
		stream_answer_instead(st);
}

static void answer_rest(struct stream *st)
{
	if (!st->on_wire)
		return;
	if (st->origin == ORIGIN_SPOOL) {
		/* Nobody waits: of the answer the relay gets the status, its head is for the record. */
		answer_instead(st);
	} else if (st->result.result == ATTEMPT_OK) {
		st->answer.whole = true;
		stream_send_answer(st);
	} else if (st->answer.head_ever_sent) {
		st->answer.aborted = true;
		stream_send_answer(st);
	} else {
		answer_instead(st);
	}
}

/* The state it is left in says that it was not called, so that nothing is counted and nothing told. */
static void put_back(struct stream *st)
{
	struct session *s = st->session;
	bool again = st->result.result == ATTEMPT_UNREACHABLE;
	recorder_set_state(s->recorder, st->delivery_id, DELIVERY_HELD);
	s->busy--;
	hold_call_over(st->hold, again);
	stream_release(st);
}

/* The delivery is what opened the connection: it is over and on record now, whatever passes from here on. */
static void on_upgraded(void *user, const struct forward_result *so_far)
{
	struct stream *st = user;
	st->upgraded = true;
	st->result = *so_far;
	tell_attempt(st);
	record_attempt(st);
	hold_app_is_there(st->session, session_route(st->session, st->request.target));
}

static size_t on_upload(void *user, void *out, size_t most)
{
	struct stream *st = user;
	struct link *l = stream_wire(st);
	size_t left = st->up.len - st->up_at, n = left < most ? left : most;
	if (n == 0) {
		if (st->up_ended)
			session_hang_up_soon(st->session, st);
		return 0;
	}
	memcpy(out, st->up.at + st->up_at, n);
	st->up_at += n;
	if (st->up_at == st->up.len)
		st->up.len = st->up_at = 0;
	if (l)
		inflow_gone(&st->inflow, l, st->id, n);
	return n;
}

bool stream_take_upgraded(struct stream *st, struct bytes piece, bool end)
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
		forward_feed(st->forward);
	return true;
}

void stream_hang_up(struct stream *st)
{
	st->hang_up = false;
	if (st->forward && (st->upgraded || st->cut == ANSWER_CUT_SENDER_GONE || forward_is_event_stream(st->forward)))
		forward_hang_up(st->forward);
	else if (st->forward)
		forward_cancel(st->forward);
	else
		stream_release(st);
}

static void on_done(void *user, const struct forward_result *result)
{
	struct stream *st = user;
	struct session *s = st->session;
	st->calling = false;
	st->forward = NULL;
	if (st->upgraded) {
		st->result.result = result->result;
		answer_rest(st);
		stream_release(st);
		return;
	}
	st->result = *result;
	if (st->hold && (result->result == ATTEMPT_UNREACHABLE || result->result == ATTEMPT_CANCELLED)) {
		put_back(st);
		return;
	}
	tell_attempt(st);
	answer_rest(st);
	/* Submitted before anything else is called from here: what follows may free the stream. */
	struct hold *hold = st->hold;
	bool old = st->old,
	     reached = *result->url && result->result != ATTEMPT_UNREACHABLE && result->result != ATTEMPT_CANCELLED;
	size_t route = session_route(s, st->request.target);
	record_attempt(st);
	if (hold)
		hold_call_over(hold, false);
	else if (reached)
		hold_app_is_there(s, route);
	if (old)
		old_call_over(s);
}

/* A client that dies while the app is down has not died of this delivery: in this state it does not count so. */
static void on_refused(void *user)
{
	struct stream *st = user;
	recorder_set_state(st->session->recorder, st->delivery_id, DELIVERY_WAITING);
}

static const struct forward_ops forward_ops = { on_head, on_body, on_done, on_refused, on_upgraded, on_upload };

size_t session_route(const struct session *s, struct bytes target)
{
	size_t best = s->options.route_count - 1;
	for (size_t i = 0; i + 1 < s->options.route_count; i++) {
		const struct route *r = &s->options.routes[i];
		size_t len = strlen(r->path);
		if (len > strlen(s->options.routes[best].path) && target.len >= len &&
		    memcmp(target.at, r->path, len) == 0 &&
		    (target.len == len || target.at[len] == '/' || target.at[len] == '?'))
			best = i;
	}
	return best;
}

/* It waits on record for who asked to be told of it, and is found there by the next run, too. */
static void leave_on_record(struct stream *st)
{
	struct session *s = st->session;
	bool old = st->old;
	if (old)
		recorder_set_state(s->recorder, st->delivery_id, DELIVERY_WAITING);
	s->events->on_over(s->user, st->delivery_id);
	if (st->job)
		recorder_end_asked(s->recorder, st->job);
	asked_over(st);
	stream_answer_status(st, 202);
	s->busy--;
	stream_release(st);
	if (old)
		old_call_over(s);
}

void stream_call_app(struct stream *st)
{
	struct session *s = st->session;
	struct error e;
	if (s->options.no_app) {
		leave_on_record(st);
		return;
	}
	struct forward_request r = {
		.attempt = ++st->attempt,
		.https = st->request.https,
		.has_body = st->request.has_body,
		.forwarded = st->request.forwarded,
		.once = st->hold != NULL,
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
	st->calling = true;
	st->forward =
	    forward_start(s->forwarder, s->options.routes[session_route(s, r.target)].target, &r, &forward_ops, st, &e);
	if (!st->forward) {
		struct forward_result failed = { .result = ATTEMPT_ABORTED, .url = "" };
		snprintf(failed.error, sizeof failed.error, "%.290s", e.text);
		on_done(st, &failed);
	}
}

void stream_answer_as_app(struct stream *st, int status, struct bytes headers, struct bytes body, const char *sentence)
{
	struct forward_result result = {
		.result = ATTEMPT_OK, .status = status, .url = "", .started_at_us = clock_now_us()
	};
	struct answer *a = &st->answer;
	snprintf(result.error, sizeof result.error, "%s", sentence);
	st->attempt++;
	a->status = status;
	a->body_len = body.len;
	a->head_here = true;
	if (!buffer_append_bytes(&a->headers, headers) || !buffer_append_bytes(&a->kept, body) ||
	    !spill_append(&st->came_body, body.at, body.len)) {
		result.result = ATTEMPT_ABORTED;
		snprintf(result.error, sizeof result.error, "the client is out of memory");
	}
	st->came_size = spill_len(&st->came_body);
	on_done(st, &result);
}
