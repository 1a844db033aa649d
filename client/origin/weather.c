#include "client/origin/weather.h"

#include "client/delivery/call.h"
#include "client/origin/hold.h"
#include "client/delivery/taken.h"
#include "shared/base/clock.h"

#include <stdlib.h>

#define CALM_MS 1000 /* without a further delivery none waits to be overtaken */

/* A delivery that is not called yet. */
struct spell {
	struct spell *next;
	struct stream *stream;
	struct weather *weather;
	uint64_t until; /* called after the delivery of this number */
	int64_t delay_ms;
	bool overtaken; /* or else it waits for its timer */
	uv_timer_t timer;
};

struct weather {
	struct streams *set;
	uint64_t count;       /* of deliveries so far */
	struct spell *spells; /* in the order in which the overtaken ones are called */
	uv_timer_t calm;
};

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

/* ---- what became of a delivery ---- */

static void note(struct stream *st, enum chaos_kind m)
{
	char tag[CHAOS_TEXT_LEN];
	st->chaos |= m;
	snprintf(tag, sizeof tag, "chaos:%s", chaos_kind_name(m));
	st->set->record->add_tag(st->set->recorder, st->delivery_id, tag);
}

/* ---- before the call ---- */

static void call(struct stream *st)
{
	bool spoilt = false;
	if (st->fate.fail) {
		note(st, CHAOS_FAIL);
		call_answer(st, st->set->options.chaos->fail_status, bytes_of(NULL), bytes_of(NULL),
			    "the app was not called: --chaos fail", clock_now_us());
		return;
	}
	/* Without memory for it the signature stays whole, and nothing says otherwise. */
	if (st->fate.badsig && chaos_spoil_signature(st->request.headers, &st->spoilt, &spoilt) && spoilt)
		note(st, CHAOS_BADSIG);
	else
		buffer_free(&st->spoilt);
	call_begin(st);
}

static void take_off(struct spell *p)
{
	struct spell **at = &p->weather->spells;
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	p->timer.data = p;
	uv_close((uv_handle_t *)&p->timer, on_closed);
}

static void end_spell(struct spell *p)
{
	struct stream *st = p->stream;
	take_off(p);
	call(st);
}

static void on_delay(uv_timer_t *t)
{
	end_spell(t->data);
}

static void begin_delay(struct spell *p)
{
	p->overtaken = false;
	if (p->delay_ms == 0) {
		end_spell(p);
		return;
	}
	note(p->stream, CHAOS_DELAY);
	uv_timer_start(&p->timer, on_delay, (uint64_t)p->delay_ms, 0);
}

static struct spell *first_overtaken(struct weather *w)
{
	struct spell *p = w->spells;
	while (p && !p->overtaken)
		p = p->next;
	return p;
}

static void release_until(struct weather *w, uint64_t number)
{
	for (struct spell *p; (p = first_overtaken(w)) && p->until <= number;)
		begin_delay(p);
}

static void on_calm(uv_timer_t *t)
{
	release_until(t->data, UINT64_MAX);
}

static struct spell *spell_new(struct weather *w, struct stream *st, uint64_t until)
{
	struct spell *p = calloc(1, sizeof *p), **at = &w->spells;
	if (!p)
		return NULL;
	p->stream = st;
	p->weather = w;
	p->until = until;
	p->delay_ms = st->fate.delay_ms;
	uv_timer_init(w->set->loop, &p->timer);
	p->timer.data = p;
	while (*at && (*at)->until <= until)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
	stream_await_call(st);
	return p;
}

void weather_begin(struct weather *w, struct stream *st)
{
	uint64_t number = ++w->count;
	st->fate = chaos_decide(w->set->options.chaos, number);
	bool calm = w->set->draining || (st->fate.overtaken_by == 0 && st->fate.delay_ms == 0);
	struct spell *p = calm ? NULL : spell_new(w, st, number + st->fate.overtaken_by);
	if (!p) {
		call(st);
	} else if (st->fate.overtaken_by) {
		p->overtaken = true;
		note(st, CHAOS_REORDER);
	} else {
		begin_delay(p);
	}
	release_until(w, number);
	if (first_overtaken(w))
		uv_timer_start(&w->calm, on_calm, CALM_MS, 0);
}

/* ---- after it ---- */

static void begin_again(struct stream *st)
{
	note(st, CHAOS_DUPLICATE);
	call_begin(st);
}

static const struct origin_ops again = {
	.may_hold = true,
	.taken_while_draining = true,
	.put_back = DELIVERY_WAITING,
	.begin = begin_again,
	.reached = hold_on_reached,
	.recorded = hold_on_recorded,
};

bool weather_call_again(struct stream *st)
{
	struct streams *set = st->set;
	/* What is on record in part only cannot be sent again. */
	if (!st->fate.duplicate || set->draining || set->cancelled || st->body_size > set->options.record_max)
		return false;
	return taken_begin(set, TAKEN_OVER, st->delivery_id, &again, NULL);
}

/* ---- life ---- */

struct weather *weather_new(struct streams *set)
{
	struct weather *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->set = set;
	uv_timer_init(set->loop, &w->calm);
	w->calm.data = w;
	return w;
}

void weather_drain(struct weather *w)
{
	while (w && w->spells)
		end_spell(w->spells);
}

void weather_cancel(struct weather *w)
{
	while (w && w->spells) {
		struct stream *st = w->spells->stream;
		take_off(w->spells);
		call_leave(st, DELIVERY_WAITING);
	}
}

void weather_close(struct weather *w)
{
	if (w)
		uv_close((uv_handle_t *)&w->calm, on_closed);
}
