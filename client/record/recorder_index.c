/* Fills the search index, and then the figures (shared/stats/store_figures.h), in small steps, each a transaction of
 * its own. While there is nothing else to write, after a quarter of a second without a delivery: all there is. Beside
 * traffic that never pauses for so long but is light: as much as comes. Beside more: nothing, since to index a delivery
 * takes as much CPU as all else that is done for it. Loop thread, the steps themselves on the writer's. */
#include "client/record/recorder_private.h"
#include "shared/query/store_index.h"
#include "shared/upkeep/store_bound.h"
#include "shared/stats/store_figures.h"
#include "shared/query/store_filter.h"

#define TICK_MS 250
#define LOOK_AGAIN 20         /* ticks between looks at what other programs recorded */
#define INDEXED_AT_ONCE 65536 /* about the bytes that a step writes */
#define LIGHT 512             /* deliveries and attempts in a tick: of 1,000 webhooks a second */
#define STEPS_BESIDE 8        /* in a tick of light traffic */
#define AFTER_TROUBLE 240     /* ticks: after a full disk, for example */

static bool run_index(struct writer_job *job, void *db, struct error *e)
{
	struct indexing *x = (struct indexing *)job;
	return store_make_room(db, INDEXED_AT_ONCE, e) && store_index_some(db, &x->more, e) &&
	       (!x->step || store_index_state(db, &x->indexed, &x->newest, e)) &&
	       (x->more || store_figures_keep_some(db, &x->more, e)) &&
	       (x->more || store_make_room_ahead(db, &x->more, e));
}

static bool is_idle(struct recorder *r)
{
	return r->indexing.submitted == r->indexing.seen && batch_writer_pending(r->writer) == 0;
}

/* Whether one more step may follow at once. */
static bool may_go_on(struct recorder *r)
{
	if (is_idle(r))
		return true;
	return r->indexing.steps_left > 0 && --r->indexing.steps_left > 0;
}

static void submit(struct recorder *r)
{
	r->indexing.under_way = true;
	batch_writer_submit(r->writer, &r->indexing.job);
}

static void done_index(struct writer_job *job, const struct error *e)
{
	struct indexing *x = (struct indexing *)job;
	struct recorder *r = x->timer.data;
	x->under_way = false;
	recorder_log_look(r);
	if (x->step && !x->ending)
		x->step(x->step_user, x->indexed, x->newest, !e && x->more && x->indexed < x->newest);
	x->wait = e ? AFTER_TROUBLE : LOOK_AGAIN;
	if (!e && x->more)
		x->wait = 0;
	if (!e && x->more && !x->ending && may_go_on(r))
		submit(r);
}

static void on_tick(uv_timer_t *timer)
{
	struct recorder *r = timer->data;
	struct indexing *x = &r->indexing;
	bool idle = is_idle(r), light = x->submitted - x->seen <= LIGHT;
	if (x->wait > 0)
		x->wait--;
	if (x->submitted != x->seen && x->wait <= LOOK_AGAIN)
		x->wait = 0;
	x->seen = x->submitted;
	x->steps_left = light ? STEPS_BESIDE : 0;
	if ((idle || light) && x->wait == 0 && !x->under_way)
		submit(r);
}

void recorder_index_start(struct recorder *r, uv_loop_t *loop)
{
	struct indexing *x = &r->indexing;
	x->job.run = run_index;
	x->job.done = done_index;
	uv_timer_init(loop, &x->timer);
	x->timer.data = r;
	uv_timer_start(&x->timer, on_tick, TICK_MS, TICK_MS);
	uv_unref((uv_handle_t *)&x->timer);
}

void recorder_watch_index(struct recorder *r, void (*step)(void *user, uint64_t indexed, uint64_t newest, bool goes_on),
			  void *user)
{
	r->indexing.step = step;
	r->indexing.step_user = user;
}

void recorder_leave_out_index(struct recorder *r)
{
	uv_timer_stop(&r->indexing.timer);
}

static void on_closed(uv_handle_t *h)
{
	struct recorder *r = h->data;
	r->indexing.stopped(r);
}

void recorder_index_stop(struct recorder *r, void (*stopped)(struct recorder *r))
{
	r->indexing.stopped = stopped;
	r->indexing.ending = true;
	uv_close((uv_handle_t *)&r->indexing.timer, on_closed);
}
