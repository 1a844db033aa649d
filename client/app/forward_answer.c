/* The app's answer (RFC 9112) on its way in: read from the connection of one call, its head checked, its body handed to
 * forward_ops piece by piece. A piece that its reader did not take is held until forward_resume; nothing is read
 * meanwhile. forward.c calls this. When what came ends the call, forward_finish or forward_fail was called before these
 * functions return. */
#include "client/app/forward_private.h"

#include "client/app/forward_reason.h"
#include "client/common/limits.h"
#include "shared/http/headers.h"
#include "shared/wire/wire.h"

#define READ_AT_ONCE (64u << 10)
#define READS_A_TURN 8
#define KEPT_MOST 4096   /* bytes of memory kept while nothing is in it: what follows a large head goes on at once */
#define INTERIM_MOST 100 /* 1xx answers before the answer */
#define RAW_MOST STORE_RAW_MOST

_Static_assert(HTTP1_HEAD_MOST == LIMIT_ANSWER_HEAD, "one limit of a head");

void forward_answer_give_raw(struct forward *w, struct bytes raw)
{
	if (raw.len > 0 && w->ops->on_raw)
		w->ops->on_raw(w->user, bytes_make(raw.at, raw.len < RAW_MOST ? raw.len : RAW_MOST));
}

/* Where somebody reads the answer as it comes, the limit is for its head and for a silence in its body: a large one
 * takes as long as the sender's line needs, and an event stream says nothing until there is something to say. */
static void limit_body(struct forward *w, bool event_stream)
{
	if (!w->request.live)
		return;
	if (event_stream)
		uv_timer_stop(&w->timer);
	else
		forward_limit(w, (uint64_t)w->forwarder->options.timeout_ms);
}

bool forward_answer_is_whole(const struct forward *w)
{
	return w->state == FORWARD_BODY && !w->paused && http1_body_is_over(&w->body);
}

static uint64_t declared_length(const struct http1_head *h)
{
	return h->codings == 0 && h->lengths > 0 && !h->length_bad ? h->length : WIRE_UNKNOWN_LENGTH;
}

/* False: it cannot be used, and the call ended by it. */
static bool take_head(struct forward *w, struct bytes in)
{
	struct bytes block = http1_at(in, w->answer.block);
	bool upgraded = w->answer.status == 101;
	enum http1_fault fault =
	    http1_response_body(&w->answer, bytes_equal(w->request.method, bytes_of("HEAD")), &w->body);
	if (fault != HTTP1_FINE) {
		w->body.fault = fault;
		forward_fail(w, REASON_APP_BAD_HEAD);
		return false;
	}
	if ((w->answer.folded || w->answer.spaced) && !http1_repair(&w->repaired, block)) {
		forward_fail(w, REASON_APP_MEMORY);
		return false;
	}
	if (w->answer.folded || w->answer.spaced) {
		block = buffer_view(&w->repaired);
		forward_answer_give_raw(w, bytes_make(in.at, w->answer.size));
	}
	bool event_stream = headers_of_event_stream(block);
	forward_to(w, upgraded ? FORWARD_UPGRADED : FORWARD_BODY);
	w->event_stream = event_stream;
	w->ops->on_head(w->user, w->answer.status, http1_at(in, w->answer.reason), block, declared_length(&w->answer));
	if (upgraded) {
		struct forward_result so_far = { .result = ATTEMPT_OK };
		forward_fill_result(w, &so_far);
		uv_timer_stop(&w->timer);
		w->ops->on_upgraded(w->user, &so_far);
	} else {
		limit_body(w, event_stream);
	}
	return true;
}

/* Uses the head at the beginning of `in`: *used bytes of it, 0: it is not whole. False: the call ended. */
static bool use_head(struct forward *w, struct bytes in, size_t *used)
{
	enum http1_state state = http1_head_read(&w->answer, in);
	*used = 0;
	if (state == HTTP1_MORE)
		return true;
	if (state == HTTP1_BAD) {
		enum http1_fault fault = w->answer.fault;
		forward_fail(w, fault == HTTP1_NOT_HTTP ? forward_reason_of_bytes(in)
							: forward_reason_of_fault(fault, true));
		return false;
	}
	*used = w->answer.size;
	if (w->answer.status >= 200 || (w->answer.status == 101 && w->request.upgrade))
		return take_head(w, in);
	if (w->answer.status == 101 || ++w->interim > INTERIM_MOST) {
		forward_fail(w, w->answer.status == 101 ? REASON_APP_BAD_HEAD : REASON_APP_INTERIM);
		return false;
	}
	http1_head_begin(&w->answer, HTTP1_RESPONSE);
	return true;
}

