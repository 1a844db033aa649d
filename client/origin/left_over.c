#include "client/origin/left_over.h"

#include "client/common/limits.h"
#include "client/delivery/call.h"
#include "client/origin/hold.h"
#include "client/delivery/taken.h"
#include "client/stream/route.h"

#include <stdlib.h>

/* One that came later. */
struct waiting {
	struct waiting *next;
	struct stream *stream;
};

struct left_overs {
	struct streams *set;
	struct left_over *first; /* to be called yet */
	size_t running, taking;  /* the call is under way; not begun yet, those among them */
	bool looked, found;
	struct waiting *waiting, **last; /* in the order in which they came */
};

static bool keeps_order(const struct left_overs *l)
{
	return l->set->options.drain_parallel == 1;
}

/* What came later has to wait. */
static bool are_ahead(const struct left_overs *l)
{
	return l->looked && (!l->found || l->first || l->taking > 0 || (keeps_order(l) && l->running > 0)) &&
	       !l->set->draining;
}

static struct stream *take_first_waiting(struct left_overs *l)
{
	struct waiting *w = l->waiting;
	struct stream *st = w->stream;
	l->waiting = w->next;
	if (!l->waiting)
		l->last = &l->waiting;
	free(w);
	return st;
}

static void let_go(struct left_overs *l)
{
	while (l->waiting && !are_ahead(l)) {
		struct stream *st = take_first_waiting(l);
		st->by->begin(st);
	}
}

bool left_over_holds_back(struct left_overs *l, struct stream *st)
{
	struct waiting *w = st->origin == ORIGIN_SPOOL && are_ahead(l) ? calloc(1, sizeof *w) : NULL;
	if (!w)
		return false;
	w->stream = st;
	*l->last = w;
	l->last = &w->next;
	stream_await_call(st);
	return true;
}

static void call_next(struct left_overs *l);

static void end_one(struct left_overs *l)
{
	l->running--;
	call_next(l);
	let_go(l);
}

static void on_over(struct stream *st)
{
	if (st->call == CALL_LEFT)
		st->set->record->set_state(st->set->recorder, st->delivery_id, DELIVERY_WAITING);
	end_one(st->by_user);
}

static void on_not_taken(void *user, int64_t id, bool gone)
{
	struct left_overs *l = user;
	(void)id;
	(void)gone;
	l->taking--;
	end_one(l);
}

static void begin(struct stream *st)
{
	struct left_overs *l = st->by_user;
	l->taking--;
	call_begin(st);
	let_go(l);
}

static const struct origin_ops origin = {
	.may_hold = true,
	.put_back = DELIVERY_WAITING,
	.begin = begin,
	.reached = hold_on_reached,
	.over = on_over,
	.recorded = hold_on_recorded,
	.not_taken = on_not_taken,
};

static void call_next(struct left_overs *l)
{
	size_t most = keeps_order(l) ? 1 : LIMIT_LEFT_OVER;
	while (l->first && l->running < most && !l->set->draining) {
		struct left_over *d = l->first;
		l->first = d->next;
		if (taken_begin(l->set, TAKEN_UNFINISHED, d->id, &origin, l)) {
			l->running++;
			l->taking++;
		}
		recorder_left_over_free(d);
	}
}

static void tell_parked(struct streams *set, const struct left_over *d)
{
	char text[200];
	snprintf(text, sizeof text,
		 "delivery %lld is not sent again: creel ended three times while the app was called for it; "
		 "`creel replay %lld` sends it all the same",
		 (long long)d->id, (long long)d->id);
	set->events->on_trouble(set->user, text);
}

static void on_found(void *user, struct left_over *list, const struct error *e)
{
	struct left_overs *l = user;
	struct streams *set = l->set;
	struct left_over **last = &l->first;
	if (e)
		stream_store_works(set, e);
	while (list) {
		struct left_over *d = list;
		list = d->next;
		d->next = NULL;
		if (!set->draining && !d->held && !d->parked) {
			*last = d;
			last = &d->next;
			continue;
		}
		if (d->parked)
			tell_parked(set, d);
		else if (d->held)
			hold_add(set, route_of_path(set, buffer_view(&d->target)), d->id);
		recorder_left_over_free(d);
	}
	l->found = true;
	call_next(l);
	let_go(l);
}

struct left_overs *left_over_new(struct streams *set)
{
	struct left_overs *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->set = set;
	l->last = &l->waiting;
	return l;
}

void left_over_look(struct left_overs *l)
{
	struct streams *set = l->set;
	if (l->looked)
		return;
	l->looked = true;
	set->record->find_left_over(set->recorder, set->tunnel_name, set->holds != NULL, on_found, l);
}

static void put_back(struct left_overs *l)
{
	while (l->waiting)
		call_leave(take_first_waiting(l), DELIVERY_WAITING);
}

void left_over_stop(struct left_overs *l)
{
	while (l->first) {
		struct left_over *d = l->first;
		l->first = d->next;
		recorder_left_over_free(d);
	}
	put_back(l);
}

void left_over_free(struct left_overs *l)
{
	if (l)
		left_over_stop(l);
	free(l);
}
