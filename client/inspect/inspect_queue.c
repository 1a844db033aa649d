/* The questions of a source: a thread for each that is under way, so that they take no place of libuv's few threads,
 * on which the client beside them looks up names and writes its record; the others wait their turn. */
#include "client/inspect/inspect_answer.h"
#include "client/inspect/inspect_source_private.h"
#include "shared/base/clock.h"
#include "shared/program/loop.h"
#include "shared/query/store_part.h"
#include "shared/store/store_stop.h"

#include <stdlib.h>

#include <utlist.h>

#define COUNTS_MOST 2 /* under way: they may take long and are needed last */
#define LONG_MOST 2   /* and of INSPECT_LONG */
#define CACHE_KIB 1024

/* ---- connections ---- */

struct store *inspect_queue_connect(const struct inspect_source *s, struct error *e)
{
	struct store *store;
	if (!store_open(&store, s->path, STORE_READ_ONLY, e))
		return NULL;
	if (store_set_cache(store, CACHE_KIB, e))
		return store;
	store_close(store);
	return NULL;
}

/* One that is open and free, of the file that is there now; or NULL. */
static struct store *take_idle(struct inspect_source *s)
{
	while (s->idle_count) {
		struct store *store = s->idle[--s->idle_count];
		if (!store_has_moved(store))
			return store;
		store_close(store);
	}
	return NULL;
}

/* ---- questions ---- */

static void partial_free(struct partial *p)
{
	page_free(&p->page);
	stats_result_free(&p->stats);
	ordered_free(&p->ordered);
	*p = (struct partial){ 0 };
}

static void question_free(struct question *q)
{
	filter_free(q->filter);
	free(q->ids);
	page_free(&q->page);
	ordered_free(&q->ordered);
	partial_free(&q->partial);
	document_free(&q->document);
	preview_free(&q->preview);
	stats_result_free(&q->stats);
	free(q);
}

/* From the worker to the loop, in the place of an answer that is still on its way. */
static void tell(struct question *q, const struct partial *p)
{
	struct inspect_source *s = q->source;
	struct partial late;
	uv_mutex_lock(&s->mutex);
	late = q->partial;
	q->partial = *p;
	q->partial.there = true;
	uv_mutex_unlock(&s->mutex);
	partial_free(&late);
	uv_async_send(&s->wake);
}

/* ---- threads ---- */

static void work(struct question *q)
{
	const struct inspect_source *s = q->source;
	/* Opened here: it reads the schema, which takes a millisecond. */
	if (!q->store)
		q->store = inspect_queue_connect(s, &q->error);
	if (q->store)
		store_set_patience(q->store, q->work == INSPECT_LONG ? 0 : s->bounds.patience_us);
	if (!q->store && q->kind == ASK_WORK && !q->stop)
		q->work_on(q->user, NULL, &q->error);
	if (!q->store)
		q->failed = true;
	else if (!q->stop && !q->failed)
		inspect_read(q, tell);
}

static void on_thread(void *user)
{
	struct question *q = user;
	struct inspect_source *s = q->source;
	work(q);
	uv_mutex_lock(&s->mutex);
	q->at_end = true;
	uv_mutex_unlock(&s->mutex);
	uv_async_send(&s->wake);
}

static void begin_some(struct inspect_source *s);

static void finish(struct question *q)
{
	struct inspect_source *s = q->source;
	s->under_way--;
	s->counts -= q->kind == ASK_COUNT;
	s->works[q->work]--;
	if (q->store)
		s->idle[s->idle_count++] = q->store;
	DL_DELETE(s->questions, q);
	if (!q->dropped || q->kind == ASK_WORK)
		inspect_answer(q);
	question_free(q);
	begin_some(s);
	inspect_queue_close_when_idle(s);
}

static struct question *take_at_end(struct inspect_source *s)
{
	struct question *q;
	uv_mutex_lock(&s->mutex);
	DL_SEARCH_SCALAR(s->questions, q, at_end, true);
	uv_mutex_unlock(&s->mutex);
	return q;
}

/* ---- turns ---- */

static bool has_place(const struct inspect_source *s, const struct question *q)
{
	if (q->work == INSPECT_LONG)
		return s->works[INSPECT_LONG] < LONG_MOST;
	if (q->work == INSPECT_LOOK)
		return s->works[INSPECT_LOOK] == 0;
	return s->works[INSPECT_QUERY] < s->bounds.at_once && (q->kind != ASK_COUNT || s->counts < COUNTS_MOST);
}

static void begin(struct inspect_source *s, struct question *q)
{
	struct store *idle = take_idle(s);
	q->store = idle;
	if (idle)
		store_resume(idle);
	q->under_way = true;
	s->under_way++;
	s->counts += q->kind == ASK_COUNT;
	s->works[q->work]++;
	if (uv_thread_create(&q->thread, on_thread, q) == 0) {
		q->threaded = true;
		return;
	}
	error_set(&q->error, EXIT_STORE, "the system gives no thread to read the record");
	if (q->kind == ASK_WORK)
		q->work_on(q->user, NULL, &q->error);
	q->failed = true;
	q->at_end = true;
	uv_async_send(&s->wake);
}

static void begin_some(struct inspect_source *s)
{
	struct question *q;
	DL_FOREACH(s->questions, q)
	if (!q->under_way && has_place(s, q))
		begin(s, q);
}

