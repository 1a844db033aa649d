#include "client/delivery/stub.h"

#include "client/delivery/call.h"
#include "shared/base/clock.h"

#include <stdlib.h>

/* A delivery that is answered after the delay. */
struct late_answer {
	struct late_answer *next, **back;
	struct stream *stream;
	uint64_t began_us;
	uv_timer_t timer;
};

struct stubs {
	struct late_answer *waiting;
};

struct stubs *stub_new(void)
{
	return calloc(1, sizeof(struct stubs));
}

void stub_free(struct stubs *s)
{
	free(s);
}

static void answer(struct stream *st, uint64_t began_us)
{
	const struct stub_answer *a = st->set->options.stub;
	call_answer(st, a->status, buffer_view(&a->headers), buffer_view(&a->body), a->why, began_us);
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

static struct stream *take_off(struct late_answer *l)
{
	struct stream *st = l->stream;
	*l->back = l->next;
	if (l->next)
		l->next->back = l->back;
	uv_close((uv_handle_t *)&l->timer, on_closed);
	return st;
}

static void answer_late(struct late_answer *l)
{
	uint64_t began_us = l->began_us;
	answer(take_off(l), began_us);
}

static void on_due(uv_timer_t *t)
{
	answer_late(t->data);
}

void stub_begin(struct stream *st)
{
	struct streams *set = st->set;
	int64_t delay_ms = set->options.stub->delay_ms;
	struct late_answer *l = delay_ms > 0 && !set->draining ? calloc(1, sizeof *l) : NULL;
	if (!l) {
		answer(st, clock_now_us());
		return;
	}
	stream_await_call(st);
	l->stream = st;
	l->began_us = clock_now_us();
	l->next = set->stubs->waiting;
	l->back = &set->stubs->waiting;
	if (l->next)
		l->next->back = &l->next;
	set->stubs->waiting = l;
	uv_timer_init(set->loop, &l->timer);
	l->timer.data = l;
	uv_timer_start(&l->timer, on_due, (uint64_t)delay_ms, 0);
}

void stub_drain(struct stubs *s)
{
	while (s && s->waiting)
		answer_late(s->waiting);
}

void stub_cancel(struct stubs *s)
{
	while (s && s->waiting)
		call_leave(take_off(s->waiting), DELIVERY_WAITING);
}
