#include "relay/tunnels/late_flush.h"

#include "relay/tunnels/connection.h"

#include <utlist.h>

#define LATE_MS 5

static void on_timer(uv_timer_t *t)
{
	struct late_flush *l = t->data;
	struct connection *c;
	while ((c = l->first)) {
		late_flush_remove(c);
		link_flush_soon(c->link);
	}
}

void late_flush_init(struct late_flush *l, uv_loop_t *loop)
{
	l->first = NULL;
	uv_timer_init(loop, &l->timer);
	l->timer.data = l;
}

void late_flush_add(struct connection *c)
{
	struct late_flush *l = c->late;
	if (!l || uv_is_closing((uv_handle_t *)&l->timer)) {
		link_flush_soon(c->link);
		return;
	}
	if (c->waits_late)
		return;
	if (!l->first)
		uv_timer_start(&l->timer, on_timer, LATE_MS, 0);
	c->waits_late = true;
	LL_PREPEND2(l->first, c, late_next);
}

void late_flush_remove(struct connection *c)
{
	if (c->waits_late)
		LL_DELETE2(c->late->first, c, late_next);
	c->waits_late = false;
}

void late_flush_close(struct late_flush *l)
{
	if (!uv_is_closing((uv_handle_t *)&l->timer))
		uv_close((uv_handle_t *)&l->timer, NULL);
}
