/* Handles what a client's WebSocket brings: whose frame it is, and whether it may come now. */
#include "relay/crossing/crossing.h"
#include "relay/links/tunnel_private.h"
#include "relay/tunnels/tunnel.h"
#include "relay/streams/stream.h"
#include "shared/wire/wire_place.h"

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
	const char *fault = misplaced[place];
	if (place == WIRE_PLACE_RIGHT && !crossing_take_frame(c->client, f, &fault))
		fault = stream_take_frame(c->client, f);
	return !fault || link_fail(c->link, fault);
}

static void on_credit(void *user)
{
	struct connection *c = user;
	if (!c->client)
		return;
	stream_pump_blocked(c->client);
	crossing_pump(c->client);
}

const struct link_ops connection_link_ops = { on_frame, on_credit };
