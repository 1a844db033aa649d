/* Deliveries that waited sealed on the relay's disk (PROTOCOL.md §5): collected, opened, and taken as the plain frames
 * that they hold. */
#include "client/common/limits.h"
#include "client/delivery/stream.h"

#include "shared/http/headers.h"
#include "shared/wire/seal.h"

#include <stdlib.h>
#include <string.h>

struct sealed {
	uint64_t id;
	UT_hash_handle hh;
	struct inflow inflow;
	struct buffer object;
	bool refused; /* its rest is let pass */
};

static void drop(struct session *s, struct sealed *o)
{
	HASH_DELETE(hh, s->sealed, o);
	buffer_free(&o->object);
	free(o);
}

struct sealed *sealed_find(struct session *s, uint64_t id)
{
	struct sealed *o;
	HASH_FIND(hh, s->sealed, &id, sizeof id, o);
	return o;
}

void sealed_drop(struct session *s, uint64_t id)
{
	struct sealed *o = sealed_find(s, id);
	if (o)
		drop(s, o);
}

void sealed_drop_all(struct session *s)
{
	struct sealed *o, *next;
	HASH_ITER(hh, s->sealed, o, next)
	drop(s, o);
}

static struct sealed *start(struct session *s, struct link *l, uint64_t id)
{
	size_t most = s->options.drain_parallel ? s->options.drain_parallel : LIMIT_SPOOLED;
	struct sealed *o = HASH_COUNT(s->sealed) < most ? calloc(1, sizeof *o) : NULL;
	if (!o) {
		link_fail(l, "more sealed deliveries at once than were asked for");
		return NULL;
	}
	o->id = id;
	o->inflow.window = WIRE_STREAM_WINDOW;
	HASH_ADD(hh, s->sealed, id, sizeof o->id, o);
	return o;
}

static void refuse(struct session *s, struct link *l, uint64_t id, const char *why)
{
	char text[700];
	append_or_close(l, wire_encode_reset(link_out(l), id, WIRE_RESET_PROTOCOL,
					     bytes_of("the client cannot take this sealed delivery")));
	snprintf(text, sizeof text, "a queued delivery cannot be taken: %s; it stays at the relay until it expires",
		 why);
	s->events->on_trouble(s->user, text);
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

/* Checked before, so that only memory can be wanting. */
static bool take_plain(struct stream *st, struct bytes plain, struct bytes begin)
{
	struct wire_frame f;
	bool bad = false, fine = next_inner(&plain, &f, &bad) && stream_take_body(st, begin);
	while (fine && next_inner(&plain, &f, &bad))
		fine = f.flags & WIRE_TRAILERS ? buffer_append_bytes(&st->trailers, f.payload)
					       : stream_take_body(st, f.payload);
	return fine;
}

static void open_object(struct session *s, struct link *l, struct sealed *o)
{
	struct error e = { .text = "this client has no key" };
	struct buffer plain = { 0 };
	struct wire_request r = { 0 };
	uint8_t event_id[UUID_LEN];
	uint64_t id = o->id;
	bool fine = s->options.key && seal_key_open(s->options.key, buffer_view(&o->object), event_id, &plain, &e);
	drop(s, o);
	if (fine && !plain_is_delivery(buffer_view(&plain), event_id, &r))
		fine = error_set(&e, EXIT_RELAY, "what was sealed is no delivery");
	if (!fine) {
		refuse(s, l, id, e.text);
		buffer_free(&plain);
		return;
	}
	struct stream *st = session_admit(s, l, id, &r, WIRE_SPOOLED);
	if (st && take_plain(st, buffer_view(&plain), r.body)) {
		stream_commit(st);
	} else if (st) {
		stream_send_reset(st, WIRE_RESET_STORE, "the client is out of memory");
		stream_release(st);
	}
	buffer_free(&plain);
}

/* The relay sends again what is whole here. */
static bool pass_resent(struct stream *st, struct link *l, const struct wire_frame *f)
{
	if (!st->resend)
		return link_fail(l, "SEALED for a stream that is open");
	if (!inflow_take(&st->inflow, l, f->stream, f->payload.len))
		return link_fail(l, "SEALED beyond the stream's window");
	st->resend = !(f->flags & WIRE_END);
	return true;
}

bool session_on_sealed(struct session *s, struct link *l, const struct wire_frame *f)
{
	struct stream *st;
	struct sealed *o = sealed_find(s, f->stream);
	link_received_body(l, f->payload.len);
	HASH_FIND(hh, s->streams, &f->stream, sizeof f->stream, st);
	if (f->stream == 0)
		return link_fail(l, "SEALED without a stream");
	if (st)
		return pass_resent(st, l, f);
	if (!o && !(o = start(s, l, f->stream)))
		return false;
	if (!inflow_take(&o->inflow, l, f->stream, f->payload.len))
		return link_fail(l, "SEALED beyond the stream's window");
	uint64_t most = s->max_body < ((uint64_t)LIMIT_SEALED << 20) ? s->max_body : ((uint64_t)LIMIT_SEALED << 20);
	if (!o->refused && f->payload.len > most + BODY_SLACK - o->object.len) {
		o->refused = true;
		buffer_free(&o->object);
		refuse(s, l, f->stream, "it is longer than the relay said that bodies are");
	}
	if (!o->refused && !buffer_append_bytes(&o->object, f->payload)) {
		o->refused = true;
		buffer_free(&o->object);
		append_or_close(l, wire_encode_reset(link_out(l), f->stream, WIRE_RESET_STORE,
						     bytes_of("the client is out of memory")));
	}
	if (f->flags & WIRE_END) {
		if (o->refused)
			drop(s, o);
		else
			open_object(s, l, o);
	}
	return true;
}
