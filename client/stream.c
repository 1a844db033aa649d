#include "client/stream.h"

#include "shared/headers.h"

#include <stdlib.h>
#include <string.h>

#define UNSENT_MAX WIRE_STREAM_WINDOW /* bytes of an answer held before the app is made to wait */

/* ---- life ---- */

static bool copy_head(struct stream *st)
{
	struct wire_request *r = &st->request;
	struct bytes *views[] = { &r->peer, &r->method, &r->target, &r->prefix, &r->headers };
	size_t total = 0;
	for (size_t i = 0; i < sizeof views / sizeof *views; i++)
		total += views[i]->len;
	if (!buffer_reserve(&st->head, total))
		return false;
	for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
		size_t start = st->head.len;
		if (!buffer_append_bytes(&st->head, *views[i]))
			return false;
		*views[i] = bytes_make(st->head.at + start, views[i]->len);
	}
	return true;
}

struct stream *stream_new(struct session *s, uint64_t id, const struct wire_request *request, bool refused)
{
	struct stream *st = calloc(1, sizeof *st);
	if (!st)
		return NULL;
	st->session = s;
	st->id = id;
	st->request = *request;
	st->refused = refused;
	st->send_window = st->receive_window = WIRE_STREAM_WINDOW;
	st->answer_len = WIRE_UNKNOWN_LENGTH;
	if (!copy_head(st)) {
		buffer_free(&st->head);
		free(st);
		return NULL;
	}
	st->request.body = bytes_of(NULL);
	if (id) {
		HASH_ADD(hh, s->streams, id, sizeof st->id, st);
		st->on_wire = true;
	}
	st->live_next = s->live;
	st->live_back = &s->live;
	if (st->live_next)
		st->live_next->live_back = &st->live_next;
	s->live = st;
	return st;
}

void stream_leave_wire(struct stream *st)
{
	if (!st->on_wire)
		return;
	HASH_DELETE(hh, st->session->streams, st);
	st->on_wire = false;
	buffer_free(&st->unsent);
	/* An app that was made to wait for the sender goes on for the record. */
	if (st->forward)
		forward_resume(st->forward);
}

void stream_release(struct stream *st)
{
	if (st->on_wire || st->committing || st->calling || st->recording || st->dirty)
		return;
	*st->live_back = st->live_next;
	if (st->live_next)
		st->live_next->live_back = st->live_back;
	struct buffer *all[] = { &st->head,           &st->body,          &st->trailers, &st->answer_reason,
				 &st->answer_headers, &st->answer_record, &st->unsent };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buffer_free(all[i]);
	free(st);
}

static void append_or_close(struct link *l, bool appended)
{
	if (!appended)
		link_close(l, 1011, "out of memory");
	link_flush_soon(l);
}

static void send_reset(struct stream *st, enum wire_reset code, const char *reason)
{
	struct link *l = tunnel_link(st->session->tunnel);
	if (st->on_wire && l)
		append_or_close(l, wire_encode_reset(link_out(l), st->id, code, bytes_of(reason)));
	stream_leave_wire(st);
}

bool stream_take_body(struct stream *st, struct bytes body)
{
	struct link *l = tunnel_link(st->session->tunnel);
	if (body.len == 0)
		return true;
	if (st->receive_window <= 0)
		return false;
	st->receive_window -= (int64_t)body.len;
	st->body_size += body.len;
	if (!buffer_append_bytes(&st->body, body))
		return false;
	st->credit_due += (uint32_t)body.len;
	if (l && st->credit_due >= WIRE_STREAM_WINDOW / 4) {
		append_or_close(l, wire_encode_window(link_out(l), st->id, st->credit_due));
		st->receive_window += st->credit_due;
		st->credit_due = 0;
	}
	return true;
}

/* ---- the answer ---- */

static bool windows_open(const struct stream *st, const struct link *l)
{
	return st->send_window > 0 && link_may_send_body(l);
}

static void spend(struct stream *st, struct link *l, size_t len)
{
	st->send_window -= (int64_t)len;
	link_sent_body(l, len);
}

static void send_head(struct stream *st, struct link *l)
{
	size_t n =
	    windows_open(st, l) ? (st->unsent.len < WIRE_STREAM_WINDOW ? st->unsent.len : WIRE_STREAM_WINDOW) : 0;
	bool end = st->answer_whole && n == st->unsent.len;
	struct wire_response r = {
		.status = (uint16_t)st->status,
		.body_len = st->answer_len,
		.reason = buffer_view(&st->answer_reason),
		.headers = buffer_view(&st->answer_headers),
		.body = bytes_make(st->unsent.at, n),
	};
	append_or_close(l, wire_encode_response(link_out(l), st->id, end ? WIRE_END : 0, &r));
	spend(st, l, n);
	buffer_consume(&st->unsent, n);
	st->head_sent = true;
	if (end)
		stream_leave_wire(st);
}

