/* Handles a client's frames, by type. */
#include "relay/links/tunnel_private.h"
#include "relay/streams/late.h"
#include "relay/tunnels/tunnel.h"
#include "relay/streams/stream.h"
#include "shared/wire/wire_place.h"

#include <string.h>

static struct stream *find_stream(struct connection *c, const struct wire_frame *f)
{
	struct stream *st;
	HASH_FIND(hh, c->client->streams, &f->stream, sizeof f->stream, st);
	return st;
}

static bool on_recorded(struct connection *c, const struct wire_frame *f)
{
	struct stream *st = find_stream(c, f);
	uint8_t id[UUID_LEN];
	if (!wire_decode_event_id(f->payload, id))
		return link_fail(c->link, "malformed RECORDED");
	if (st && memcmp(id, st->delivery->request.event_id, UUID_LEN) != 0)
		return link_fail(c->link, "RECORDED of another delivery");
	if (!st)
		late_on_recorded(c->client, f->stream, id);
	return !st || stream_on_recorded(st) || link_fail(c->link, "RECORDED out of order");
}

static bool on_answer(struct connection *c, const struct wire_frame *f)
{
	struct stream *st = find_stream(c, f);
	struct wire_response response;
	bool end = f->flags & WIRE_END;
	if (f->type == WIRE_RESPONSE) {
		if (!wire_decode_response(f->payload, &response))
			return link_fail(c->link, "malformed RESPONSE");
		link_received_body(c->link, response.body.len);
		return !st || stream_on_response(st, &response, end) || link_fail(c->link, "RESPONSE out of order");
	}
	if (f->flags & WIRE_TRAILERS)
		return !st || (end && stream_on_trailers(st, f->payload)) ||
		       link_fail(c->link, "malformed trailers, or out of order");
	link_received_body(c->link, f->payload.len);
	return !st || stream_on_data(st, f->payload, end) ||
	       link_fail(c->link, "DATA out of order or beyond its window");
}

static bool on_stream_frame(struct connection *c, const struct wire_frame *f)
{
	struct stream *st = find_stream(c, f);
	struct bytes reason;
	uint32_t number;
	if (f->stream > c->client->last_stream)
		return link_fail(c->link, "a frame for a stream that was never opened");
	switch (f->type) {
	case WIRE_RECORDED:
		return on_recorded(c, f);
	case WIRE_RESPONSE:
	case WIRE_DATA:
		return on_answer(c, f);
	case WIRE_RESET:
		if (!wire_decode_reset(f->payload, &number, &reason))
			return link_fail(c->link, "malformed RESET");
		if (st)
			stream_on_reset(st, number);
		else
			late_on_reset(c->client, f->stream);
		return true;
	case WIRE_WINDOW:
		if (!wire_decode_window(f->payload, &number))
			return link_fail(c->link, "bad WINDOW frame");
		return !st || stream_on_window(st, number) || link_fail(c->link, "a window above 2^31");
	default:
		return true;
	}
}

static const char *const misplaced[] = {
	[WIRE_PLACE_SIDE] = "a frame that a client does not send",
	[WIRE_PLACE_TIME] = "a second HELLO",
	[WIRE_PLACE_STREAM] = "a frame on stream 0 that belongs to a stream",
};

static bool on_frame(void *user, const struct wire_frame *f)
{
	struct connection *c = user;
	enum wire_place place = wire_place(f, WIRE_SIDE_CLIENT, c->welcomed);
	if (!c->welcomed)
		return place == WIRE_PLACE_RIGHT ? connection_on_hello(c, f)
						 : link_fail(c->link, "HELLO comes first, on stream 0");
	if (!c->client)
		return true; /* another connection took its place, and this one is closing */
	c->client->has_older = false;
	client_heard(c->client);
	if (place == WIRE_PLACE_UNKNOWN)
		return true;
	return place == WIRE_PLACE_RIGHT ? on_stream_frame(c, f) : link_fail(c->link, misplaced[place]);
}

static void on_credit(void *user)
{
	struct connection *c = user;
	if (c->client)
		stream_pump_blocked(c->client);
}

const struct link_ops connection_link_ops = { on_frame, on_credit };
