#include "client/session/resume.h"

#include "client/delivery/response.h"

#include <stdlib.h>
#include <string.h>

struct resume {
	struct streams *set;
	uv_timer_t grace; /* active while streams wait for their connection's return */
	uint32_t grace_ms;
	uint64_t last_listed;
};

/* Ends all streams on the wire, or those that the relay did not list. */
static void leave(struct streams *set, bool only_unlisted)
{
	struct stream *st, *next;
	HASH_ITER(hh, set->by_id, st, next)
	{
		if (only_unlisted && st->listed != LISTED_NOT)
			continue;
		stream_leave_wire(st);
		stream_release(st);
	}
}

static void on_grace_over(uv_timer_t *h)
{
	struct resume *r = h->data;
	leave(r->set, false);
}

void resume_lost(struct resume *r, bool may_resume)
{
	struct streams *set = r->set;
	struct stream *st, *next;
	bool was_greeted = set->greeted != NULL;
	set->greeted = set->wire = NULL;
	stream_forget_ended(set);
	if (!may_resume || r->grace_ms == 0) {
		uv_timer_stop(&r->grace);
		leave(set, false);
		return;
	}
	/* What came in part is sent again from its beginning, and is new then. */
	HASH_ITER(hh, set->by_id, st, next)
	{
		if (st->inbound == INBOUND_RECEIVING || st->upgrade) {
			stream_leave_wire(st);
			stream_release(st);
		}
	}
	/* A try to come back that fails does not begin the grace once more. */
	if (was_greeted)
		uv_timer_start(&r->grace, on_grace_over, r->grace_ms, 0);
}

void resume_welcome(struct resume *r, const struct wire_out *w, const struct wire_welcome *welcome)
{
	struct streams *set = r->set;
	struct stream *st, *next;
	uv_timer_stop(&r->grace);
	set->greeted = w;
	r->grace_ms = welcome->resume_grace_ms;
	if (!welcome->resumed) {
		leave(set, false);
		set->wire = w;
		return;
	}
	r->last_listed = 0;
	HASH_ITER(hh, set->by_id, st, next)
	st->listed = LISTED_NOT;
}

bool resume_is_listing(const struct resume *r)
{
	return r->set->greeted && !r->set->wire;
}

/* The list is over: the streams that stand on it go on. */
static void go_on(struct streams *set)
{
	struct stream *st, *next;
	set->wire = set->greeted;
	leave(set, true);
	HASH_ITER(hh, set->by_id, st, next)
	{
		if (stream_is_synced(st) && st->listed != LISTED_RECORDED)
			stream_send_recorded(st);
		response_send(st);
		stream_release(st);
	}
}

/* Where the relay stands with a stream that is known here. */
static bool take_stand(struct stream *st, const struct wire_out *w, const struct wire_resume *f)
{
	if (memcmp(f->event_id, st->request.event_id, UUID_LEN) != 0)
		return wire_out_fail(w, "RESUME of another delivery");
	if (f->recorded && !stream_is_synced(st))
		return wire_out_fail(w, "RESUME says recorded of what is not");
	st->listed = f->recorded ? LISTED_RECORDED : LISTED_OPEN;
	stream_resent_to(st, f->recorded ? RESENT_NONE : RESENT_EXPECTED);
	st->inflow = (struct inflow){ .window = WIRE_STREAM_WINDOW };
	if (!response_rewind(st, f->head, f->body_seen))
		return wire_out_fail(w, "RESUME claims an answer that was not sent");
	stream_release(st);
	return true;
}

/* The last one, of stream 0. */
static bool end_list(struct streams *set, const struct wire_resume *f)
{
	static const uint8_t none[UUID_LEN];
	if (f->recorded || f->head || f->body_seen || memcmp(f->event_id, none, UUID_LEN) != 0)
		return wire_out_fail(set->greeted, "the end of the RESUME frames says more than that");
	go_on(set);
	return true;
}

bool resume_on_frame(struct resume *r, const struct wire_frame *frame)
{
	struct streams *set = r->set;
	const struct wire_out *w = set->greeted;
	struct wire_resume f;
	if (!wire_decode_resume(frame->payload, &f))
		return wire_out_fail(w, "malformed RESUME");
	if (!resume_is_listing(r))
		return wire_out_fail(w, "RESUME where nothing is resumed");
	if (frame->stream == 0)
		return end_list(set, &f);
	if (frame->stream <= r->last_listed)
		return wire_out_fail(w, "RESUME twice for a stream, or out of order");
	if ((f.head && !f.recorded) || (f.body_seen && !f.head))
		return wire_out_fail(w, "RESUME with an answer before its time");
	r->last_listed = frame->stream;
	struct stream *st = stream_find(set, frame->stream);
	if (st)
		return take_stand(st, w, &f);
	/* Not recorded: it never came here, or in part, and is sent again. */
	if (f.recorded)
		w->ops->reset(w->link, frame->stream, WIRE_RESET_APP_ABORTED, "the client has this stream no more");
	return true;
}

struct resume *resume_new(struct streams *set)
{
	struct resume *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->set = set;
	uv_timer_init(set->loop, &r->grace);
	r->grace.data = r;
	return r;
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

void resume_close(struct resume *r)
{
	if (r)
		uv_close((uv_handle_t *)&r->grace, on_closed);
}
