#include "client/tunnel/tunnel_private.h"

#include <string.h>

int tunnel_send_pong(struct tunnel *t, struct lws *wsi)
{
	unsigned char frame[LWS_PRE + sizeof t->pong];
	t->pong_due = false;
	memcpy(frame + LWS_PRE, t->pong, t->pong_len);
	lws_callback_on_writable(wsi); /* one write a callback: what else is there comes next */
	return lws_write(wsi, frame + LWS_PRE, t->pong_len, LWS_WRITE_PONG) < 0 ? -1 : 0;
}

int tunnel_send_ping(struct tunnel *t, struct lws *wsi)
{
	unsigned char frame[LWS_PRE + sizeof t->ping_sent];
	t->ping_due = false;
	t->ping_sent = uv_hrtime();
	memcpy(frame + LWS_PRE, &t->ping_sent, sizeof t->ping_sent);
	if (t->link)
		link_flush_soon(t->link); /* one write a callback: what else is there comes next */
	return lws_write(wsi, frame + LWS_PRE, sizeof t->ping_sent, LWS_WRITE_PING) < 0 ? -1 : 0;
}

void tunnel_take_pong(struct tunnel *t, struct bytes payload)
{
	uint64_t now = uv_hrtime();
	if (t->ping_sent && payload.len == sizeof t->ping_sent &&
	    memcmp(payload.at, &t->ping_sent, sizeof t->ping_sent) == 0)
		t->lag_us = (now - t->ping_sent) / 1000;
}

void tunnel_ping_now_and_then(struct tunnel *t)
{
	uint64_t now = uv_now(t->loop);
	if (t->ping_at_ms && now - t->ping_at_ms < (uint64_t)t->options.ping_interval_ms)
		return;
	t->ping_at_ms = now;
	t->ping_due = true;
	lws_callback_on_writable(t->wsi);
}

uint64_t tunnel_lag_us(const struct tunnel *t)
{
	return t->state == TUNNEL_ONLINE ? t->lag_us : 0;
}
