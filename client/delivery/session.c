#include "client/delivery/session.h"

#include "client/common/limits.h"
#include "client/delivery/stream.h"

#include "client/delivery/confirm.h"
#include "shared/http/headers.h"

#include <stdlib.h>

#define MAX_REQUEST_BODY (1ull << 40) /* whatever the relay allows */

static void on_turn_end(uv_idle_t *h)
{
	struct session *s = h->data;
	uv_idle_stop(h);
	while (s->dirty) {
		struct stream *st = s->dirty;
		s->dirty = st->dirty_next;
		st->dirty = false;
		if (st->hang_up) {
			stream_hang_up(st);
			continue;
		}
		stream_send_answer(st);
		stream_release(st);
	}
}

static void add_dirty(struct session *s, struct stream *st);

void session_hang_up_soon(struct session *s, struct stream *st)
{
	st->hang_up = true;
	add_dirty(s, st);
}

void session_mark_dirty(struct session *s, struct stream *st)
{
	if (st->on_wire)
		add_dirty(s, st);
}

static void add_dirty(struct session *s, struct stream *st)
{
	if (st->dirty)
		return;
	st->dirty = true;
	st->dirty_next = s->dirty;
	s->dirty = st;
	uv_idle_start(&s->flush, on_turn_end);
}

struct session *session_new(uv_loop_t *loop, const struct session_options *options, struct recorder *recorder,
			    struct forwarder *forwarder, const struct session_events *events, void *user)
{
	struct session *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->loop = loop;
	s->options = *options;
	s->recorder = recorder;
	s->forwarder = forwarder;
	s->events = events;
	s->user = user;
	uv_idle_init(loop, &s->flush);
	uv_timer_init(loop, &s->grace);
	uv_timer_init(loop, &s->record_again);
	asked_init(s);
	s->flush.data = s->grace.data = s->record_again.data = s;
	s->open_handles = 4;
	if (!hold_init(s) || !weather_init(s)) {
		session_free(s);
		return NULL;
	}
	return s;
}

void session_set_tunnel(struct session *s, struct tunnel *tunnel)
{
	s->tunnel = tunnel;
}

void session_store_works(struct session *s, const struct error *e)
{
	if (e && !s->store_fails)
		s->events->on_store(s->user, e->text);
	else if (!e && s->store_fails)
		s->events->on_store(s->user, NULL);
	s->store_fails = e != NULL;
}

static bool end_request(struct stream *st)
{
	if (st->request.has_body && st->request.body_len != WIRE_UNKNOWN_LENGTH && !st->refused &&
	    st->body_size != st->request.body_len)
		return false;
	stream_commit(st);
	return true;
}

struct stream *session_admit(struct session *s, struct link *l, uint64_t id, const struct wire_request *r,
			     uint8_t flags)
{
	const char *why = s->draining                               ? "the client is ending"
			  : HASH_COUNT(s->streams) >= LIMIT_STREAMS ? "the client has too many deliveries at once"
								    : NULL;
	struct stream *st = why ? NULL : stream_new(s, id, r, flags & WIRE_REFUSED);
	if (!st) {
		append_or_close(l, wire_encode_reset(link_out(l), id, WIRE_RESET_STORE,
						     bytes_of(why ? why : "the client is out of memory")));
		return NULL;
	}
	st->origin = flags & WIRE_SPOOLED ? ORIGIN_SPOOL : ORIGIN_LIVE;
	st->upgrade = (flags & WIRE_UPGRADE) && (flags & WIRE_END) && !(flags & (WIRE_SPOOLED | WIRE_REFUSED));
	return st;
}

/* What the relay sends again and is whole here. */
static bool pass_resent(struct stream *st, struct link *l, const struct wire_frame *f, size_t body_len)
{
	if (!inflow_take(&st->inflow, l, f->stream, body_len))
		return link_fail(l, "body bytes beyond the stream's window");
	st->resend = !(f->flags & WIRE_END);
	return true;
}

