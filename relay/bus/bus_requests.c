#include "relay/bus/bus_requests.h"

#include "relay/common/hash.h"

#include <stdlib.h>

#define LOOK_MS 50

struct bus_waiting {
	uint64_t id, deadline; /* loop ms */
	void (*answered)(void *user, enum bus_outcome outcome, const struct bus_message *m);
	void *user;
	UT_hash_handle hh;
};

static struct bus_waiting *find(const struct bus_requests *r, uint64_t id)
{
	struct bus_waiting *w;
	HASH_FIND(hh, r->by_id, &id, sizeof id, w);
	return w;
}

void bus_requests_take_back(struct bus_requests *r, uint64_t id)
{
	struct bus_waiting *w = find(r, id);
	if (!w)
		return;
	HASH_DELETE(hh, r->by_id, w); /* NOLINT(clang-analyzer-unix.Malloc,clang-analyzer-core.NullDereference) */
	free(w);
	if (!r->by_id)
		uv_timer_stop(&r->timer);
}

void bus_requests_settle(struct bus_requests *r, uint64_t id, enum bus_outcome outcome, const struct bus_message *m)
{
	struct bus_waiting *w = find(r, id);
	if (!w)
		return;
	struct bus_waiting is = *w;
	bus_requests_take_back(r, id);
	is.answered(is.user, outcome, m);
}

/* Those whose deadline has come, of those that were there when it began: whoever is told may ask again. */
static void settle_until(struct bus_requests *r, uint64_t now, enum bus_outcome outcome)
{
	uint64_t newest = r->last_id, done = 0;
	for (;;) {
		struct bus_waiting *w = r->by_id;
		while (w && (w->id <= done || (w->deadline > now && w->id <= newest)))
			w = w->hh.next;
		if (!w || w->id > newest)
			return;
		done = w->id;
		bus_requests_settle(r, done, outcome, NULL);
	}
}

static void on_look(uv_timer_t *h)
{
	settle_until(h->data, uv_now(h->loop), BUS_TIMED_OUT);
}

void bus_requests_init(struct bus_requests *r, uv_loop_t *loop)
{
	uv_timer_init(loop, &r->timer);
	r->timer.data = r;
}

uint64_t bus_requests_add(struct bus_requests *r, uint64_t timeout_ms,
			  void (*answered)(void *user, enum bus_outcome outcome, const struct bus_message *m),
			  void *user)
{
	struct bus_waiting *w = calloc(1, sizeof *w);
	if (!w)
		return 0;
	w->id = ++r->last_id;
	w->deadline = uv_now(r->timer.loop) + timeout_ms;
	w->answered = answered;
	w->user = user;
	HASH_ADD(hh, r->by_id, id, sizeof w->id, w);
	if (!w->hh.tbl) {
		free(w);
		return 0;
	}
	if (!uv_is_active((uv_handle_t *)&r->timer))
		uv_timer_start(&r->timer, on_look, LOOK_MS, LOOK_MS);
	return w->id;
}

void bus_requests_give_up(struct bus_requests *r)
{
	settle_until(r, UINT64_MAX, BUS_GONE);
}