static void send_rest(struct stream *st, struct link *l)
{
	size_t sent = 0;
	while (sent < st->unsent.len && windows_open(st, l)) {
		size_t n = st->unsent.len - sent < WIRE_DATA_CHUNK ? st->unsent.len - sent : WIRE_DATA_CHUNK;
		bool end = st->answer_whole && sent + n == st->unsent.len;
		append_or_close(
		    l, wire_encode_data(link_out(l), st->id, end ? WIRE_END : 0, bytes_make(st->unsent.at + sent, n)));
		spend(st, l, n);
		sent += n;
		if (end) {
			stream_leave_wire(st);
			return;
		}
	}
	buffer_consume(&st->unsent, sent);
	if (st->unsent.len == 0 && st->answer_whole) {
		append_or_close(l, wire_encode_data(link_out(l), st->id, WIRE_END, bytes_of(NULL)));
		stream_leave_wire(st);
	} else if (st->forward && st->unsent.len < UNSENT_MAX / 2) {
		forward_resume(st->forward);
	}
}

void stream_send_answer(struct stream *st)
{
	struct link *l = tunnel_link(st->session->tunnel);
	if (!st->on_wire || !l || !st->head_here)
		return;
	if (!st->head_sent)
		send_head(st, l);
	if (st->on_wire && (st->unsent.len > 0 || st->answer_whole))
		send_rest(st, l);
	if (st->on_wire && st->answer_aborted && st->unsent.len == 0)
		send_reset(st, WIRE_RESET_APP_ABORTED, st->result.error);
}

/* The client answers in the app's place. */
static void answer_instead(struct stream *st)
{
	static const char *const names[] = { "", "unreachable", "timeout", "aborted", "tls", "aborted" };
	st->status = st->result.result == ATTEMPT_TIMEOUT ? 504 : 502;
	st->answer_headers.len = st->answer_reason.len = st->unsent.len = 0;
	bool fine =
	    headers_append(&st->answer_headers, bytes_of("Content-Type"), bytes_of("text/plain; charset=utf-8")) &&
	    headers_append(&st->answer_headers, bytes_of("Creel-Error"), bytes_of(names[st->result.result])) &&
	    buffer_printf(&st->unsent, "creel: %s\n", st->result.error);
	if (!fine) {
		send_reset(st, WIRE_RESET_APP_ABORTED, "the client is out of memory");
		return;
	}
	st->answer_len = st->unsent.len;
	st->head_here = st->answer_whole = true;
	stream_send_answer(st);
}

static void on_head(void *user, int status, struct bytes reason, struct bytes headers, uint64_t body_len)
{
	struct stream *st = user;
	st->status = status;
	st->answer_len = body_len;
	if (!buffer_append_bytes(&st->answer_reason, reason) || !buffer_append_bytes(&st->answer_headers, headers))
		st->answer_headers.len = 0; /* the answer still arrives; the record says less */
	st->head_here = true;
	session_mark_dirty(st->session, st);
}

static bool on_body(void *user, struct bytes piece)
{
	struct stream *st = user;
	if (st->on_wire && st->unsent.len >= UNSENT_MAX)
		return false;
	if (st->on_wire && !buffer_append_bytes(&st->unsent, piece))
		send_reset(st, WIRE_RESET_APP_ABORTED, "the client is out of memory");
	uint64_t room = st->session->options.record_max - st->answer_record.len;
	struct bytes kept = bytes_make(piece.at, piece.len < room ? piece.len : (size_t)room);
	st->answer_size += piece.len;
	if (!buffer_append_bytes(&st->answer_record, kept))
		st->session->options.record_max =
		    st->answer_record.len; /* no memory for more: the record is cut, and says so */
	session_mark_dirty(st->session, st);
	return true;
}

/* Nothing is verified yet: either there is none, or it is not known to hold. */
static struct bytes signature_of(const struct stream *st)
{
	return bytes_of(headers_has_signature(st->request.headers) ? "unknown" : "none");
}