static bool on_request(struct session *s, struct link *l, const struct wire_frame *f)
{
	struct wire_request r;
	struct stream *st;
	if (!wire_decode_request(f->payload, &r))
		return link_fail(l, "malformed REQUEST");
	HASH_FIND(hh, s->streams, &f->stream, sizeof f->stream, st);
	link_received_body(l, r.body.len);
	if (st && st->resend && !st->resend_begun && memcmp(r.event_id, st->request.event_id, UUID_LEN) == 0) {
		st->resend_begun = true;
		return pass_resent(st, l, f, r.body.len);
	}
	if (!st && session_has_ended(s, f->stream))
		return true;
	if (f->stream == 0 || st || sealed_find(s, f->stream) || ((f->flags & WIRE_REFUSED) && !(f->flags & WIRE_END)))
		return link_fail(l, "REQUEST for a stream that is open");
	struct bytes body = r.body;
	st = session_admit(s, l, f->stream, &r, f->flags);
	if (!st)
		return true;
	if (body.len > s->max_body + BODY_SLACK || !inflow_take(&st->inflow, l, st->id, body.len))
		return link_fail(l, "body bytes beyond the stream's window");
	if (!stream_take_body(st, body)) {
		stream_give_up(st);
		return true;
	}
	return !(f->flags & WIRE_END) || end_request(st) || link_fail(l, "a body of another length than declared");
}

static bool on_data(struct session *s, struct link *l, const struct wire_frame *f)
{
	struct stream *st;
	bool trailers = f->flags & WIRE_TRAILERS;
	HASH_FIND(hh, s->streams, &f->stream, sizeof f->stream, st);
	if (!trailers)
		link_received_body(l, f->payload.len);
	if (!st)
		return true; /* refused or reset; the frames crossed */
	if (st->resend && st->resend_begun)
		return pass_resent(st, l, f, trailers ? 0 : f->payload.len);
	if (st->upgraded && !trailers)
		return stream_take_upgraded(st, f->payload, f->flags & WIRE_END) ||
		       link_fail(l, "DATA beyond the stream's window, or after its end");
	if (st->whole)
		return link_fail(l, "DATA after the end of the request");
	if (trailers &&
	    (!(f->flags & WIRE_END) || !headers_valid(f->payload) || !buffer_append_bytes(&st->trailers, f->payload)))
		return link_fail(l, "malformed trailers");
	if (!trailers && (f->payload.len > s->max_body + BODY_SLACK - st->body_size ||
			  !inflow_take(&st->inflow, l, st->id, f->payload.len)))
		return link_fail(l, "DATA beyond the stream's window");
	if (!trailers && !stream_take_body(st, f->payload)) {
		stream_give_up(st);
		return true;
	}
	return !(f->flags & WIRE_END) || end_request(st) || link_fail(l, "a body of another length than declared");
}

static bool on_reset(struct session *s, struct link *l, const struct wire_frame *f)
{
	uint32_t code;
	struct bytes reason;
	struct stream *st;
	if (!wire_decode_reset(f->payload, &code, &reason))
		return link_fail(l, "malformed RESET");
	sealed_drop(s, f->stream);
	HASH_FIND(hh, s->streams, &f->stream, sizeof f->stream, st);
	if (!st)
		return true;
	if (!st->whole && (code == WIRE_RESET_TOO_LARGE || code == WIRE_RESET_TRUNCATED)) {
		st->refused = true;
		st->request.refused_status = code == WIRE_RESET_TOO_LARGE ? 413 : 0;
		spill_free(&st->body);
		stream_leave_wire(st);
		stream_commit(st);
		return true;
	}
	stream_leave_wire(st);
	stream_release(st);
	return true;
}

static bool on_window(struct session *s, struct link *l, const struct wire_frame *f)
{
	uint32_t credit;
	struct stream *st;
	if (!wire_decode_window(f->payload, &credit))
		return link_fail(l, "bad WINDOW frame");
	HASH_FIND(hh, s->streams, &f->stream, sizeof f->stream, st);
	if (!st)
		return true;
	if (!stream_take_credit(st, credit))
		return link_fail(l, "a window above 2^31");
	stream_send_answer(st);
	stream_release(st);
	return true;
}

