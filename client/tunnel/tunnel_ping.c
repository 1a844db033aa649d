#include "client/tunnel/tunnel_private.h"

#include "client/common/limits.h"

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
	if (!t->ping_sent || payload.len != sizeof t->ping_sent ||
	    memcmp(payload.at, &t->ping_sent, sizeof t->ping_sent) != 0)
		return;
	t->lag_us = (now - t->ping_sent) / 1000;
	t->unanswered_since_ms = 0;
}

static void ping_now_and_then(struct tunnel *t)
{
	uint64_t now = uv_now(t->loop);
	if (t->ping_at_ms && now - t->ping_at_ms < (uint64_t)t->options.ping_interval_ms)
		return;
	t->ping_at_ms = now;
	t->ping_due = true;
	if (!t->unanswered_since_ms)
		t->unanswered_since_ms = now;
	lws_callback_on_writable(t->wsi);
}

/* Whatever the relay sends meanwhile: either what waits for it does not leave, or it has arrived and is not answered.
 */
static bool reads_nothing(struct tunnel *t)
{
	uint64_t now = uv_now(t->loop), most = UINT64_C(1000) * LIMIT_STALL;
	uint64_t for_a_pong = 2 * (uint64_t)t->options.ping_interval_ms;
	if (t->unanswered_since_ms && link_moves(t->link))
		t->unanswered_since_ms = now; /* a slow line: the ping is behind the rest */
	if (link_stalled_ms(t->link) >= most)
		return true;
	return t->unanswered_since_ms && now - t->unanswered_since_ms >= (for_a_pong > most ? for_a_pong : most);
}

void tunnel_watch_relay(struct tunnel *t)
{
	if (reads_nothing(t))
		tunnel_drop(t, REASON_TUNNEL_STALLED);
	else
		ping_now_and_then(t);
}

uint64_t tunnel_lag_us(const struct tunnel *t)
{
	return t->state == TUNNEL_ONLINE ? t->lag_us : 0;
}