static void tell_attempt(struct stream *st)
{
	struct session *s = st->session;
	bool ok = st->result.result == ATTEMPT_OK;
	struct delivery_row row = {
		.id = st->delivery_id,
		.received_at_us = st->request.received_at_us,
		.origin = ORIGIN_LIVE,
		.state = ok && st->result.status < 400 ? DELIVERY_DELIVERED : DELIVERY_FAILED,
		.status = st->result.status,
		.timed_out = st->result.result == ATTEMPT_TIMEOUT,
		.took_us = (int64_t)st->result.total_us,
		.attempts = st->attempt,
		.request_bytes = st->body_size,
		.response_bytes = st->answer_size,
		.tunnel = bytes_of(tunnel_name(s->tunnel)),
		.method = st->request.method,
		.target = st->request.target,
		.path = st->request.target,
		.peer = st->request.peer,
		.signature = signature_of(st),
	};
	struct attempt_row attempt = {
		.number = st->attempt,
		.started_at_us = st->result.started_at_us,
		.result = st->result.result,
		.status = st->result.status,
		.connect_us = st->result.connect_us,
		.first_byte_us = st->result.first_byte_us,
		.total_us = st->result.total_us,
		.response_bytes = st->answer_size,
		.url = bytes_of(st->result.url),
		.error = bytes_of(st->result.error),
	};
	memcpy(row.event_id, st->request.event_id, UUID_LEN);
	s->events->on_attempt(s->user, &row, &attempt);
}

static void on_attempt_recorded(void *user, const struct error *e)
{
	struct stream *st = user;
	if (e)
		st->session->events->on_trouble(st->session->user, e->text);
	st->recording = false;
	st->session->busy--;
	stream_release(st);
}

static void record_attempt(struct stream *st)
{
	struct store_attempt a = {
		.delivery_id = st->delivery_id,
		.started_at_us = st->result.started_at_us,
		.result = st->result.result,
		.status = st->result.status,
		.reason = buffer_view(&st->answer_reason),
		.connect_us = st->result.connect_us,
		.first_byte_us = st->result.first_byte_us,
		.total_us = st->result.total_us,
		.body = buffer_view(&st->answer_record),
		.body_size = st->answer_size,
	};
	/* The URL dies with the call: it and the sentence move behind the head, which is needed no more. */
	size_t url_len = strlen(st->result.url), error_len = strlen(st->result.error);
	st->body.len = 0;
	if (buffer_append(&st->body, st->result.url, url_len) &&
	    buffer_append(&st->body, st->result.error, error_len)) {
		a.url = bytes_make(st->body.at, url_len);
		a.error = bytes_make(st->body.at + url_len, error_len);
	}
	if (st->result.status)
		a.headers = buffer_view(&st->answer_headers);
	st->recording = true;
	recorder_insert_attempt(st->session->recorder, &a, on_attempt_recorded, st);
}

static void on_done(void *user, const struct forward_result *result)
{
	struct stream *st = user;
	st->calling = false;
	st->forward = NULL;
	st->result = *result;
	tell_attempt(st);
	if (result->result == ATTEMPT_OK) {
		st->answer_whole = true;
		record_attempt(st);
		stream_send_answer(st);
		return;
	}
	if (st->head_sent) {
		record_attempt(st);
		st->answer_aborted = true;
		stream_send_answer(st);
		return;
	}
	/* What little of an answer came is for the record; the sender gets a sentence. */
	struct buffer headers = st->answer_headers;
	st->answer_headers = (struct buffer){ 0 };
	struct buffer sent = { 0 };
	if (!buffer_append_bytes(&sent, buffer_view(&headers)))
		sent.len = 0;
	buffer_free(&headers);
	if (st->on_wire)
		answer_instead(st);
	buffer_free(&st->answer_headers);
	st->answer_headers = sent;
	record_attempt(st);
}

static const struct forward_ops forward_ops = { on_head, on_body, on_done };

/* ---- the way in ---- */

static const char *find_target(const struct session *s, struct bytes target)
{
	const struct route *best = &s->options.routes[s->options.route_count - 1];
	for (size_t i = 0; i + 1 < s->options.route_count; i++) {
		const struct route *r = &s->options.routes[i];
		size_t len = strlen(r->path);
		if (len > strlen(best->path) && target.len >= len && memcmp(target.at, r->path, len) == 0 &&
		    (target.len == len || target.at[len] == '/' || target.at[len] == '?'))
			best = r;
	}
	return best->target;
}

static void call_app(struct stream *st)
{
	struct error e;
	struct forward_request r = {
		.attempt = ++st->attempt,
		.https = st->request.https,
		.has_body = st->request.has_body,
		.peer = st->request.peer,
		.method = st->request.method,
		.target = st->request.target,
		.headers = st->request.headers,
		.trailers = buffer_view(&st->trailers),
		.body = buffer_view(&st->body),
	};
	memcpy(r.event_id, st->request.event_id, UUID_LEN);
	st->calling = true;
	st->forward = forward_start(st->session->forwarder, find_target(st->session, st->request.target), &r,
				    &forward_ops, st, &e);
	if (!st->forward) {
		struct forward_result failed = { .result = ATTEMPT_ABORTED, .url = "" };
		snprintf(failed.error, sizeof failed.error, "%.290s", e.text);
		on_done(st, &failed);
	}
}