static bool may_be_refused(const struct question *q)
{
	return q->kind == ASK_WORK && q->work == INSPECT_QUERY;
}

/* Who waits longer than it may is told so. */
static void on_waits(uv_timer_t *timer)
{
	struct inspect_source *s = timer->data;
	struct question *q, *next;
	uint64_t now = clock_steady_ms(), soonest = UINT64_MAX;
	DL_FOREACH_SAFE(s->questions, q, next)
	{
		if (q->under_way || !may_be_refused(q))
			continue;
		if (now < q->asked_ms + s->bounds.wait_ms) {
			soonest = q->asked_ms < soonest ? q->asked_ms : soonest;
			continue;
		}
		error_set(&q->error, EXIT_INTERRUPTED, "%zu questions are under way, which is all there are at once",
			  s->bounds.at_once);
		q->work_on(q->user, NULL, &q->error);
		DL_DELETE(s->questions, q);
		inspect_answer(q);
		question_free(q);
	}
	if (soonest != UINT64_MAX)
		uv_timer_start(timer, on_waits, soonest + s->bounds.wait_ms - now + 1, 0);
}

static bool is_stale(const struct question *q, const struct question *newer)
{
	if (q->dropped)
		return false;
	if (q->kind != newer->kind || q->user != newer->user)
		return false;
	if (q->kind == ASK_PAGE)
		return q->on_page == newer->on_page;
	if (q->kind == ASK_PREVIEW || q->kind == ASK_STATS || q->kind == ASK_ORDER)
		return true;
	/* The count of all deliveries does not take the place of a filter's. */
	return q->kind == ASK_COUNT && q->on_count == newer->on_count && q->filtered && newer->filtered;
}

void inspect_queue_drop(struct question *q)
{
	q->dropped = true;
	q->stop = true;
	if (!q->under_way) {
		DL_DELETE(q->source->questions, q);
		if (q->kind == ASK_WORK)
			q->on_worked(q->user);
		question_free(q);
	} else if (q->store) {
		store_interrupt(q->store);
	}
}

static void drop_stale(struct inspect_source *s, const struct question *newer)
{
	struct question *q, *next;
	DL_FOREACH_SAFE(s->questions, q, next)
	if (is_stale(q, newer))
		inspect_queue_drop(q);
}

/* ---- partial answers ---- */

static struct question *take_partial(struct inspect_source *s, struct partial *out)
{
	struct question *q;
	uv_mutex_lock(&s->mutex);
	DL_SEARCH_SCALAR(s->questions, q, partial.there, true);
	if (q) {
		*out = q->partial;
		q->partial = (struct partial){ 0 };
	}
	uv_mutex_unlock(&s->mutex);
	return q;
}

static void on_wake(uv_async_t *handle)
{
	struct inspect_source *s = handle->data;
	struct question *q;
	struct partial p;
	while ((q = take_partial(s, &p))) {
		if (q->dropped)
			partial_free(&p);
		else if (q->kind == ASK_STATS)
			q->on_stats(q->user, q->generation, &p.stats);
		else if (q->kind == ASK_ORDER)
			q->on_ordered(q->user, q->generation, &p.ordered);
		else
			q->on_page(q->user, q->generation, &p.page);
	}
	while ((q = take_at_end(s))) {
		if (q->threaded)
			uv_thread_join(&q->thread);
		finish(q);
	}
}

/* ---- life ---- */

void inspect_queue_ask(struct question *q)
{
	struct inspect_source *s = q->source;
	drop_stale(s, q);
	q->asked_ms = clock_steady_ms();
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what was freed was taken off the list before */
	DL_APPEND(s->questions, q);
	begin_some(s);
	if (!q->under_way && may_be_refused(q) && s->bounds.wait_ms && !uv_is_active((uv_handle_t *)&s->waits))
		uv_timer_start(&s->waits, on_waits, s->bounds.wait_ms + 1, 0);
}

bool inspect_queue_open(struct inspect_source *s, struct error *e)
{
	if (uv_mutex_init(&s->mutex) != 0)
		return error_set(e, EXIT_STORE, "the system gave no lock");
	int code = uv_async_init(s->loop, &s->wake, on_wake);
	if (code) {
		uv_mutex_destroy(&s->mutex);
		return loop_fail(code, EXIT_STORE, e);
	}
	s->wake.data = s->waits.data = s;
	uv_timer_init(s->loop, &s->waits); /* never fails */
	return true;
}

static void on_wake_closed(uv_handle_t *handle)
{
	struct inspect_source *s = handle->data;
	void (*closed)(void *) = s->closed;
	void *user = s->closed_user;
	uv_mutex_destroy(&s->mutex);
	free(s->path);
	free(s);
	if (closed)
		closed(user);
}

static void on_waits_closed(uv_handle_t *handle)
{
	struct inspect_source *s = handle->data;
	uv_close((uv_handle_t *)&s->wake, on_wake_closed);
}

void inspect_queue_close_when_idle(struct inspect_source *s)
{
	if (!s->closing || s->under_way)
		return;
	while (s->idle_count)
		store_close(s->idle[--s->idle_count]);
	store_close(s->own);
	s->own = NULL;
	uv_close((uv_handle_t *)&s->waits, on_waits_closed);
}
