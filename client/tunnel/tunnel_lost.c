/* A connection that is over, or could not be made: what is said of it, and when it is tried again. */
#include "client/proxy/proxy_dial.h"
#include "client/tunnel/tunnel_private.h"
#include "shared/base/process.h"

#include <sys/socket.h>

void tunnel_set_state(struct tunnel *t, enum tunnel_state state, enum reason reason, uint64_t retry_ms)
{
	char why[700];
	const struct facts *facts = tunnel_facts(t);
	reason_line(reason, facts, why, sizeof why);
	const struct tunnel_news news = { state, reason, facts, state == TUNNEL_CONNECTING ? "connecting" : why,
					  retry_ms };
	t->state = state;
	t->ops->on_state(t->user, &news);
}

/* The first reason is kept: what follows is its consequence. */
void tunnel_note(struct tunnel *t, enum reason reason)
{
	if (!t->noted)
		t->noted = reason;
}

/* Why we closed the link. */
static enum reason reason_of_link(struct tunnel *t)
{
	if (link_close_status(t->link) == 1011)
		return REASON_TUNNEL_MEMORY;
	tunnel_set_detail(t, bytes_of(link_close_reason(t->link)));
	return REASON_TUNNEL_FAULT_OF_RELAY;
}

/* Why none of the addresses tried so far took the connection. That one of them cannot be reached from here at all, as
 * IPv6 where there is none, says less than what another one did. */
static enum reason reason_of_round(struct tunnel *t, enum reason why)
{
	if (t->unreached == REASON_NONE || why != REASON_RELAY_NO_ROUTE)
		t->unreached = why;
	return t->unreached;
}

void tunnel_lost(struct tunnel *t, enum reason why)
{
	bool was_online = t->state == TUNNEL_ONLINE;
	t->wsi = NULL;
	proxy_way_end(t->way);
	t->way = NULL;
	tunnel_reader_free(t->reader);
	t->reader = NULL;
	uv_timer_stop(&t->welcome);
	if (t->link) {
		/* What we closed for a reason of our own is not gone on with: neither are its streams. */
		bool by_us = link_close_status(t->link) != 0;
		if (by_us)
			tunnel_note(t, reason_of_link(t));
		link_free(t->link);
		t->link = NULL;
		if (by_us || t->ended_well)
			t->has_nonce = false;
		t->ended_well = false;
		t->ops->on_lost(t->user, t->has_nonce && !t->closing && !t->stopped);
	}
	if (t->closing || t->stopped)
		return;
	if (was_online)
		backoff_connected(&t->backoff, uv_now(t->loop) - t->online_since_ms);
	enum reason reason = t->noted ? t->noted : why;
	t->noted = REASON_NONE;
	if (!was_online && !t->proxied && t->stage == STAGE_DIALED) {
		reason = reason_of_round(t, reason);
		if (t->addresses.left > 0) {
			tunnel_try_now(t);
			return;
		}
	}
	t->addresses.left = 0;
	/* lws 4.1.6 does not say that it could not open what a connection needs. */
	bool is_unclear = reason == REASON_TUNNEL_NOT_BEGUN || reason == REASON_RELAY_BROKE_OFF;
	if (!was_online && is_unclear && process_files_are_out())
		reason = REASON_TUNNEL_DESCRIPTORS;
	/* Before WELCOME there was no tunnel that could have ended. */
	if (!was_online && (reason == REASON_TUNNEL_ENDED || reason == REASON_TUNNEL_CLOSED))
		reason = REASON_RELAY_TURNED_AWAY;
	if (t->proxied && !was_online)
		reason = proxy_dial_reason_behind(reason);
	if (!was_online && tunnel_look(t, reason))
		return;
	tunnel_offline(t, reason);
}

void tunnel_offline(struct tunnel *t, enum reason why)
{
	uint64_t wait = t->at_once ? 0 : backoff_next_ms(&t->backoff);
	t->at_once = false;
	tunnel_set_state(t, TUNNEL_OFFLINE, why, wait);
	uv_timer_start(&t->retry, t->on_retry, wait, 0);
}

/* The wait for the next attempt is over. */
void tunnel_try_now(struct tunnel *t)
{
	uv_timer_start(&t->retry, t->on_retry, 0, 0);
}

void tunnel_stop(struct tunnel *t, enum reason why)
{
	t->stopped = true;
	if (t->link)
		link_close(t->link, 1000, "told to stop");
	t->ops->on_stop(t->user, why, tunnel_facts(t));
}

/* From outside lws' callbacks. An open connection is over at once, so that nothing more is sent on it; one that is
 * being made lws 4.1.6 ends in its own time. */
void tunnel_drop_wsi(struct tunnel *t)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	if (t->wsi && t->reader && lws_partial_buffered(t->wsi)) {
		/* lws 4.1.6 would first have what it holds leave, which a relay that does not read never lets it. */
		setsockopt(lws_get_socket_fd(t->wsi), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
		shutdown(lws_get_socket_fd(t->wsi), SHUT_RDWR);
	}
	if (t->wsi && t->reader)
		lws_set_timeout(t->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
	else if (t->wsi)
		link_set_timeout(t->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

void tunnel_drop(struct tunnel *t, enum reason why)
{
	t->noted = why;
	if (t->wsi)
		tunnel_drop_wsi(t);
	else if (t->way) /* it is only asked for */
		tunnel_lost(t, why);
}