/* Hands out body bytes. False: the call ended. */
static bool use_body(struct forward *w, struct bytes in, size_t *used)
{
	struct bytes piece = in;
	enum http1_state state = HTTP1_PIECE;
	*used = in.len;
	if (w->state == FORWARD_BODY)
		state = http1_body_read(&w->body, in, used, &piece);
	if (state == HTTP1_BAD) {
		forward_fail(w, forward_reason_of_fault(w->body.fault, false));
		return false;
	}
	if (state == HTTP1_PIECE && !w->ops->on_body(w->user, piece)) {
		w->paused = true;
		if (!buffer_append_bytes(&w->held, piece)) {
			forward_fail(w, REASON_APP_MEMORY);
			return false;
		}
		uv_timer_stop(&w->timer);
	}
	return true;
}

static void end_well(struct forward *w)
{
	if (w->body.trailers.len > 0 && w->ops->on_trailers)
		w->ops->on_trailers(w->user, buffer_view(&w->body.trailers));
	forward_finish(w, REASON_NONE, NULL);
}

/* Uses what was kept of what came. False: the call ended. */
static bool use_kept(struct forward *w)
{
	while (w->in.len > 0 && !w->paused && !forward_answer_is_whole(w)) {
		size_t used;
		bool fine = w->state == FORWARD_HEAD ? use_head(w, buffer_view(&w->in), &used)
						     : use_body(w, buffer_view(&w->in), &used);
		if (!fine)
			return false;
		if (used == 0)
			break;
		buffer_consume(&w->in, used);
	}
	if (w->in.len == 0 && w->in.cap > KEPT_MOST)
		buffer_free(&w->in);
	if (!forward_answer_is_whole(w))
		return true;
	end_well(w);
	return false;
}

/* Bytes that came; the rest of what cannot be used now is kept. False: the call ended. */
static bool take(struct forward *w, struct bytes in)
{
	size_t at = 0, used;
	/* A head is read from one piece of memory. */
	bool direct = w->state != FORWARD_HEAD && w->in.len == 0;
	while (direct && at < in.len && !w->paused && !forward_answer_is_whole(w)) {
		if (!use_body(w, bytes_make(in.at + at, in.len - at), &used))
			return false;
		at += used;
	}
	if (at < in.len && !buffer_append(&w->in, in.at + at, in.len - at)) {
		forward_fail(w, REASON_APP_MEMORY);
		return false;
	}
	return use_kept(w);
}

/* False: the call ended. */
static bool on_end(struct forward *w)
{
	/* A reset is no end: what it cut off may have been more. */
	bool ended = w->conn->conn.failure.kind == CONN_FINE;
	if (w->state == FORWARD_BODY && ended && http1_body_end(&w->body) == HTTP1_WHOLE && !w->paused) {
		end_well(w);
		return false;
	}
	if (w->paused)
		return true; /* once what is held was taken */
	forward_broke_off(w, &w->conn->conn.failure);
	return false;
}

bool forward_answer_read(struct forward *w)
{
	uint8_t bytes[READ_AT_ONCE];
	for (int i = 0; i < READS_A_TURN && !w->paused; i++) {
		ssize_t n = w->conn->conn.ended ? CONN_ENDED : conn_read(&w->conn->conn, bytes, sizeof bytes);
		if (n == CONN_AGAIN)
			return true;
		if (n < 0)
			return on_end(w);
		if (w->first_byte_us == 0)
			w->first_byte_us = (uv_hrtime() - w->begun_ns) / 1000;
		if (!take(w, bytes_make(bytes, (size_t)n)))
			return false;
		if (w->state == FORWARD_BODY && w->request.live && !w->event_stream && !w->paused)
			forward_limit(w, (uint64_t)w->forwarder->options.timeout_ms);
		if ((size_t)n < sizeof bytes && !conn_has_pending(&w->conn->conn))
			return true;
	}
	return true;
}

bool forward_answer_offer_held(struct forward *w)
{
	w->resuming = false;
	if (!w->ops->on_body(w->user, buffer_view(&w->held)))
		return false;
	buffer_free(&w->held);
	w->paused = false;
	limit_body(w, w->event_stream);
	return use_kept(w);
}
