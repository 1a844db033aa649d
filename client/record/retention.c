#include "client/record/retention.h"

#include "client/selection/selection.h"
#include "shared/base/clock.h"
#include "shared/text/text.h"
#include "shared/upkeep/store_prune.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_MS 1000
#define EVERY_MS 600000
#define PAUSE_MS 2

struct retention {
	struct retention_options options; /* its db is `db` */
	char *db;
	uv_timer_t timer;
	uv_work_t work;
	bool working, closed;
	atomic_bool stop;
	void (*told)(void *user, const char *sentence);
	void *user;
	/* The round under way; these belong to the worker until it is over. */
	struct error error;
	bool failed;
	uint64_t too_old;
	struct store_gave_way too_many;
};

static void free_when_over(struct retention *r)
{
	if (r->working || !r->closed)
		return;
	free(r->db);
	free(r);
}

/* NULL, without a sentence in *e, when nothing can be as old as that. */
static struct filter *older_than(int64_t keep_ms, struct error *e)
{
	char before[TEXT_TIME_LEN + 8] = "before:";
	int64_t at_ms = (int64_t)(clock_now_us() / 1000) - keep_ms;
	e->text[0] = 0;
	if (at_ms <= 0)
		return NULL;
	text_format_time(before + 7, (uint64_t)at_ms * 1000);
	return selection_parse(before, 0, NULL, NULL, e);
}

static bool is_stopped(void *user)
{
	struct retention *r = user;
	return atomic_load(&r->stop);
}

static bool prune_by_age(struct retention *r, struct store *s)
{
	struct filter *f = r->options.keep_ms > 0 ? older_than(r->options.keep_ms, &r->error) : NULL;
	struct store_prune how = { .filter = f, .stop = is_stopped, .user = r };
	struct store_pruned done = { 0 };
	bool fine = f ? store_prune(s, &how, &done, &r->error) : r->options.keep_ms == 0 || !*r->error.text;
	r->too_old = done.count;
	filter_free(f);
	return fine;
}

static bool approach_bound(struct retention *r, struct store *s)
{
	bool more = true;
	while (more && !atomic_load(&r->stop)) {
		if (!store_batch_ops.begin(s, &r->error))
			return false;
		if (!store_approach_bound(s, &more, &r->error) || !store_batch_ops.commit(s, &r->error)) {
			store_batch_ops.rollback(s);
			return false;
		}
		if (more)
			uv_sleep(PAUSE_MS); /* so that another writer gets the lock */
	}
	return true;
}

static void on_work(uv_work_t *work)
{
	struct retention *r = work->data;
	struct store *s = NULL;
	r->too_old = 0;
	r->too_many = (struct store_gave_way){ 0 };
	r->failed = !store_open(&s, r->db, STORE_READ_WRITE, &r->error) ||
		    !store_keep_bound(s, &r->options.bound, &r->error) || !prune_by_age(r, s) || !approach_bound(r, s);
	if (s)
		r->too_many = store_take_gave_way(s);
	store_close(s);
}

static void on_timer(uv_timer_t *timer);

static void on_over(uv_work_t *work, int status)
{
	struct retention *r = work->data;
	char text[700];
	r->working = false;
	if (r->closed || uv_is_closing((uv_handle_t *)&r->timer)) {
		free_when_over(r);
		return;
	}
	struct store_gave_way at_commits = recorder_take_gave_way(r->options.recorder);
	unsigned long long old = r->too_old, many = r->too_many.deliveries + at_commits.deliveries,
			   answers = r->too_many.answers + at_commits.answers;
	if (status == 0 && r->failed) {
		snprintf(text, sizeof text, "old deliveries cannot be deleted: %s", r->error.text);
		r->told(r->user, text);
	} else if (status == 0 && old + many > 0) {
		snprintf(text, sizeof text, "%llu old deliver%s deleted (%llu by --keep, %llu by --max-size)",
			 old + many, old + many == 1 ? "y" : "ies", old, many);
		r->told(r->user, text);
	}
	if (answers > 0) {
		snprintf(text, sizeof text, "%llu old answer%s bod%s no longer on record (--max-size)", answers,
			 answers == 1 ? "'s" : "s'", answers == 1 ? "y is" : "ies are");
		r->told(r->user, text);
	}
	uv_timer_start(&r->timer, on_timer, EVERY_MS, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct retention *r = timer->data;
	r->work.data = r;
	r->working = uv_queue_work(timer->loop, &r->work, on_work, on_over) == 0;
}

struct retention *retention_start(uv_loop_t *loop, const struct retention_options *o,
				  void (*told)(void *user, const char *sentence), void *user)
{
	struct retention *r = o->keep_ms || o->bound.max_bytes ? calloc(1, sizeof *r) : NULL;
	if (!r || !(r->db = strdup(o->db))) {
		free(r);
		return NULL;
	}
	r->options = *o;
	r->told = told;
	r->user = user;
	uv_timer_init(loop, &r->timer);
	r->timer.data = r;
	uv_timer_start(&r->timer, on_timer, FIRST_MS, 0);
	uv_unref((uv_handle_t *)&r->timer);
	return r;
}

static void on_closed(uv_handle_t *h)
{
	struct retention *r = h->data;
	r->closed = true;
	free_when_over(r);
}

void retention_close(struct retention *r)
{
	if (!r)
		return;
	atomic_store(&r->stop, true);
	uv_close((uv_handle_t *)&r->timer, on_closed);
}
