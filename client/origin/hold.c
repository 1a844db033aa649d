#include "client/origin/hold.h"

#include "client/delivery/taken.h"

#include <stdlib.h>

#define FIRST_WAIT_MS 500
#define MOST_WAIT_MS 5000

struct held {
	struct held *next;
	int64_t id;
};

/* The queue of one route. */
struct hold {
	struct streams *set;
	struct held *first, *newest;
	uint64_t wait_ms;
	int64_t calling; /* or being taken up for the call; 0: none */
	uv_timer_t timer;
};

struct holds {
	size_t count, open_timers;
	struct hold at[];
};

static void call_first(struct hold *h);

static void on_timer(uv_timer_t *t)
{
	call_first(t->data);
}

static void wait_more(struct hold *h)
{
	if (h->set->draining || !h->first)
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

/* ---- the origin of those that are called again ---- */

static void on_not_taken(void *user, int64_t id, bool gone)
{
	struct hold *h = user;
	h->calling = 0;
	if (gone)
		drop(h, id);
	if (gone && !h->set->draining)
		call_first(h);
	else
		wait_more(h);
}

/* As long as the app is not there, the state it is left in says that it was not called. */
static bool counts(const struct stream *st)
{
	return st->result.result != ATTEMPT_UNREACHABLE && st->result.result != ATTEMPT_CANCELLED;
}

static void on_over(struct stream *st)
{
	struct hold *h = st->by_user;
	int64_t id = h->calling;
	bool put_back = st->call == CALL_LEFT;
	h->calling = 0;
	if (put_back)
		st->set->record->set_state(st->set->recorder, id, DELIVERY_HELD);
	if (put_back && st->result.result == ATTEMPT_UNREACHABLE) {
		wait_more(h);
		return;
	}
	h->wait_ms = FIRST_WAIT_MS;
	drop(h, id);
	call_first(h);
}

static const struct origin_ops origin = {
	.once = true,
	.may_hold = true,
	.put_back = DELIVERY_HELD,
	.counts = counts,
	.reached = hold_on_reached,
	.over = on_over,
	.recorded = hold_on_recorded,
	.not_taken = on_not_taken,
};

static void call_first(struct hold *h)
{
	if (h->calling || !h->first || h->set->draining)
		return;
	uv_timer_stop(&h->timer);
	if (taken_begin(h->set, TAKEN_UNFINISHED, h->first->id, &origin, h))
		h->calling = h->first->id;
	else
		wait_more(h);
}

/* ---- all others ---- */

void hold_on_reached(struct stream *st)
{
	struct holds *all = st->set->holds;
	if (!all)
		return;
	all->at[st->route].wait_ms = FIRST_WAIT_MS;
	call_first(&all->at[st->route]);
}

void hold_on_recorded(struct stream *st)
{
	if (st->record != RECORD_DONE)
		return;
	if (stream_is_held(st))
		hold_add(st->set, st->route, st->delivery_id);
	else if (!st->skipped)
		st->set->events->on_over(st->set->user, st->delivery_id);
}

void hold_add(struct streams *set, size_t route, int64_t delivery_id)
{
	struct hold *h = set->holds ? &set->holds->at[route] : NULL;
	if (!h || set->draining)
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

/* ---- life ---- */

struct holds *hold_new(struct streams *set)
{
	size_t count = set->options.route_count;
	struct holds *all = calloc(1, sizeof *all + count * sizeof *all->at);
	if (!all)
		return NULL;
	all->count = all->open_timers = count;
	for (size_t i = 0; i < count; i++) {
		struct hold *h = &all->at[i];
		h->set = set;
		h->wait_ms = FIRST_WAIT_MS;
		uv_timer_init(set->loop, &h->timer);
		h->timer.data = h;
	}
	return all;
}

void hold_stop(struct holds *h)
{
	for (size_t i = 0; h && i < h->count; i++)
		uv_timer_stop(&h->at[i].timer);
}

static void on_closed(uv_handle_t *t)
{
	struct holds *all = t->data;
	if (--all->open_timers == 0)
		free(all);
}

void hold_close(struct holds *h)
{
	for (size_t i = 0; h && i < h->count; i++) {
		while (h->at[i].first)
			drop(&h->at[i], h->at[i].first->id);
		h->at[i].timer.data = h;
		uv_close((uv_handle_t *)&h->at[i].timer, on_closed);
	}
}
