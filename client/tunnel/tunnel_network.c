/* Reacts to a change of this machine's network: a laptop that changes to another Wi-Fi is online again at once, instead
 * of waiting for two unanswered pings. */
#include "client/watch/network_watch.h"
#include "client/tunnel/tunnel_private.h"

#include "client/common/limits.h"
#include "shared/base/clock.h"

static void drop(struct tunnel *t)
{
	t->at_once = true;
	t->acts->drop(t, REASON_TUNNEL_NETWORK);
}

static void on_late(uv_timer_t *h)
{
	struct tunnel *t = h->data;
	if (t->state == TUNNEL_ONLINE && t->link && t->confirmed_at_us < t->changed_at_us)
		drop(t);
}

/* The relay has a short while to show that the connection still leads to it. */
static void ask(struct tunnel *t)
{
	if (uv_is_active((uv_handle_t *)&t->proof))
		return;
	t->changed_at_us = clock_now_us();
	t->ping_due = true;
	lws_callback_on_writable(t->wsi);
	uv_timer_start(&t->proof, on_late, LIMIT_NETWORK_PROOF * UINT64_C(1000), 0);
}

static void on_changed(void *user)
{
	struct tunnel *t = user;
	if (t->closing || t->stopped)
		return;
	if (uv_is_active((uv_handle_t *)&t->retry))
		t->acts->try_now(t);
	else if (t->wsi && network_watch_is_cut(lws_get_socket_fd(t->wsi)))
		drop(t);
	else if (t->state == TUNNEL_ONLINE && t->link && t->wsi)
		ask(t);
}

void tunnel_watch_network(struct tunnel *t, const struct network_acts *acts)
{
	t->acts = acts;
	uv_timer_init(t->loop, &t->proof);
	t->proof.data = t;
	t->network = network_watch_new(t->loop, on_changed, t);
}

void tunnel_leave_network(struct tunnel *t, uv_close_cb closed)
{
	network_watch_close(t->network);
	t->network = NULL;
	uv_close((uv_handle_t *)&t->proof, closed);
}
