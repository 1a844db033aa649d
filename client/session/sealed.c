#include "client/session/sealed.h"

#include "client/common/limits.h"
#include "client/delivery/commit.h"
#include "client/session/inbound.h"
#include "shared/http/headers.h"
#include "shared/wire/seal.h"

#include <stdlib.h>
#include <string.h>

#define OBJECT_MAX ((uint64_t)LIMIT_SEALED << 20) /* one is opened whole, in memory */

struct sealed_object {
	uint64_t id;
	UT_hash_handle hh;
	struct inflow inflow;
	struct buffer bytes;
	bool refused; /* the rest of it is ignored */
};

static void drop(struct sealed *s, struct sealed_object *o)
{
	s->held -= o->bytes.len;
	HASH_DELETE(hh, s->by_id, o);
	buffer_free(&o->bytes);
	free(o);
}

static struct sealed_object *find(const struct sealed *s, uint64_t id)
{
	struct sealed_object *o;
	HASH_FIND(hh, s->by_id, &id, sizeof id, o);
	return o;
}

bool sealed_has(const struct sealed *s, uint64_t id)
{
	return find(s, id);
}

void sealed_drop(struct sealed *s, uint64_t id)
{
	struct sealed_object *o = find(s, id);
	if (o)
		drop(s, o);
}

void sealed_drop_all(struct sealed *s)
{
	struct sealed_object *o, *next;
	HASH_ITER(hh, s->by_id, o, next)
	drop(s, o);
}

static struct sealed_object *start(struct sealed *s, const struct streams *set, uint64_t id)
{
	size_t most = set->options.drain_parallel ? set->options.drain_parallel : LIMIT_SPOOLED;
	struct sealed_object *o = HASH_COUNT(s->by_id) < most ? calloc(1, sizeof *o) : NULL;
	if (!o) {
		wire_out_fail(set->greeted, "more sealed deliveries at once than were asked for");
		return NULL;
	}
	o->id = id;
	o->inflow.window = WIRE_STREAM_WINDOW;
	HASH_ADD(hh, s->by_id, id, sizeof o->id, o);
	return o;
}

static void refuse(struct streams *set, uint64_t id, const char *why)
{
	const struct wire_out *w = set->greeted;
	char text[700];
	w->ops->reset(w->link, id, WIRE_RESET_PROTOCOL, "the client cannot take this sealed delivery");
	snprintf(text, sizeof text, "a queued delivery cannot be taken: %s; it stays at the relay until it expires",
		 why);
	set->events->on_trouble(set->user, text);
}

/* The next of the frames within; false at the end, and when one is not what a spooled delivery is made of (*bad). */
static bool next_inner(struct bytes *rest, struct wire_frame *f, bool *bad)
{
	size_t used;
	if (rest->len == 0)
		return false;
	*bad = wire_decode_frame(*rest, f, &used) != WIRE_OK || f->stream != 0;
	if (!*bad)
		*rest = bytes_make(rest->at + used, rest->len - used);
	return !*bad;
}

/* REQUEST with SPOOLED, then DATA, END on the last and nowhere else, the body as long as declared. */
static bool plain_is_delivery(struct bytes plain, const uint8_t event_id[UUID_LEN], struct wire_request *request)
{
	struct wire_frame f;
	bool bad = false, end = false, first = true;
	uint64_t body = 0;
	while (!end && next_inner(&plain, &f, &bad)) {
		end = f.flags & WIRE_END;
		if (first) {
			bad = f.type != WIRE_REQUEST || !(f.flags & WIRE_SPOOLED) || (f.flags & WIRE_REFUSED) ||
			      !wire_decode_request(f.payload, request) ||
			      memcmp(request->event_id, event_id, UUID_LEN) != 0;
			body = bad ? 0 : request->body.len;
		} else if (f.flags & WIRE_TRAILERS) {
			bad = f.type != WIRE_DATA || !end || !headers_valid(f.payload);
		} else {
			bad = f.type != WIRE_DATA;
			body += f.payload.len;
		}
		first = false;
		if (bad)
			return false;
	}
	return end && !bad && plain.len == 0 &&
	       (!request->has_body || request->body_len == WIRE_UNKNOWN_LENGTH || request->body_len == body);
}