static bool on_done(struct session *s, struct link *l, const struct wire_frame *f)
{
	uint8_t id[UUID_LEN];
	struct stream *st;
	if (!wire_decode_event_id(f->payload, id))
		return link_fail(l, "malformed DONE");
	HASH_FIND(hh, s->streams, &f->stream, sizeof f->stream, st);
	if (!st)
		return true;
	if (!st->whole || memcmp(id, st->request.event_id, UUID_LEN) != 0)
		return link_fail(l, "DONE of another delivery, or before its end");
	stream_leave_wire(st);
	stream_release(st);
	return true;
}

static bool on_frame(void *user, struct link *l, const struct wire_frame *f)
{
	struct session *s = user;
	if (s->listing && f->type != WIRE_RESUME)
		return link_fail(l, "a frame before the last RESUME");
	switch (f->type) {
	case WIRE_REQUEST:
		return on_request(s, l, f);
	case WIRE_DATA:
		return on_data(s, l, f);
	case WIRE_SEALED:
		return session_on_sealed(s, l, f);
	case WIRE_RESET:
		return on_reset(s, l, f);
	case WIRE_WINDOW:
		return on_window(s, l, f);
	case WIRE_DONE:
		return on_done(s, l, f);
	case WIRE_RESUME:
		return session_on_resume(s, l, f);
	default:
		return true;
	}
}

static void on_credit(void *user)
{
	struct session *s = user;
	struct stream *st, *next;
	HASH_ITER(hh, s->streams, st, next)
	{
		stream_send_answer(st);
		stream_release(st);
	}
}

static void on_welcome(void *user, struct link *l, const struct wire_welcome *w)
{
	struct session *s = user;
	session_welcome(s, l, w);
	if (s->max_body > MAX_REQUEST_BODY)
		s->max_body = MAX_REQUEST_BODY;
}

static void on_lost(void *user, bool may_resume)
{
	session_lost(user, may_resume);
}

static void on_state(void *user, const struct tunnel_news *news)
{
	struct session *s = user;
	if (news->state == TUNNEL_ONLINE && !s->looked_back) {
		s->looked_back = true;
		session_look_back(s);
		asked_begin(s);
	}
	s->events->on_state(s->user, news);
}

static void on_stop(void *user, enum reason reason, const struct facts *facts)
{
	struct session *s = user;
	struct error why;
	reason_set_error(&why, reason, facts);
	s->events->on_stop(s->user, &why);
}

static void on_warning(void *user, const char *sentence)
{
	struct session *s = user;
	s->events->on_trouble(s->user, sentence);
}

const struct tunnel_ops session_tunnel_ops = {
	on_state, on_welcome, on_frame, on_credit, on_lost, on_stop, on_warning
};

void session_drain(struct session *s)
{
	s->draining = true;
	session_record_again(s);
	hold_stop(s);
	asked_stop(s);
	weather_drain(s);
	old_forget(s);
	for (struct stream *st = s->live, *next; st; st = next) {
		next = st->live_next;
		if (st->upgraded && st->forward)
			stream_hang_up(st);
	}
}

size_t session_busy(const struct session *s)
{
	return s->busy;
}

void session_cancel(struct session *s)
{
	s->cancelled = true;
	weather_cancel(s);
	for (struct stream *st = s->live, *next; st; st = next) {
		next = st->live_next;
		if (st->forward)
			forward_cancel(st->forward);
	}
}

static void on_handle_closed(uv_handle_t *h)
{
	struct session *s = h->data;
	if (--s->open_handles > 0)
		return;
	hold_free(s);
	free(s);
}

void session_free(struct session *s)
{
	session_lost(s, false);
	session_drain(s);
	on_turn_end(&s->flush);
	uv_close((uv_handle_t *)&s->flush, on_handle_closed);
	uv_close((uv_handle_t *)&s->grace, on_handle_closed);
	uv_close((uv_handle_t *)&s->record_again, on_handle_closed);
	uv_close((uv_handle_t *)&s->asked_look, on_handle_closed);
	weather_close(s);
	confirm_close(s->confirm);
	hold_close(s, on_handle_closed);
}
