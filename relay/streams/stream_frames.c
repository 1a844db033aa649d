/* Takes a client's frames apart, and hands each to its stream. */
#include "relay/streams/late.h"
#include "relay/streams/stream.h"
#include "relay/tunnels/tunnel.h"

#include <string.h>

static struct stream *find_stream(const struct client *c, const struct wire_frame *f)
{
	struct stream *st;
	HASH_FIND(hh, c->streams, &f->stream, sizeof f->stream, st);
	return st;
}

static const char *on_recorded(struct client *c, const struct wire_frame *f)
{
	struct stream *st = find_stream(c, f);
	uint8_t id[UUID_LEN];
	if (!wire_decode_event_id(f->payload, id))
		return "malformed RECORDED";
	if (st && memcmp(id, st->delivery->request.event_id, UUID_LEN) != 0)
		return "RECORDED of another delivery";
	if (!st)
		late_on_recorded(c, f->stream, id);
	return !st || stream_on_recorded(st) ? NULL : "RECORDED out of order";
}

static void receive(const struct client *c, size_t len)
{
	struct carrier *from = client_carrier(c);
	if (from)
		carrier_received_body(from, len);
}

static const char *on_answer(const struct client *c, const struct wire_frame *f)
{
	struct stream *st = find_stream(c, f);
	struct wire_response response;
	bool end = f->flags & WIRE_END;
	if (f->type == WIRE_RESPONSE) {
		if (!wire_decode_response(f->payload, &response))
			return "malformed RESPONSE";
		receive(c, response.body.len);
		return !st || stream_on_response(st, &response, end) ? NULL : "RESPONSE out of order";
	}
	if (f->flags & WIRE_TRAILERS)
		return !st || (end && stream_on_trailers(st, f->payload)) ? NULL
									  : "malformed trailers, or out of order";
	receive(c, f->payload.len);
	return !st || stream_on_data(st, f->payload, end) ? NULL : "DATA out of order or beyond its window";
}

const char *stream_take_frame(struct client *c, const struct wire_frame *f)
{
	struct stream *st = find_stream(c, f);
	struct bytes reason;
	uint32_t number;
	if (f->stream > c->last_stream)
		return "a frame for a stream that was never opened";
	switch (f->type) {
	case WIRE_RECORDED:
		return on_recorded(c, f);
	case WIRE_RESPONSE:
	case WIRE_DATA:
		return on_answer(c, f);
	case WIRE_RESET:
		if (!wire_decode_reset(f->payload, &number, &reason))
			return "malformed RESET";
		if (st)
			stream_on_reset(st, number);
		else
			late_on_reset(c, f->stream);
		return NULL;
	case WIRE_WINDOW:
		if (!wire_decode_window(f->payload, &number))
			return "bad WINDOW frame";
		return !st || stream_on_window(st, number) ? NULL : "a window above 2^31";
	default:
		return NULL;
	}
}
