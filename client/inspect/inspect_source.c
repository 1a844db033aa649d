#include "client/inspect/inspect_source.h"

#include "client/inspect/inspect_answer.h"
#include "client/inspect/inspect_read.h"
#include "client/inspect/inspect_state.h"
#include "shared/base/clock.h"
#include "shared/program/loop.h"
#include "shared/query/store_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#define CONNECTIONS 4
#define COUNTS_MOST 2 /* of these for counts, which may take long and are needed last */
#define CACHE_KIB 1024

struct inspect_source {
	uv_loop_t *loop;
	char *path;
	struct store *own;               /* the loop's: for what is cheap */
	struct store *idle[CONNECTIONS]; /* opened and free */
	size_t idle_count, under_way, counts;
	struct question *questions; /* waiting or under way, in the order of asking */
	uv_async_t wake;            /* a partial answer is there */
	uv_mutex_t mutex;           /* of partial answers */
	int64_t version;
	unsigned files; /* that took the first one's place */
	void (*state)(void *user, struct client_state *out);
	void *state_user;
	const struct secrets *secrets;
	bool closing;
	void (*closed)(void *user);
	void *closed_user;
};

/* ---- connections ---- */

static struct store *open_connection(struct inspect_source *s, struct error *e)
{
	struct store *store;
	if (!store_open(&store, s->path, STORE_READ_ONLY, e))
		return NULL;
	if (store_set_cache(store, CACHE_KIB, e))
		return store;
	store_close(store);
	return NULL;
}

