#include "client/session.h"

#include "client/stream.h"
#include "shared/headers.h"

#include <stdlib.h>

#define MAX_OLD 1000                  /* deliveries of an earlier run taken up again */
#define MAX_REQUEST_BODY (1ull << 31) /* whatever the relay allows: the client holds a body in memory */

static void on_turn_end(uv_idle_t *h)
{
	struct session *s = h->data;
	uv_idle_stop(h);
	while (s->dirty) {
		struct stream *st = s->dirty;
		s->dirty = st->dirty_next;
		st->dirty = false;
		stream_send_answer(st);
		stream_release(st);
	}
}

void session_mark_dirty(struct session *s, struct stream *st)
{
	if (st->dirty || !st->on_wire)
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
	s->flush.data = s;
	return s;
}

void session_set_tunnel(struct session *s, struct tunnel *tunnel)
{
	s->tunnel = tunnel;
}

static bool end_request(struct stream *st)
{
	if (st->request.has_body && st->request.body_len != WIRE_UNKNOWN_LENGTH && !st->refused &&
	    st->body_size != st->request.body_len)
		return false;
	stream_commit(st);
	return true;
}

static bool on_request(struct session *s, struct link *l, const struct wire_frame *f)
{
	struct wire_request r;
	struct stream *st;
	if (!wire_decode_request(f->payload, &r))
		return link_fail(l, "malformed REQUEST");
	HASH_FIND(hh, s->streams, &f->stream, sizeof f->stream, st);
	if (f->stream == 0 || st || ((f->flags & WIRE_REFUSED) && !(f->flags & WIRE_END)))
		return link_fail(l, "REQUEST for a stream that is open");
	link_received_body(l, r.body.len);
	struct bytes body = r.body;
	st = s->draining ? NULL : stream_new(s, f->stream, &r, f->flags & WIRE_REFUSED);
	if (!st) {
		if (!wire_encode_reset(link_out(l), f->stream, WIRE_RESET_STORE,
				       bytes_of(s->draining ? "the client is ending" : "the client is out of memory")))
			link_close(l, 1011, "out of memory");
		link_flush_soon(l);
		return true;
	}
	if (!stream_take_body(st, body))
		return link_fail(l, "body bytes beyond the stream's window");
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
	if (st->committing || st->calling || st->head_here)
		return link_fail(l, "DATA after the end of the request");
	if (trailers &&
	    (!(f->flags & WIRE_END) || !headers_valid(f->payload) || !buffer_append_bytes(&st->trailers, f->payload)))
		return link_fail(l, "malformed trailers");
	if (!trailers && (st->body_size + f->payload.len > MAX_REQUEST_BODY || !stream_take_body(st, f->payload)))
		return link_fail(l, "DATA beyond the stream's window");
	return !(f->flags & WIRE_END) || end_request(st) || link_fail(l, "a body of another length than declared");
}

static bool on_reset(struct session *s, struct link *l, const struct wire_frame *f)
{
	uint32_t code;
	struct bytes reason;
	struct stream *st;
	if (!wire_decode_reset(f->payload, &code, &reason))
		return link_fail(l, "malformed RESET");
	HASH_FIND(hh, s->streams, &f->stream, sizeof f->stream, st);
	if (!st)
		return true;
	bool receiving = !st->committing && !st->calling && !st->head_here;
	if (receiving && code == WIRE_RESET_TOO_LARGE) {
		st->refused = true;
		st->request.refused_status = 413;
		buffer_free(&st->body);
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
	st->send_window += credit;
	if (st->send_window > INT32_MAX)
		return link_fail(l, "a window above 2^31");
	stream_send_answer(st);
	stream_release(st);
	return true;
}

static bool on_frame(void *user, struct link *l, const struct wire_frame *f)
{
	struct session *s = user;
	struct wire_note note;
	char text[400];
	switch (f->type) {
	case WIRE_REQUEST:
		return on_request(s, l, f);
	case WIRE_DATA:
		return on_data(s, l, f);
	case WIRE_RESET:
		return on_reset(s, l, f);
	case WIRE_WINDOW:
		return on_window(s, l, f);
	case WIRE_GOAWAY:
	case WIRE_NOTICE:
		if (wire_decode_note(f->payload, &note)) {
			snprintf(text, sizeof text, "the relay says: %.*s", (int)note.text.len,
				 (const char *)note.text.at);
			s->events->on_trouble(s->user, text);
		}
		return true;
	default: /* DONE: nothing is kept for sending again */
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

static void on_lost(void *user)
{
	struct session *s = user;
	struct stream *st, *next;
	HASH_ITER(hh, s->streams, st, next)
	{
		stream_leave_wire(st);
		stream_release(st);
	}
}

static void on_unfinished(void *user, struct unfinished *list)
{
	struct session *s = user;
	while (list) {
		struct unfinished *u = list;
		list = u->next;
		if (!s->draining)
			stream_finish_old(s, u);
		recorder_unfinished_free(u);
	}
}

static void on_state(void *user, enum tunnel_state state, const char *detail)
{
	struct session *s = user;
	if (state == TUNNEL_ONLINE && !s->looked_back) {
		s->looked_back = true;
		recorder_list_unfinished(s->recorder, tunnel_name(s->tunnel), MAX_OLD, on_unfinished, s);
	}
	s->events->on_state(s->user, state, detail);
}

static void on_stop(void *user, const struct error *why)
{
	struct session *s = user;
	s->events->on_stop(s->user, why);
}

const struct tunnel_ops session_tunnel_ops = { on_state, on_frame, on_credit, on_lost, on_stop };

void session_drain(struct session *s)
{
	s->draining = true;
}

size_t session_busy(const struct session *s)
{
	return s->busy;
}

void session_cancel(struct session *s)
{
	s->cancelled = true;
	for (struct stream *st = s->live, *next; st; st = next) {
		next = st->live_next;
		if (st->forward)
			forward_cancel(st->forward);
	}
}

static void on_flush_closed(uv_handle_t *h)
{
	free(h->data);
}

void session_free(struct session *s)
{
	on_lost(s);
	on_turn_end(&s->flush);
	uv_close((uv_handle_t *)&s->flush, on_flush_closed);
}
