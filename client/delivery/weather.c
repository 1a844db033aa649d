/* `listen --chaos`: the fates that chaos.c gives deliveries, on their way from the record to the app.
 *
 *    recorded ─▶ overtaken (reorder) ─▶ waiting (delay) ─▶ called, perhaps spoilt (badsig) ─▶ called again (duplicate)
 *                                              └─ answered in the app's place (fail)
 *
 * What an earlier run left, and what --hold sends, had its weather. */
#include "client/delivery/stream.h"

#include <stdlib.h>

#define CALM_MS 1000 /* without a further delivery nobody waits to be overtaken */

/* A delivery that is not called yet. */
struct spell {
	struct spell *next;
	struct stream *stream;
	struct weather *weather;
	uint64_t until; /* called behind the delivery of this number */
	int64_t delay_ms;
	bool overtaken; /* or else it waits for its timer */
	uv_timer_t timer;
};

struct weather {
	struct session *session;
	uint64_t count;       /* of deliveries so far */
	struct spell *spells; /* in the order in which the overtaken ones are called */
	uv_timer_t calm;
};

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

/* ---- marks ---- */

static void mark(struct stream *st, enum chaos_mark m)
{
	char tag[CHAOS_TEXT_LEN];
	st->chaos |= m;
	snprintf(tag, sizeof tag, "chaos:%s", chaos_mark_name(m));
	recorder_add_tag(st->session->recorder, st->delivery_id, tag);
}

/* ---- before the call ---- */

static void call(struct stream *st)
{
	struct session *s = st->session;
	bool spoilt = false;
	if (st->fate.fail) {
		mark(st, CHAOS_FAIL);
		stream_answer_as_app(st, s->options.chaos->fail_status, bytes_of(NULL), bytes_of(NULL),
				     "the app was not called: --chaos fail");
		return;
	}
	/* Without memory for it the signature stays whole, and nothing says otherwise. */
	if (st->fate.badsig && chaos_spoil_signature(st->request.headers, &st->spoilt, &spoilt) && spoilt)
		mark(st, CHAOS_BADSIG);
	else
		buffer_free(&st->spoilt);
	stream_call_app(st);
}

static void take_off(struct spell *p)
{
	struct spell **at = &p->weather->spells;
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	p->stream->spell = NULL;
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
	mark(p->stream, CHAOS_DELAY);
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
	uv_timer_init(w->session->loop, &p->timer);
	p->timer.data = p;
	while (*at && (*at)->until <= until)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
	st->spell = p;
	return p;
}

void weather_take(struct stream *st)
{
	struct session *s = st->session;
	struct weather *w = s->weather;
	uint64_t number = ++w->count;
	st->fate = chaos_decide(s->options.chaos, number);
	bool calm = s->draining || (st->fate.behind == 0 && st->fate.delay_ms == 0);
	struct spell *p = calm ? NULL : spell_new(w, st, number + st->fate.behind);
	if (!p) {
		call(st);
	} else if (st->fate.behind) {
		p->overtaken = true;
		mark(st, CHAOS_REORDER);
	} else {
		begin_delay(p);
	}
	release_until(w, number);
	if (first_overtaken(w))
		uv_timer_start(&w->calm, on_calm, CALM_MS, 0);
}

/* ---- after it ---- */

static void on_taken(void *user, struct taken *t, const struct error *e)
{
	struct session *s = user;
	struct stream *st = t && !s->cancelled ? stream_of_taken(s, t) : NULL;
	if (e)
		session_store_works(s, e);
	if (t && !st)
		recorder_set_state(s->recorder, t->id, DELIVERY_WAITING);
	recorder_taken_free(t);
	if (!st) {
		s->busy--;
		return;
	}
	mark(st, CHAOS_DUPLICATE);
	stream_call_app(st);
}

bool weather_call_again(struct stream *st)
{
	struct session *s = st->session;
	/* What is on record in part only cannot be sent again. */
	if (!st->fate.duplicate || s->draining || s->cancelled || st->body_size > s->options.record_max)
		return false;
	if (!recorder_take_again(s->recorder, st->delivery_id, on_taken, s))
		return false;
	s->busy++;
	return true;
}

/* ---- life ---- */

bool weather_init(struct session *s)
{
	if (!s->options.chaos)
		return true;
	struct weather *w = s->weather = calloc(1, sizeof *w);
	if (!w)
		return false;
	w->session = s;
	uv_timer_init(s->loop, &w->calm);
	w->calm.data = w;
	return true;
}

void weather_drain(struct session *s)
{
	while (s->weather && s->weather->spells)
		end_spell(s->weather->spells);
}

void weather_cancel(struct session *s)
{
	while (s->weather && s->weather->spells) {
		struct stream *st = s->weather->spells->stream;
		take_off(s->weather->spells);
		recorder_set_state(s->recorder, st->delivery_id, DELIVERY_WAITING);
		stream_leave_wire(st);
		s->busy--;
		stream_release(st);
	}
}

void weather_close(struct session *s)
{
	if (s->weather)
		uv_close((uv_handle_t *)&s->weather->calm, on_closed);
	s->weather = NULL;
}