/* The loop's own, of the file that is there now. */
static void follow_file(struct inspect_source *s)
{
	struct error ignored;
	struct store *now = store_has_moved(s->own) ? open_connection(s, &ignored) : NULL;
	if (!now)
		return;
	store_close(s->own);
	s->own = now;
	s->version = -1;
	s->files++;
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

static void close_when_idle(struct inspect_source *s)
{
	if (!s->closing || s->under_way)
		return;
	while (s->idle_count)
		store_close(s->idle[--s->idle_count]);
	store_close(s->own);
	s->own = NULL;
	uv_close((uv_handle_t *)&s->wake, on_wake_closed);
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

static void begin_some(struct inspect_source *s);

static void on_work(uv_work_t *work)
{
	struct question *q = work->data;
	/* Opened here: it reads the schema, which takes a millisecond. */
	if (!q->store)
		q->store = open_connection(q->source, &q->error);
	if (!q->store && q->kind == ASK_WORK && !q->stop)
		q->work_on(q->user, NULL, &q->error);
	if (!q->store)
		q->failed = true;
	else if (!q->stop && !q->failed)
		inspect_read(q, tell);
}

static void on_worked(uv_work_t *work, int status)
{
	struct question *q = work->data;
	struct inspect_source *s = q->source;
	(void)status; /* what is under way is interrupted, never cancelled by libuv */
	s->under_way--;
	s->counts -= q->kind == ASK_COUNT;
	if (q->store)
		s->idle[s->idle_count++] = q->store;
	DL_DELETE(s->questions, q);
	if (!q->dropped || q->kind == ASK_WORK)
		inspect_answer(q);
	question_free(q);
	begin_some(s);
	close_when_idle(s);
}

static void begin_some(struct inspect_source *s)
{
	struct question *q, *next;
	DL_FOREACH_SAFE(s->questions, q, next)
	{
		if (s->under_way == CONNECTIONS)
			return;
		if (q->under_way || (q->kind == ASK_COUNT && s->counts >= COUNTS_MOST))
			continue;
		struct store *idle = take_idle(s);
		q->store = idle;
		if (idle)
			store_resume(idle);
		q->work.data = q;
		q->under_way = true;
		s->under_way++;
		s->counts += q->kind == ASK_COUNT;
		if (uv_queue_work(s->loop, &q->work, on_work, on_worked) != 0) { /* only without a function */
			q->failed = true;
			on_worked(&q->work, 0);
			return;
		}
	}
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

/* It is not answered any more, except that work is said to be over. What was not begun is freed at once. */
static void drop(struct question *q)
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
		drop(q);
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
}

/* ---- what is asked ---- */

static bool parse(const char *text, struct filter **out, struct error *e)
{
	struct filter_error fe;
	*out = filter_parse(text ? text : "", clock_now_us(), &fe);
	return *out || error_set(e, EXIT_USAGE, "column %d: %s", fe.column, fe.text);
}

static bool source_check(void *self, const char *filter, struct error *e)
{
	struct filter *f;
	(void)self;
	if (!parse(filter, &f, e))
		return false;
	filter_free(f);
	return true;
}

static struct question *question_new(struct inspect_source *s, enum question_kind kind, uint64_t generation, void *user)
{
	struct question *q = calloc(1, sizeof *q);
	if (!q)
		return NULL;
	q->source = s;
	q->kind = kind;
	q->generation = generation;
	q->user = user;
	return q;
}

/* A new question takes the place of an older one of the same asker, whose walk ends here. */
static void ask(struct question *q)
{
	drop_stale(q->source, q);
	DL_APPEND(q->source->questions, q);
	begin_some(q->source);
}

/* A filter that does not parse is answered like others, on the loop. */
static void set_filter(struct question *q, const char *text)
{
	q->filtered = text && *text;
	q->failed = !parse(text, &q->filter, &q->error);
}

static void source_page(void *self, const char *filter, int64_t anchor, bool forward, size_t count, uint64_t generation,
			void (*done)(void *user, uint64_t generation, struct page *p), void *user)
{
	struct question *q = question_new(self, ASK_PAGE, generation, user);
	if (!q)
		return;
	q->on_page = done;
	q->id = anchor;
	q->forward = forward;
	q->count = count;
	set_filter(q, filter);
	ask(q);
}

static void source_rows(void *self, const int64_t *ids, size_t count, uint64_t generation,
			void (*done)(void *user, uint64_t generation, struct page *p), void *user)
{
	struct question *q = question_new(self, ASK_PAGE, generation, user);
	if (!q)
		return;
	q->on_page = done;
	q->count = count;
	q->ids = malloc((count + 1) * sizeof *q->ids);
	if (q->ids && count)
		memcpy(q->ids, ids, count * sizeof *q->ids);
	else if (!q->ids)
		q->failed = !error_set(&q->error, EXIT_STORE, "out of memory");
	ask(q);
}

static void source_order(void *self, const char *filter, const struct store_order *how, size_t rows,
			 uint64_t generation, void (*done)(void *user, uint64_t generation, struct ordered *o),
			 void *user)
{
	struct question *q = question_new(self, ASK_ORDER, generation, user);
	if (!q)
		return;
	q->on_ordered = done;
	q->count = rows;
	q->order = *how;
	set_filter(q, filter);
	ask(q);
}

static void source_get(void *self, int64_t id, enum source_part part, int attempt, uint64_t most, uint64_t generation,
		       void (*done)(void *user, uint64_t generation, struct document *d), void *user)
{
	struct question *q = question_new(self, ASK_DOCUMENT, generation, user);
	if (!q)
		return;
	q->on_document = done;
	q->id = id;
	q->part = part;
	q->attempt = attempt;
	q->most = most;
	q->secrets = q->source->secrets;
	ask(q);
}

static void source_preview(void *self, int64_t id, uint64_t generation,
			   void (*done)(void *user, uint64_t generation, struct preview *p), void *user)
{
	struct question *q = question_new(self, ASK_PREVIEW, generation, user);
	if (!q)
		return;
	q->on_preview = done;
	q->id = id;
	ask(q);
}

static void source_count(void *self, const char *filter, uint64_t generation,
			 void (*done)(void *user, uint64_t generation, uint64_t count), void *user)
{
	struct question *q = question_new(self, ASK_COUNT, generation, user);
	if (!q)
		return;
	q->on_count = done;
	set_filter(q, filter);
	ask(q);
}

static void source_stats(void *self, const char *filter, const struct stats_wish *wish, uint64_t generation,
			 void (*done)(void *user, uint64_t generation, struct stats_result *r), void *user)
{
	struct question *q = question_new(self, ASK_STATS, generation, user);
	if (!q)
		return;
	q->on_stats = done;
	q->wish = *wish;
	set_filter(q, filter);
	ask(q);
}

unsigned inspect_source_files(const struct inspect_source *s)
{
	return s->files;
}

bool inspect_source_work(struct inspect_source *s, void (*work)(void *user, struct store *store, const struct error *e),
			 void (*done)(void *user), void *user)
{
	struct question *q = question_new(s, ASK_WORK, 0, user);
	if (!q)
		return false;
	q->work_on = work;
	q->on_worked = done;
	ask(q);
	return true;
}

static bool source_changed(void *self)
{
	struct inspect_source *s = self;
	struct error ignored;
	int64_t version;
	follow_file(s);
	if (!store_version(s->own, &version, &ignored) || version == s->version)
		return false;
	s->version = version;
	return true;
}

/* ---- the client's state ---- */

static void source_state(void *self, struct client_state *out)
{
	struct inspect_source *s = self;
	memset(out, 0, sizeof *out);
	if (s->state)
		s->state(s->state_user, out);
	else {
		follow_file(s);
		inspect_state_read(s->own, s->secrets, out);
	}
}

static void source_cancel(void *self, void (*done)(void *user, uint64_t generation, struct page *p))
{
	struct inspect_source *s = self;
	struct question *q, *next;
	DL_FOREACH_SAFE(s->questions, q, next)
	if (!q->dropped && (!done || (q->kind == ASK_PAGE && q->on_page == done)))
		drop(q);
}

static void cancel_one(struct inspect_source *s, enum question_kind kind, uint64_t generation)
{
	struct question *q, *next;
	DL_FOREACH_SAFE(s->questions, q, next)
	if (!q->dropped && q->kind == kind && q->generation == generation)
		drop(q);
}

static void source_cancel_count(void *self, uint64_t generation)
{
	cancel_one(self, ASK_COUNT, generation);
}

static void source_cancel_stats(void *self, uint64_t generation)
{
	cancel_one(self, ASK_STATS, generation);
}

static void source_cancel_order(void *self, uint64_t generation)
{
	cancel_one(self, ASK_ORDER, generation);
}

const struct source_ops inspect_source_ops = {
	.check = source_check,
	.page = source_page,
	.rows = source_rows,
	.order = source_order,
	.get = source_get,
	.preview = source_preview,
	.count = source_count,
	.stats = source_stats,
	.changed = source_changed,
	.state = source_state,
	.cancel = source_cancel,
	.cancel_count = source_cancel_count,
	.cancel_stats = source_cancel_stats,
	.cancel_order = source_cancel_order,
};

/* ---- life ---- */

struct inspect_source *inspect_source_new(uv_loop_t *loop, const char *path, struct error *e)
{
	struct inspect_source *s = calloc(1, sizeof *s);
	if (!s || !(s->path = strdup(path))) {
		free(s);
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	s->loop = loop;
	if (!(s->own = open_connection(s, e)))
		goto failed;
	if (uv_mutex_init(&s->mutex) != 0) {
		error_set(e, EXIT_STORE, "the system gave no lock");
		goto failed;
	}
	int code = uv_async_init(loop, &s->wake, on_wake);
	if (code) {
		uv_mutex_destroy(&s->mutex);
		loop_fail(code, EXIT_STORE, e);
		goto failed;
	}
	s->wake.data = s;
	return s;
failed:
	store_close(s->own);
	free(s->path);
	free(s);
	return NULL;
}

void inspect_source_close(struct inspect_source *s, void (*closed)(void *user), void *user)
{
	s->closing = true;
	s->closed = closed;
	s->closed_user = user;
	source_cancel(s, NULL);
	close_when_idle(s);
}

void inspect_source_set_state(struct inspect_source *s, void (*state)(void *user, struct client_state *out), void *user)
{
	s->state = state;
	s->state_user = user;
}

void inspect_source_set_secrets(struct inspect_source *s, const struct secrets *secrets)
{
	s->secrets = secrets;
}