static void tell_delivery(struct stream *st)
{
	struct session *s = st->session;
	const uint8_t *query = memchr(st->request.target.at, '?', st->request.target.len);
	struct delivery_row row = {
		.id = st->delivery_id,
		.received_at_us = st->request.received_at_us,
		.origin = ORIGIN_LIVE,
		.state = st->refused ? DELIVERY_REFUSED : DELIVERY_SENDING,
		.status = st->refused ? st->request.refused_status : 0,
		.took_us = -1,
		.request_bytes = st->body_size,
		.tunnel = bytes_of(tunnel_name(s->tunnel)),
		.method = st->request.method,
		.target = st->request.target,
		.path = bytes_make(st->request.target.at,
				   query ? (size_t)(query - st->request.target.at) : st->request.target.len),
		.peer = st->request.peer,
		.signature = signature_of(st),
	};
	memcpy(row.event_id, st->request.event_id, UUID_LEN);
	s->events->on_delivery(s->user, &row);
}

static void send_recorded(struct stream *st)
{
	struct link *l = tunnel_link(st->session->tunnel);
	if (st->on_wire && l)
		append_or_close(l, wire_encode_event_id(link_out(l), WIRE_RECORDED, st->id, st->request.event_id));
}

/* It is on record from an earlier time, and so is its answer: there is nothing to say but that. */
static void answer_duplicate(struct stream *st)
{
	st->status = 200;
	st->answer_len = 0;
	st->head_here = st->answer_whole = true;
	stream_send_answer(st);
}

static void on_recorded(void *user, int64_t id, bool duplicate, const struct error *e)
{
	struct stream *st = user;
	struct session *s = st->session;
	st->committing = false;
	st->delivery_id = id;
	if (e) {
		s->events->on_trouble(s->user, e->text);
		send_reset(st, WIRE_RESET_STORE, "the client could not record it");
	} else {
		send_recorded(st);
		if (!duplicate)
			tell_delivery(st);
		if (!duplicate && !st->refused && !s->cancelled) {
			call_app(st);
			return;
		}
		if (st->refused || s->cancelled)
			stream_leave_wire(st);
		else
			answer_duplicate(st);
	}
	s->busy--;
	stream_release(st);
}

void stream_finish_old(struct session *s, struct unfinished *old)
{
	struct wire_request r = {
		.received_at_us = old->received_at_us,
		.body_len = old->message.body.len,
		.has_body = old->has_body,
		.https = old->https,
		.peer = buffer_view(&old->peer),
		.method = buffer_view(&old->method),
		.target = buffer_view(&old->target),
		.headers = buffer_view(&old->message.headers),
	};
	memcpy(r.event_id, old->event_id, UUID_LEN);
	struct stream *st = stream_new(s, 0, &r, false);
	if (!st)
		return;
	/* The bodies change hands. */
	st->body = old->message.body;
	st->trailers = old->message.trailers;
	old->message.body = old->message.trailers = (struct buffer){ 0 };
	st->body_size = st->body.len;
	st->delivery_id = old->id;
	/* A call may have been under way when that run ended: this one is at least the second. */
	st->attempt = old->attempts > 0 ? old->attempts : 1;
	s->busy++;
	call_app(st);
}

void stream_commit(struct stream *st)
{
	struct session *s = st->session;
	struct store_delivery d = {
		.received_at_us = st->request.received_at_us,
		.origin = ORIGIN_LIVE,
		.state = st->refused ? DELIVERY_REFUSED : DELIVERY_SENDING,
		.refused_status = st->request.refused_status,
		.https = st->request.https,
		.has_body = st->request.has_body,
		.tunnel = bytes_of(tunnel_name(s->tunnel)),
		.method = st->request.method,
		.target = st->request.target,
		.prefix = st->request.prefix,
		.peer = st->request.peer,
		.signature = signature_of(st),
		.headers = st->request.headers,
		.trailers = buffer_view(&st->trailers),
		.body = buffer_view(&st->body),
		.body_size = st->body_size,
	};
	memcpy(d.event_id, st->request.event_id, UUID_LEN);
	if (d.body.len > s->options.record_max)
		d.body.len = (size_t)s->options.record_max;
	if (st->refused && st->request.body_len != WIRE_UNKNOWN_LENGTH)
		d.body_size = st->request.body_len;
	s->busy++;
	st->committing = true;
	recorder_insert_delivery(s->recorder, &d, on_recorded, st);
}
