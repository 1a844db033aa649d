#include "client/inspect/inspect_source_private.h"

#include "client/inspect/inspect_state.h"
#include "shared/base/clock.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

/* The loop's own, of the file that is there now. */
static void follow_file(struct inspect_source *s)
{
	struct error ignored;
	struct store *now = store_has_moved(s->own) ? inspect_queue_connect(s, &ignored) : NULL;
	if (!now)
		return;
	store_close(s->own);
	s->own = now;
	s->version = -1;
	s->files++;
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
	inspect_queue_ask(q);
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
	inspect_queue_ask(q);
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
	inspect_queue_ask(q);
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
	inspect_queue_ask(q);
}

static void source_preview(void *self, int64_t id, uint64_t generation,
			   void (*done)(void *user, uint64_t generation, struct preview *p), void *user)
{
	struct question *q = question_new(self, ASK_PREVIEW, generation, user);
	if (!q)
		return;
	q->on_preview = done;
	q->id = id;
	inspect_queue_ask(q);
}

static void source_count(void *self, const char *filter, uint64_t generation,
			 void (*done)(void *user, uint64_t generation, uint64_t count), void *user)
{
	struct question *q = question_new(self, ASK_COUNT, generation, user);
	if (!q)
		return;
	q->on_count = done;
	set_filter(q, filter);
	inspect_queue_ask(q);
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
	inspect_queue_ask(q);
}

unsigned inspect_source_files(const struct inspect_source *s)
{
	return s->files;
}

bool inspect_source_work(struct inspect_source *s, enum inspect_work kind,
			 void (*work)(void *user, struct store *store, const struct error *e), void (*done)(void *user),
			 void *user)
{
	struct question *q = question_new(s, ASK_WORK, 0, user);
	if (!q)
		return false;
	q->work = kind;
	q->work_on = work;
	q->on_worked = done;
	inspect_queue_ask(q);
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
		inspect_queue_drop(q);
}

static void cancel_one(struct inspect_source *s, enum question_kind kind, uint64_t generation)
{
	struct question *q, *next;
	DL_FOREACH_SAFE(s->questions, q, next)
	if (!q->dropped && q->kind == kind && q->generation == generation)
		inspect_queue_drop(q);
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
	s->bounds.at_once = INSPECT_AT_ONCE;
	if ((s->own = inspect_queue_connect(s, e)) && inspect_queue_open(s, e))
		return s;
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
	inspect_queue_close_when_idle(s);
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

void inspect_source_set_bounds(struct inspect_source *s, const struct inspect_bounds *bounds)
{
	s->bounds = *bounds;
}
