#include "client/origin/left_over.h"

#include "client/common/limits.h"
#include "client/origin/hold.h"
#include "client/delivery/taken.h"
#include "client/stream/route.h"

#include <stdlib.h>

struct left_overs {
	struct streams *set;
	struct left_over *first; /* to be called yet */
	size_t running;
	bool looked;
};

static void call_next(struct left_overs *l);

static void end_one(struct left_overs *l)
{
	l->running--;
	call_next(l);
}

static void on_over(struct stream *st)
{
	if (st->call == CALL_LEFT)
		st->set->record->set_state(st->set->recorder, st->delivery_id, DELIVERY_WAITING);
	end_one(st->by_user);
}

static void on_not_taken(void *user, int64_t id, bool gone)
{
	(void)id;
	(void)gone;
	end_one(user);
}

static const struct origin_ops origin = {
	.may_hold = true,
	.put_back = DELIVERY_WAITING,
	.reached = hold_on_reached,
	.over = on_over,
	.recorded = hold_on_recorded,
	.not_taken = on_not_taken,
};

static void call_next(struct left_overs *l)
{
	while (l->first && l->running < LIMIT_LEFT_OVER && !l->set->draining) {
		struct left_over *d = l->first;
		l->first = d->next;
		if (taken_begin(l->set, TAKEN_UNFINISHED, d->id, &origin, l))
			l->running++;
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
	call_next(l);
}

struct left_overs *left_over_new(struct streams *set)
{
	struct left_overs *l = calloc(1, sizeof *l);
	if (l)
		l->set = set;
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

void left_over_stop(struct left_overs *l)
{
	while (l->first) {
		struct left_over *d = l->first;
		l->first = d->next;
		recorder_left_over_free(d);
	}
}

void left_over_free(struct left_overs *l)
{
	if (l)
		left_over_stop(l);
	free(l);
}
