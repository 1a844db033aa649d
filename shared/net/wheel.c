#include "shared/net/wheel.h"

#include <utlist.h>

static uint64_t tick_of(uint64_t ms)
{
	return ms / WHEEL_TICK_MS;
}

static void on_tick(uv_timer_t *timer);

static void insert(struct wheel *w, struct wheel_entry *e)
{
	uint64_t turn = tick_of(e->due) + 1;
	if (turn <= w->tick)
		turn = w->tick + 1;
	if (turn >= w->tick + WHEEL_SLOTS)
		turn = w->tick + WHEEL_SLOTS - 1;
	e->turn = turn;
	DL_APPEND(w->slots[turn % WHEEL_SLOTS], e);
	if (w->count++ == 0)
		uv_timer_start(&w->timer, on_tick, WHEEL_TICK_MS, WHEEL_TICK_MS);
}

void wheel_remove(struct wheel *w, struct wheel_entry *e)
{
	if (e->turn == 0)
		return;
	DL_DELETE(w->slots[e->turn % WHEEL_SLOTS], e);
	e->turn = 0;
	if (--w->count == 0)
		uv_timer_stop(&w->timer);
}

void wheel_set(struct wheel *w, struct wheel_entry *e, uint64_t due)
{
	e->due = due;
	/* One that comes later is found out at its turn. */
	if (e->turn > 0 && tick_of(due) + 1 >= e->turn)
		return;
	wheel_remove(w, e);
	if (due == WHEEL_NEVER)
		return;
	if (w->count == 0)
		w->tick = tick_of(uv_now(w->timer.loop));
	insert(w, e);
}

/* Entries of this turn stand at the front of their slot only as long as none was put there for a later round: since a
 * deadline beyond the wheel waits at its last slot, all of a slot have one turn. */
static void turn(struct wheel *w)
{
	struct wheel_entry *e;
	while ((e = w->slots[w->tick % WHEEL_SLOTS]) && e->turn == w->tick) {
		wheel_remove(w, e);
		if (e->due == WHEEL_NEVER)
			continue;
		if (tick_of(e->due) + 1 <= w->tick)
			w->due(e);
		else
			insert(w, e);
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct wheel *w = timer->data;
	uint64_t now = tick_of(uv_now(timer->loop));
	while (w->tick < now && w->count > 0) {
		w->tick++;
		turn(w);
	}
	w->tick = now;
}

void wheel_init(struct wheel *w, uv_loop_t *loop, void (*due)(struct wheel_entry *e))
{
	*w = (struct wheel){ .due = due };
	uv_timer_init(loop, &w->timer);
	w->timer.data = w;
	w->tick = tick_of(uv_now(loop));
}

void wheel_close(struct wheel *w, uv_close_cb closed)
{
	uv_close((uv_handle_t *)&w->timer, closed);
}
