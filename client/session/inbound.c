#include "client/session/inbound.h"

#include "client/common/limits.h"
#include "client/delivery/call.h"
#include "client/delivery/commit.h"
#include "client/origin/live.h"
#include "shared/http/headers.h"

#include <string.h>

#define TOO_MUCH "body bytes beyond the stream's window"
#define OTHER_LENGTH "a body of another length than declared"

struct stream *inbound_admit(struct streams *set, struct live *live, uint64_t id, const struct wire_request *r,
			     uint8_t flags)
{
	const struct wire_out *w = set->greeted;
	const char *why = set->draining                             ? "the client is ending"
			  : HASH_COUNT(set->by_id) >= LIMIT_STREAMS ? "the client has too many deliveries at once"
			  : set->held > LIMIT_HELD                  ? "the client holds as much as it may"
								    : NULL;
	struct stream *st = why ? NULL : stream_new(set, id, r);
	if (!st) {
		w->ops->reset(w->link, id, WIRE_RESET_STORE, why ? why : "the client is out of memory");
		return NULL;
	}
	st->by = &live_origin;
	st->by_user = live;
	st->origin = flags & WIRE_SPOOLED ? ORIGIN_SPOOL : ORIGIN_LIVE;
	st->upgrade = (flags & WIRE_UPGRADE) && (flags & WIRE_END) && !(flags & (WIRE_SPOOLED | WIRE_REFUSED));
	if (flags & WIRE_REFUSED)
		stream_inbound_to(st, INBOUND_REFUSED);
	return st;
}

/* False when the body is of another length than declared. */
static bool end_request(struct stream *st)
{
	if (st->inbound == INBOUND_RECEIVING) {
		if (st->request.has_body && st->request.body_len != WIRE_UNKNOWN_LENGTH &&
		    st->body_size != st->request.body_len)
			return false;
		stream_inbound_to(st, INBOUND_WHOLE);
	}
	commit_request(st);
	return true;
}

/* What the relay sends again and is whole here. */
static bool pass_resent(struct stream *st, const struct wire_out *w, const struct wire_frame *f, size_t body_len)
{
	if (!inflow_take(&st->inflow, w, f->stream, body_len))
		return wire_out_fail(w, TOO_MUCH);
	if (f->flags & WIRE_END)
		stream_resent_to(st, RESENT_NONE);
	return true;
}

/* Takes a piece of the request's body. Without room for it the stream is given up, which is no fault of the connection.
 */
static bool take_body(struct stream *st, const struct wire_out *w, const struct wire_frame *f, struct bytes body)
{
	if (!stream_take_body(st, body)) {
		stream_give_up(st);
		return true;
	}
	return !(f->flags & WIRE_END) || end_request(st) || wire_out_fail(w, OTHER_LENGTH);
}

bool inbound_on_request(struct streams *set, struct live *live, const struct wire_frame *f, bool taken)
{
	const struct wire_out *w = set->greeted;
	struct wire_request r;
	if (!wire_decode_request(f->payload, &r))
		return wire_out_fail(w, "malformed REQUEST");
	struct stream *st = stream_find(set, f->stream);
	w->ops->received(w->link, r.body.len);
	if (st && st->resent == RESENT_EXPECTED && memcmp(r.event_id, st->request.event_id, UUID_LEN) == 0) {
		stream_resent_to(st, RESENT_COMING);
		return pass_resent(st, w, f, r.body.len);
	}
	if (!st && stream_has_ended(set, f->stream))
		return true;
	if (f->stream == 0 || st || taken || ((f->flags & WIRE_REFUSED) && !(f->flags & WIRE_END)))
		return wire_out_fail(w, "REQUEST for a stream that is open");
	struct bytes body = r.body;
	st = inbound_admit(set, live, f->stream, &r, f->flags);
	if (!st)
		return true;
	if (body.len > set->max_body + BODY_SLACK || !inflow_take(&st->inflow, w, st->id, body.len))
		return wire_out_fail(w, TOO_MUCH);
	return take_body(st, w, f, body);
}

static bool on_trailers(struct stream *st, const struct wire_out *w, const struct wire_frame *f)
{
	if (!(f->flags & WIRE_END) || !headers_valid(f->payload))
		return wire_out_fail(w, "malformed trailers");
	if (!stream_take_trailers(st, f->payload)) {
		stream_give_up(st);
		return true;
	}
	return end_request(st) || wire_out_fail(w, OTHER_LENGTH);
}

bool inbound_on_data(struct streams *set, const struct wire_frame *f)
{
	const struct wire_out *w = set->greeted;
	struct stream *st = stream_find(set, f->stream);
	bool trailers = f->flags & WIRE_TRAILERS;
	if (!trailers)
		w->ops->received(w->link, f->payload.len);
	if (!st)
		return true; /* refused or reset; the frames crossed */
	if (st->resent == RESENT_COMING)
		return pass_resent(st, w, f, trailers ? 0 : f->payload.len);
	if (stream_is_upgraded(st) && !trailers)
		return call_take_upgraded(st, f->payload, f->flags & WIRE_END) ||
		       wire_out_fail(w, "DATA beyond the stream's window, or after its end");
	if (st->inbound != INBOUND_RECEIVING)
		return wire_out_fail(w, "DATA after the end of the request");
	if (trailers)
		return on_trailers(st, w, f);
	if (f->payload.len > set->max_body + BODY_SLACK - st->body_size ||
	    !inflow_take(&st->inflow, w, st->id, f->payload.len))
		return wire_out_fail(w, "DATA beyond the stream's window");
	return take_body(st, w, f, f->payload);
}

bool inbound_on_reset(struct streams *set, const struct wire_frame *f)
{
	uint32_t code;
	struct bytes reason;
	if (!wire_decode_reset(f->payload, &code, &reason))
		return wire_out_fail(set->greeted, "malformed RESET");
	struct stream *st = stream_find(set, f->stream);
	if (!st)
		return true;
	bool refused = code == WIRE_RESET_TOO_LARGE || code == WIRE_RESET_TRUNCATED;
	if (st->inbound == INBOUND_RECEIVING && refused) {
		stream_inbound_to(st, INBOUND_REFUSED);
		st->request.refused_status = code == WIRE_RESET_TOO_LARGE ? 413 : 0;
		spill_free(&st->body);
		stream_leave_wire(st);
		commit_request(st);
		return true;
	}
	stream_leave_wire(st);
	stream_release(st);
	return true;
}
