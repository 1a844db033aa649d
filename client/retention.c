#include "client/retention.h"

#include "client/selection.h"
#include "shared/text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_MS 1000
#define EVERY_MS 600000

struct retention {
	struct retention_options options; /* db is our own */
	char *db;
	uv_timer_t timer;
	uv_work_t work;
	bool working, closed;
	atomic_bool stop;
	void (*told)(void *user, const char *sentence);
	void *user;
	/* Of the round under way, the worker's until it is over. */
	struct error error;
	bool failed;
	uint64_t too_old, too_many;
};

static void free_when_over(struct retention *r)
{
	if (r->working || !r->closed)
		return;
	free(r->db);
	free(r);
}

/* NULL and an empty sentence when nothing can be as old as that. */
static struct filter *older_than(int64_t keep_ms, struct error *e)
{
	struct timespec now;
	char before[TEXT_TIME_LEN + 8] = "before:";
	clock_gettime(CLOCK_REALTIME, &now);
	int64_t at_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - keep_ms;
	e->text[0] = 0;
	if (at_ms <= 0)
		return NULL;
	text_format_time(before + 7, (uint64_t)at_ms * 1000);
	return selection_parse(before, 0, NULL, e);
}

static bool prune(struct retention *r, struct store *s, const struct filter *f, uint64_t max_bytes, uint64_t *count)
{
	struct store_prune how = { .filter = f, .max_bytes = max_bytes, .stop = &r->stop };
	struct store_pruned done;
	if (!store_prune(s, &how, &done, &r->error))
		return false;
	*count = done.count;
	return true;
}

static bool prune_by_age(struct retention *r, struct store *s)
{
	struct filter *f = r->options.keep_ms > 0 ? older_than(r->options.keep_ms, &r->error) : NULL;
	bool fine = f ? prune(r, s, f, 0, &r->too_old) : r->options.keep_ms == 0 || !*r->error.text;
	filter_free(f);
	return fine;
}

static void on_work(uv_work_t *work)
{
	struct retention *r = work->data;
	struct store *s = NULL;
	r->too_old = r->too_many = 0;
	r->failed = !store_open(&s, r->db, STORE_READ_WRITE, &r->error) || !prune_by_age(r, s) ||
		    (r->options.max_bytes && !prune(r, s, NULL, r->options.max_bytes, &r->too_many));
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
	if (status == 0 && r->failed) {
		snprintf(text, sizeof text, "old deliveries cannot be deleted: %s", r->error.text);
		r->told(r->user, text);
	} else if (status == 0 && r->too_old + r->too_many > 0) {
		unsigned long long old = r->too_old, many = r->too_many;
		snprintf(text, sizeof text, "%llu old deliveries deleted (%llu by --keep, %llu by --max-size)",
			 old + many, old, many);
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
	struct retention *r = o->keep_ms || o->max_bytes ? calloc(1, sizeof *r) : NULL;
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
