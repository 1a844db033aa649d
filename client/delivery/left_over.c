/* Deliveries that an earlier run recorded and whose call it did not finish: called again, a few at a time, oldest
 * first. No sender waits for them. */
#include "client/common/limits.h"
#include "client/delivery/stream.h"

#include <string.h>

static void call_next(struct session *s);

static void on_taken(void *user, struct taken *t, const struct error *e)
{
	struct session *s = user;
	struct stream *st = t && !s->draining ? stream_of_taken(s, t) : NULL;
	if (e)
		session_store_works(s, e);
	if (t && !st)
		recorder_set_state(s->recorder, t->id, DELIVERY_WAITING);
	recorder_taken_free(t);
	if (st) {
		st->old = true;
		stream_call_app(st);
		return;
	}
	s->busy--;
	old_call_over(s);
}

static void call_next(struct session *s)
{
	while (s->old && s->old_running < LIMIT_LEFT_OVER && !s->draining) {
		struct left_over *l = s->old;
		s->old = l->next;
		if (recorder_take(s->recorder, l->id, on_taken, s)) {
			s->old_running++;
			s->busy++;
		}
		recorder_left_over_free(l);
	}
}

void old_call_over(struct session *s)
{
	s->old_running--;
	call_next(s);
}

void old_forget(struct session *s)
{
	while (s->old) {
		struct left_over *l = s->old;
		s->old = l->next;
		recorder_left_over_free(l);
	}
}

static void tell_parked(struct session *s, const struct left_over *l)
{
	char text[200];
	snprintf(text, sizeof text,
		 "delivery %lld is not sent again: creel ended three times while the app was called for it; "
		 "`creel replay %lld` sends it all the same",
		 (long long)l->id, (long long)l->id);
	s->events->on_trouble(s->user, text);
}

static void on_left(void *user, struct left_over *list, const struct error *e)
{
	struct session *s = user;
	struct left_over **last = &s->old;
	if (e)
		session_store_works(s, e);
	while (list) {
		struct left_over *l = list;
		list = l->next;
		l->next = NULL;
		if (!s->draining && !l->held && !l->parked) {
			*last = l;
			last = &l->next;
			continue;
		}
		if (l->parked)
			tell_parked(s, l);
		else if (l->held)
			hold_add(s, session_route(s, buffer_view(&l->target)), l->id);
		recorder_left_over_free(l);
	}
	call_next(s);
}

void session_look_back(struct session *s)
{
	recorder_find_left_over(s->recorder, tunnel_name(s->tunnel), s->holds != NULL, on_left, s);
}
