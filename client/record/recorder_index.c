/* Fills the search index while deliveries come: each quarter of a second those of it, in blocks that are read and made
 * on libuv's pool by a connection of their own, so that the writer's thread has only to put them in, in a few
 * milliseconds. What else may be done when there is time follows where there is: parts of the index that deliveries
 * were deleted from are made anew, then the figures (shared/stats/store_figures.h), then room for what may come. Loop
 * thread, the steps themselves on a thread of the pool and on the writer's. */
#include "client/record/recorder_private.h"
#include "shared/query/store_index.h"
#include "shared/query/store_part.h"
#include "shared/upkeep/store_bound.h"
#include "shared/stats/store_figures.h"
#include "shared/query/store_filter.h"

#define TICK_MS 250
#define LOOK_AGAIN 20 /* ticks between looks at what other programs recorded */
#define LIGHT 512     /* deliveries and attempts in a tick: of 1,000 webhooks a second */
/* Ticks between blocks that are made anew while deliveries come: each time 4096 are read, and where old ones give way
 * there is always one to make. */
#define ANEW_EACH 20
#define AFTER_TROUBLE 240 /* ticks: after a full disk, for example */
#define CACHE_KIB 256

/* ---- reading ---- */

static bool read_next(struct recorder *r, struct error *e)
{
	struct indexing *x = &r->indexing;
	if (!x->own && (!store_open(&x->own, r->path, STORE_READ_WRITE, e) || !store_set_cache(x->own, CACHE_KIB, e)))
		return false;
	if (!x->index && !(x->index = store_index_new()))
		return error_set(e, EXIT_STORE, "out of memory");
	return store_index_read(x->own, x->index, 0, x->anew ? STORE_INDEX_BOTH : STORE_INDEX_NEW, &x->bytes, e);
}

static void on_work(uv_work_t *work)
{
	struct recorder *r = work->data;
	struct error e;
	r->indexing.bytes = 0;
	r->indexing.read = read_next(r, &e);
}

static void forget_index(struct indexing *x)
{
	store_index_free(x->index);
	x->index = NULL;
}

static void stop_when_over(struct recorder *r)
{
	if (r->indexing.ending && r->indexing.timer_closed && !r->indexing.under_way)
		r->indexing.stopped(r);
}

/* ---- writing ---- */

/* As much as there is time for, besides the index. */
static bool run_rest(struct indexing *x, void *db, struct error *e)
{
	return (x->more || !x->leisure || store_figures_keep_some(db, &x->more, e)) &&
	       (x->more || !x->leisure || store_make_room_ahead(db, &x->more, e));
}

static bool run_index(struct writer_job *job, void *db, struct error *e)
{
	struct indexing *x = (struct indexing *)job;
	x->more = x->index && store_index_has_more(x->index);
	return (!x->bytes || (store_make_room(db, x->bytes, e) && store_index_write(db, x->index, e))) &&
	       (!x->step || store_index_state(db, &x->indexed, &x->newest, e)) && run_rest(x, db, e);
}

static bool is_idle(struct recorder *r)
{
	return r->indexing.submitted == r->indexing.seen && batch_writer_pending(r->writer) == 0;
}

static void begin_step(struct recorder *r);

static void finish_step(struct recorder *r, bool fine)
{
	struct indexing *x = &r->indexing;
	x->under_way = false;
	recorder_log_look(r);
	if (x->step && !x->ending)
		x->step(x->step_user, x->indexed, x->newest, fine && x->more && x->indexed < x->newest);
	x->wait = !fine ? AFTER_TROUBLE : x->more ? 0 : LOOK_AGAIN;
	if (fine && x->more && !x->ending &&
	    (is_idle(r) || (store_index_has_more(x->index) && !store_index_is_anew(x->index))))
		begin_step(r);
	else if (x->leisure && !x->more)
		forget_index(x);
	stop_when_over(r);
}

static void done_index(struct writer_job *job, const struct error *e)
{
	struct indexing *x = (struct indexing *)job;
	finish_step(x->timer.data, !e);
}

static void on_worked(uv_work_t *work, int status)
{
	struct recorder *r = work->data;
	struct indexing *x = &r->indexing;
	if (x->ending || status != 0) {
		x->under_way = false;
		stop_when_over(r);
	} else if (!x->read) {
		finish_step(r, false);
	} else {
		batch_writer_submit(r->writer, &x->job);
	}
}

static void begin_step(struct recorder *r)
{
	struct indexing *x = &r->indexing;
	x->work.data = r;
	x->under_way = uv_queue_work(r->loop, &x->work, on_work, on_worked) == 0;
}

static void on_tick(uv_timer_t *timer)
{
	struct recorder *r = timer->data;
	struct indexing *x = &r->indexing;
	uint64_t came = x->submitted - x->seen;
	bool idle = is_idle(r);
	if (x->wait > 0)
		x->wait--;
	if (came && x->wait <= LOOK_AGAIN)
		x->wait = 0;
	x->seen = x->submitted;
	if (x->wait > 0 || x->under_way)
		return;
	x->leisure = idle || came <= LIGHT;
	x->since_anew++;
	x->anew = idle || (x->leisure && x->since_anew >= ANEW_EACH);
	if (x->anew)
		x->since_anew = 0;
	begin_step(r);
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
	r->indexing.timer_closed = true;
	stop_when_over(r);
}

void recorder_index_stop(struct recorder *r, void (*stopped)(struct recorder *r))
{
	r->indexing.stopped = stopped;
	r->indexing.ending = true;
	uv_close((uv_handle_t *)&r->indexing.timer, on_closed);
}

void recorder_index_end(struct recorder *r)
{
	forget_index(&r->indexing);
	store_close(r->indexing.own);
}
