#include "client/replay/replay_run.h"

#include "client/common/limits.h"
#include "client/print/output.h"
#include "client/json/row_json.h"
#include "shared/program/progress.h"
#include "shared/query/item.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define DRAW_EVERY_MS 100

struct slot {
	struct replay_run *run;
	struct replay *replay;
	bool used;
};

struct replay_run {
	uv_loop_t *loop;
	const struct replay_run_options *options;
	struct store *store;
	struct replayer *replayer;
	uv_signal_t on_int, on_term;
	uv_timer_t due, draw;
	struct progress progress;
	size_t handles; /* still open */
	struct slot slots[LIMIT_REPLAY_PARALLEL];
	size_t parallel, running, next;
	uint64_t began_ms;
	bool interrupted, stopped;
	struct error error; /* with stopped */
	struct replay_outcome *outcome;
	struct error target_error;
};

static void begin_due(struct replay_run *r);

/* ---- one is over ---- */

static void stop_for(struct replay_run *r, const struct error *e)
{
	if (!r->stopped)
		r->error = *e;
	r->stopped = true;
}

static bool print(const struct replay_run *r, int64_t id, struct error *e)
{
	struct item item;
	bool fine = item_read(r->store, id, &item, e);
	if (fine && r->options->json)
		fine = row_json_print(stdout, row_json_delivery(NULL, &item.row), e);
	else if (fine)
		output_row(stdout, &item.row);
	item_free(&item);
	return fine &&
	       (fflush(stdout) == 0 || error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno)));
}

static void report(struct replay_run *r, const struct replayed *result)
{
	struct error e;
	progress_hide(&r->progress);
	if (!print(r, result->id, &e))
		stop_for(r, &e);
}

static void on_done(void *user, const struct replayed *result, const struct error *e)
{
	struct slot *slot = user;
	struct replay_run *r = slot->run;
	struct replay_outcome *out = r->outcome;
	bool fine = result->status >= 200 && result->status <= 299;
	slot->used = false;
	slot->replay = NULL;
	r->running--;
	if (e && e->code == EXIT_INTERRUPTED) {
		out->cut_off += result->id != 0;
	} else if (e && e->code != EXIT_TARGET) {
		stop_for(r, e);
	} else {
		out->sent++;
		/* The others are tried all the same, for the app may be back. */
		if (e)
			r->target_error = *e;
		out->unreachable = out->unreachable || e;
	}
	out->failed_status = out->failed_status || !fine;
	r->progress.done++;
	r->progress.failed += !fine;
	if (result->id)
		report(r, result);
	begin_due(r);
}

/* ---- which is next, and when ---- */

static void on_due(uv_timer_t *timer)
{
	begin_due(timer->data);
}

static void on_draw(uv_timer_t *timer)
{
	struct replay_run *r = timer->data;
	progress_tick(&r->progress);
}

static bool begin_one(struct replay_run *r)
{
	const struct replay_run_options *o = r->options;
	struct slot *slot = r->slots;
	struct error e;
	while (slot->used)
		slot++;
	slot->used = true;
	slot->run = r;
	r->running++;
	size_t place = r->next++ / (size_t)o->times;
	slot->replay = replayer_start(r->replayer, o->ids[place], &o->change, on_done, slot);
	if (slot->replay)
		return true;
	slot->used = false;
	r->running--;
	error_set(&e, EXIT_STORE, "out of memory");
	stop_for(r, &e);
	return false;
}

static void begin_due(struct replay_run *r)
{
	uv_update_time(r->loop);
	while (!r->stopped && !r->interrupted && r->next < r->outcome->total && r->running < r->parallel) {
		uint64_t due = replay_pace_due_ms(&r->options->pace, r->next, r->options->received_us);
		uint64_t now = uv_now(r->loop) - r->began_ms;
		if (due > now) {
			uv_timer_start(&r->due, on_due, due - now, 0);
			return;
		}
		if (!begin_one(r))
			return;
	}
}

static bool is_over(const struct replay_run *r)
{
	return r->running == 0 && (r->stopped || r->interrupted || r->next == r->outcome->total);
}

bool replay_run_all(struct replay_run *r, struct replay_outcome *out, struct error *e)
{
	memset(out, 0, sizeof *out);
	out->total = r->options->count * (size_t)r->options->times;
	r->outcome = out;
	r->next = 0;
	uv_update_time(r->loop);
	r->began_ms = uv_now(r->loop);
	progress_begin(&r->progress, NULL, out->total);
	if (r->progress.on)
		uv_timer_start(&r->draw, on_draw, DRAW_EVERY_MS, DRAW_EVERY_MS);
	begin_due(r);
	while (!is_over(r))
		uv_run(r->loop, UV_RUN_ONCE);
	uv_timer_stop(&r->due);
	uv_timer_stop(&r->draw);
	progress_end(&r->progress);
	r->outcome = NULL;
	out->interrupted = r->interrupted;
	if (r->stopped)
		*e = r->error;
	else if (out->unreachable)
		*e = r->target_error;
	return !r->stopped;
}

/* ---- beginning and end ---- */

/* What was begun is put on record as cancelled, the rest is not begun. */
static void on_signal(uv_signal_t *h, int number)
{
	struct replay_run *r = h->data;
	(void)number;
	r->interrupted = true;
	for (size_t i = 0; i < LIMIT_REPLAY_PARALLEL; i++)
		if (r->slots[i].replay)
			replayer_stop(r->slots[i].replay);
}

bool replay_run_interrupted(const struct replay_run *r)
{
	return r->interrupted;
}

static void listen_to(struct replay_run *r, uv_signal_t *handle, int number)
{
	uv_signal_init(r->loop, handle);
	handle->data = r;
	uv_signal_start(handle, on_signal, number);
}

struct replay_run *replay_run_new(uv_loop_t *loop, const struct replay_run_options *o, struct error *e)
{
	struct replay_run *r = calloc(1, sizeof *r);
	if (!r) {
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	r->loop = loop;
	r->options = o;
	r->parallel = replay_pace_parallel(&o->pace);
	if (!store_open(&r->store, o->db, STORE_READ_ONLY, e) || !(r->replayer = replayer_new(loop, &o->replayer, e))) {
		store_close(r->store);
		free(r);
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN);
	listen_to(r, &r->on_int, SIGINT);
	listen_to(r, &r->on_term, SIGTERM);
	uv_timer_init(loop, &r->due);
	r->due.data = r;
	uv_timer_init(loop, &r->draw);
	r->draw.data = r;
	uv_unref((uv_handle_t *)&r->draw);
	r->handles = 5;
	return r;
}

static void part_closed(struct replay_run *r)
{
	if (--r->handles)
		return;
	store_close(r->store);
	free(r);
}

static void on_closed(uv_handle_t *handle)
{
	part_closed(handle->data);
}

static void on_replayer_closed(void *user)
{
	part_closed(user);
}

void replay_run_close(struct replay_run *r)
{
	replayer_close(r->replayer, on_replayer_closed, r);
	uv_close((uv_handle_t *)&r->on_int, on_closed);
	uv_close((uv_handle_t *)&r->on_term, on_closed);
	uv_close((uv_handle_t *)&r->due, on_closed);
	uv_close((uv_handle_t *)&r->draw, on_closed);
}