/* It was checked before, so that only memory can be missing. */
static bool take_plain(struct stream *st, struct bytes plain, struct bytes begin)
{
	struct wire_frame f;
	bool bad = false, fine = next_inner(&plain, &f, &bad) && stream_take_body(st, begin);
	while (fine && next_inner(&plain, &f, &bad))
		fine = f.flags & WIRE_TRAILERS ? stream_take_trailers(st, f.payload) : stream_take_body(st, f.payload);
	return fine;
}

static void open_object(struct sealed *s, struct streams *set, struct live *live, struct sealed_object *o)
{
	struct error e = { .text = "this client has no key" };
	struct buffer plain = { 0 };
	struct wire_request r = { 0 };
	uint8_t event_id[UUID_LEN];
	uint64_t id = o->id;
	struct seal_key *key = set->options.key;
	bool fine = key && seal_key_open(key, buffer_view(&o->bytes), event_id, &plain, &e);
	drop(s, o);
	if (fine && !plain_is_delivery(buffer_view(&plain), event_id, &r))
		fine = error_set(&e, EXIT_RELAY, "what was sealed is not a delivery");
	if (!fine) {
		refuse(set, id, e.text);
		buffer_free(&plain);
		return;
	}
	struct stream *st = inbound_admit(set, live, id, &r, WIRE_SPOOLED);
	if (st && take_plain(st, buffer_view(&plain), r.body)) {
		stream_inbound_to(st, INBOUND_WHOLE);
		commit_request(st);
	} else if (st) {
		stream_send_reset(st, WIRE_RESET_STORE, "the client is out of memory");
		stream_release(st);
	}
	buffer_free(&plain);
}

/* The relay sends again what is whole here. */
static bool pass_resent(struct stream *st, const struct wire_out *w, const struct wire_frame *f)
{
	if (st->resent == RESENT_NONE)
		return wire_out_fail(w, "SEALED for a stream that is open");
	if (!inflow_take(&st->inflow, w, f->stream, f->payload.len))
		return wire_out_fail(w, "SEALED beyond the stream's window");
	if (f->flags & WIRE_END)
		stream_resent_to(st, RESENT_NONE);
	return true;
}

static void refuse_rest(struct sealed *s, struct sealed_object *o)
{
	o->refused = true;
	s->held -= o->bytes.len;
	buffer_free(&o->bytes);
}

/* One alone may be of any size; several together, and beside other deliveries, hold no more than those. */
static bool may_hold(const struct sealed *s, const struct streams *set, size_t more)
{
	return HASH_COUNT(s->by_id) == 1 || s->held + set->held + more <= LIMIT_HELD;
}

static void take_piece(struct sealed *s, struct sealed_object *o, struct streams *set, struct bytes piece)
{
	const struct wire_out *w = set->greeted;
	uint64_t most = set->max_body < OBJECT_MAX ? set->max_body : OBJECT_MAX;
	if (piece.len > most + BODY_SLACK - o->bytes.len) {
		refuse_rest(s, o);
		refuse(set, o->id, "it is longer than the relay said that bodies are");
	} else if (!may_hold(s, set, piece.len) || !buffer_append_bytes(&o->bytes, piece)) {
		refuse_rest(s, o);
		w->ops->reset(w->link, o->id, WIRE_RESET_STORE, "the client is out of memory");
	} else {
		s->held += piece.len;
	}
}

bool sealed_on_frame(struct sealed *s, struct streams *set, struct live *live, const struct wire_frame *f)
{
	const struct wire_out *w = set->greeted;
	struct stream *st = stream_find(set, f->stream);
	struct sealed_object *o = find(s, f->stream);
	w->ops->received(w->link, f->payload.len);
	if (f->stream == 0)
		return wire_out_fail(w, "SEALED without a stream");
	if (st)
		return pass_resent(st, w, f);
	if (!o && !(o = start(s, set, f->stream)))
		return false;
	if (!inflow_take(&o->inflow, w, f->stream, f->payload.len))
		return wire_out_fail(w, "SEALED beyond the stream's window");
	if (!o->refused)
		take_piece(s, o, set, f->payload);
	if (!(f->flags & WIRE_END))
		return true;
	if (o->refused)
		drop(s, o);
	else
		open_object(s, set, live, o);
	return true;
}
