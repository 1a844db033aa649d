/* A lost connection and its return (PROTOCOL.md §4): what becomes of the streams. */
#include "client/delivery/stream.h"

#include <stdlib.h>
#include <string.h>

/* All of them, or those that the relay did not list. */
static void leave(struct session *s, bool only_unlisted)
{
	struct stream *st, *next;
	HASH_ITER(hh, s->streams, st, next)
	{
		if (only_unlisted && st->listed)
			continue;
		stream_leave_wire(st);
		stream_release(st);
	}
}

void session_note_ended(struct session *s, uint64_t id)
{
	struct ended *e = calloc(1, sizeof *e);
	if (!e) { /* what comes again would pass for new */
		link_close(s->link, 1011, "out of memory");
		return;
	}
	e->id = id;
	HASH_ADD(hh, s->ended, id, sizeof e->id, e);
}

bool session_has_ended(const struct session *s, uint64_t id)
{
	struct ended *e;
	HASH_FIND(hh, s->ended, &id, sizeof id, e);
	return e != NULL;
}

static void forget_ended(struct session *s)
{
	struct ended *e = s->ended, *next;
	HASH_CLEAR(hh, s->ended);
	for (; e; e = next) {
		next = e->hh.next;
		free(e);
	}
}

static void on_grace_over(uv_timer_t *h)
{
	leave(h->data, false);
}

void session_lost(struct session *s, bool may_resume)
{
	struct stream *st, *next;
	bool was_greeted = s->link != NULL;
	s->link = s->wire = NULL;
	forget_ended(s);
	s->listing = false;
	sealed_drop_all(s);
	if (!may_resume || s->grace_ms == 0) {
		uv_timer_stop(&s->grace);
		leave(s, false);
		return;
	}
	/* What came in part is sent again from its beginning, and is new then. */
	HASH_ITER(hh, s->streams, st, next)
	{
		if (!st->whole || st->upgrade) {
			stream_leave_wire(st);
			stream_release(st);
		}
	}
	/* Tries to connect that fail do not begin it again. */
	if (was_greeted)
		uv_timer_start(&s->grace, on_grace_over, s->grace_ms, 0);
}

void session_welcome(struct session *s, struct link *l, const struct wire_welcome *w)
{
	struct stream *st, *next;
	uv_timer_stop(&s->grace);
	s->link = l;
	s->grace_ms = w->resume_grace_ms;
	s->max_body = w->max_body;
	if (!w->resumed) {
		leave(s, false);
		s->wire = l;
		return;
	}
	s->listing = true;
	s->last_listed = 0;
	HASH_ITER(hh, s->streams, st, next)
	st->listed = false;
}

/* The list is over: what stands on it goes on. */
static void go_on(struct session *s)
{
	struct stream *st, *next;
	s->listing = false;
	s->wire = s->link;
	leave(s, true);
	HASH_ITER(hh, s->streams, st, next)
	{
		if (st->committed && !st->relay_recorded)
			stream_send_recorded(st);
		stream_send_answer(st);
		stream_release(st);
	}
}

/* Where the relay stands with a stream that is known here. */
static bool take_stand(struct stream *st, struct link *l, const struct wire_resume *r)
{
	if (memcmp(r->event_id, st->request.event_id, UUID_LEN) != 0)
		return link_fail(l, "RESUME of another delivery");
	if (r->recorded && !st->committed)
		return link_fail(l, "RESUME says recorded of what is not");
	st->listed = true;
	st->relay_recorded = r->recorded;
	st->resend = !r->recorded;
	st->resend_begun = false;
	st->inflow = (struct inflow){ .window = WIRE_STREAM_WINDOW };
	if (!stream_rewind_answer(st, r->head, r->body_seen))
		return link_fail(l, "RESUME claims an answer that was not sent");
	stream_release(st);
	return true;
}

bool session_on_resume(struct session *s, struct link *l, const struct wire_frame *f)
{
	struct wire_resume r;
	struct stream *st;
	static const uint8_t none[UUID_LEN];
	if (!wire_decode_resume(f->payload, &r))
		return link_fail(l, "malformed RESUME");
	if (!s->listing)
		return link_fail(l, "RESUME where nothing is resumed");
	if (f->stream == 0) {
		if (r.recorded || r.head || r.body_seen || memcmp(r.event_id, none, UUID_LEN) != 0)
			return link_fail(l, "the end of the RESUME frames says more than that");
		go_on(s);
		return true;
	}
	if (f->stream <= s->last_listed)
		return link_fail(l, "RESUME twice for a stream, or out of order");
	if ((r.head && !r.recorded) || (r.body_seen && !r.head))
		return link_fail(l, "RESUME with an answer before its time");
	s->last_listed = f->stream;
	HASH_FIND(hh, s->streams, &f->stream, sizeof f->stream, st);
	if (st)
		return take_stand(st, l, &r);
	/* Not recorded: it never came here, or in part, and is sent again. */
	if (r.recorded)
		append_or_close(l, wire_encode_reset(link_out(l), f->stream, WIRE_RESET_APP_ABORTED,
						     bytes_of("the client has this stream no more")));
	return true;
}
