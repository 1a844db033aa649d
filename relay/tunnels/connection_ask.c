/* Whether the client of a connection is still there. */
#include "relay/tunnels/connection.h"

#include <libwebsockets.h>
#include <string.h>

static uint64_t now_ms(const struct connection *c)
{
	return uv_now(c->relay->loop);
}

bool connection_is_sure(const struct connection *c)
{
	return now_ms(c) < c->sure_until_ms;
}

void connection_ask(struct connection *c)
{
	if (c->ask == ASK_DUE || (c->ask == ASK_SENT && now_ms(c) - c->asked_ms < CONNECTION_ANSWERED_MS))
		return;
	c->ask = ASK_DUE;
	lws_callback_on_writable(c->wsi);
}

int connection_send_ping(struct connection *c)
{
	unsigned char frame[LWS_PRE + sizeof c->asked_ms];
	c->ask = ASK_SENT;
	c->asked_ms = now_ms(c);
	memcpy(frame + LWS_PRE, &c->asked_ms, sizeof c->asked_ms);
	lws_callback_on_writable(c->wsi); /* one write a callback: what else is there comes next */
	return lws_write(c->wsi, frame + LWS_PRE, sizeof c->asked_ms, LWS_WRITE_PING) < 0 ? -1 : 0;
}

bool connection_take_pong(struct connection *c, struct bytes payload)
{
	if (c->ask != ASK_SENT || payload.len != sizeof c->asked_ms ||
	    memcmp(payload.at, &c->asked_ms, sizeof c->asked_ms) != 0)
		return false;
	c->ask = ASK_NONE;
	c->sure_until_ms = now_ms(c) + CONNECTION_ANSWERED_MS;
	return true;
}
