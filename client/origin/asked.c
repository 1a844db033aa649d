#include "client/origin/asked.h"

#include "client/common/limits.h"
#include "client/delivery/call.h"
#include "client/origin/hold.h"
#include "client/delivery/report.h"
#include "client/delivery/taken.h"

#include <stdlib.h>

#define LOOK_MS 100
#define LOOK_AGAIN_MS 10 /* while signatures are asked for one after another */

struct asked {
	struct streams *set;
	uv_timer_t timer;
	int64_t jobs[LIMIT_ASKED]; /* taken up */
	size_t count;
};

static void look(struct asked *a, enum recorder_look how);

static void forget(struct asked *a, int64_t job)
{
	size_t i = 0;
	while (i < a->count && a->jobs[i] != job)
		i++;
	if (i < a->count)
		a->jobs[i] = a->jobs[--a->count];
}

/* ---- the origin ---- */

static void begin(struct stream *st)
{
	report_delivery(st);
	call_begin(st);
}

static void end_job(struct stream *st)
{
	struct asked *a = st->by_user;
	forget(a, st->job);
	look(a, RECORDER_LOOK_ALWAYS);
}

/* Without a call there is no attempt whose record ends the job. */
static void on_over(struct stream *st)
{
	if (st->call != CALL_LEFT)
		return;
	st->set->record->end_asked(st->set->recorder, st->job);
	end_job(st);
}

static void on_recorded(struct stream *st)
{
	hold_on_recorded(st);
	end_job(st);
}

static void on_not_taken(void *user, int64_t job, bool gone)
{
	(void)gone;
	forget(user, job);
}

/* What was taken and cannot be called now is taken up again by the next run. */
static const struct origin_ops origin = {
	.taken_while_draining = true,
	.put_back = DELIVERY_SENDING,
	.begin = begin,
	.reached = hold_on_reached,
	.over = on_over,
	.recorded = on_recorded,
	.not_taken = on_not_taken,
};

/* ---- looking for them ---- */

static void on_job(void *user, int64_t job)
{
	struct asked *a = user;
	if (a->count == LIMIT_ASKED)
		return;
	for (size_t i = 0; i < a->count; i++)
		if (a->jobs[i] == job)
			return;
	if (taken_begin(a->set, TAKEN_ASKED, job, &origin, a))
		a->jobs[a->count++] = job;
}

static void look(struct asked *a, enum recorder_look how)
{
	struct streams *set = a->set;
	if (set->draining || a->count == LIMIT_ASKED || !*set->tunnel_name)
		return;
	set->record->find_asked(set->recorder, set->tunnel_name, how, on_job, a);
}

static void on_look(uv_timer_t *t)
{
	struct asked *a = t->data;
	look(a, RECORDER_LOOK_IF_CHANGED);
	uint64_t wanted = a->set->record->signs(a->set->recorder) ? LOOK_AGAIN_MS : LOOK_MS;
	if (uv_timer_get_repeat(t) != wanted) {
		uv_timer_set_repeat(t, wanted);
		uv_timer_again(t);
	}
}

struct asked *asked_new(struct streams *set)
{
	struct asked *a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	a->set = set;
	uv_timer_init(set->loop, &a->timer);
	a->timer.data = a;
	return a;
}

void asked_start(struct asked *a)
{
	if (!uv_is_active((uv_handle_t *)&a->timer))
		uv_timer_start(&a->timer, on_look, 0, LOOK_MS);
}

void asked_stop(struct asked *a)
{
	uv_timer_stop(&a->timer);
}

static void on_closed(uv_handle_t *t)
{
	free(t->data);
}

void asked_close(struct asked *a)
{
	if (a)
		uv_close((uv_handle_t *)&a->timer, on_closed);
}
