/* --hold: deliveries that found no app wait for it, a queue a route. The oldest is called again and again until the app
 * takes it; then the others follow, one after the other. */
#include "client/delivery/stream.h"

#include <stdlib.h>

#define FIRST_WAIT_MS 500
#define MOST_WAIT_MS 5000

struct held {
	struct held *next;
	int64_t id;
};

struct hold {
	struct session *session;
	struct held *first, *newest;
	uint64_t wait_ms;
	int64_t calling; /* or taking up, to call; 0: none */
	uv_timer_t timer;
};

static void call_first(struct hold *h);

static void on_timer(uv_timer_t *t)
{
	call_first(t->data);
}

static void wait_more(struct hold *h)
{
	if (h->session->draining || !h->first)
		return;
	uv_timer_start(&h->timer, on_timer, h->wait_ms, 0);
	h->wait_ms = h->wait_ms * 2 > MOST_WAIT_MS ? MOST_WAIT_MS : h->wait_ms * 2;
}

static void drop(struct hold *h, int64_t id)
{
	struct held **at = &h->first, *before = NULL;
	for (; *at && (*at)->id != id; at = &(*at)->next)
		before = *at;
	struct held *d = *at;
	if (!d)
		return;
	*at = d->next;
	if (h->newest == d)
		h->newest = before;
	free(d);
}

static void on_taken(void *user, struct taken *t, const struct error *e)
{
	struct hold *h = user;
	struct session *s = h->session;
	bool gone = !t && !e;
	struct stream *st = t && !s->draining ? stream_of_taken(s, t) : NULL;
	if (e)
		session_store_works(s, e);
	if (t && !st)
		recorder_set_state(s->recorder, t->id, DELIVERY_HELD);
	recorder_taken_free(t);
	if (st) {
		st->hold = h;
		stream_call_app(st);
		return;
	}
	s->busy--;
	if (gone)
		drop(h, h->calling);
	h->calling = 0;
	if (gone && !s->draining)
		call_first(h);
	else
		wait_more(h);
}

static void call_first(struct hold *h)
{
	struct session *s = h->session;
	if (h->calling || !h->first || s->draining)
		return;
	uv_timer_stop(&h->timer);
	if (!recorder_take(s->recorder, h->first->id, on_taken, h)) {
		wait_more(h);
		return;
	}
	h->calling = h->first->id;
	s->busy++;
}

void hold_call_over(struct hold *h, bool again)
{
	int64_t id = h->calling;
	h->calling = 0;
	if (again) {
		wait_more(h);
		return;
	}
	h->wait_ms = FIRST_WAIT_MS;
	drop(h, id);
	call_first(h);
}

void hold_app_is_there(struct session *s, size_t route)
{
	if (!s->holds)
		return;
	s->holds[route].wait_ms = FIRST_WAIT_MS;
	call_first(&s->holds[route]);
}

void hold_add(struct session *s, size_t route, int64_t delivery_id)
{
	struct hold *h = s->holds ? &s->holds[route] : NULL;
	if (!h || s->draining)
		return; /* the next run finds it */
	/* Those of an earlier run may be found after one of this run was added. */
	struct held **at = h->newest && h->newest->id < delivery_id ? &h->newest->next : &h->first;
	while (*at && (*at)->id < delivery_id)
		at = &(*at)->next;
	struct held *d = *at && (*at)->id == delivery_id ? NULL : calloc(1, sizeof *d);
	if (!d)
		return;
	d->id = delivery_id;
	d->next = *at;
	*at = d;
	if (!d->next)
		h->newest = d;
	if (!h->calling && !uv_is_active((uv_handle_t *)&h->timer))
		wait_more(h);
}

bool hold_init(struct session *s)
{
	if (!s->options.hold)
		return true;
	s->holds = calloc(s->options.route_count, sizeof *s->holds);
	for (size_t i = 0; s->holds && i < s->options.route_count; i++) {
		struct hold *h = &s->holds[i];
		h->session = s;
		h->wait_ms = FIRST_WAIT_MS;
		uv_timer_init(s->loop, &h->timer);
		h->timer.data = h;
	}
	return s->holds != NULL;
}

void hold_stop(struct session *s)
{
	for (size_t i = 0; s->holds && i < s->options.route_count; i++)
		uv_timer_stop(&s->holds[i].timer);
}

void hold_close(struct session *s, uv_close_cb closed)
{
	for (size_t i = 0; s->holds && i < s->options.route_count; i++) {
		s->open_handles++;
		s->holds[i].timer.data = s;
		uv_close((uv_handle_t *)&s->holds[i].timer, closed);
	}
}

void hold_free(struct session *s)
{
	for (size_t i = 0; s->holds && i < s->options.route_count; i++)
		while (s->holds[i].first)
			drop(&s->holds[i], s->holds[i].first->id);
	free(s->holds);
}
