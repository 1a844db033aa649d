#include "client/inspect/inspect_replays.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "client/replay/replay_pace.h"
#include "client/signing/resign.h"
#include "shared/http/http_text.h"
#include "shared/query/item.h"
#include "shared/query/store_query.h"

#define AT_ONCE 4
#define TELL_MS 100

/* Deliveries that are replayed at one stroke. */
struct batch {
	struct batch *prev, *next;
	struct inspect_replays *replays;
	struct replayer *replayer, *own; /* own: of a target that was named for this batch */
	char *to;
	int64_t handle;
	int64_t *ids;
	size_t count, begun, running;
	struct replay *running_now[AT_ONCE];
	struct replay_change change;
	struct buffer edited, headers; /* what the change points into */
	struct replay_progress progress;
	bool stopped, changed; /* changed: since `tell` was called */
	uv_timer_t timer, due; /* due: until the next one may begin */
	struct replay_pace pace;
	uint64_t began_ms;
	void (*tell)(void *user, const struct replay_progress *p);
	void *user;
};

struct inspect_replays {
	uv_loop_t *loop;
	struct replayer_options options, signing;
	struct replayer *replayer, *signer; /* opened when they are needed; `signer` re-signs each */
	struct batch *batches;
	int64_t last_handle;
	size_t timers; /* to be closed */
	bool closing;
	void (*over)(void *user, const struct replay_progress *p);
	void (*closed)(void *user);
	void *closed_user;
};

static void finish_close(struct inspect_replays *r);

static void batch_free(struct batch *b)
{
	buffer_free(&b->edited);
	buffer_free(&b->headers);
	free(b->progress.trouble);
	free(b->ids);
	free(b);
}

/* What its replayer was told must live until it is closed. */
static void on_own_closed(void *user)
{
	free(user);
}

static void on_timers_closed(uv_handle_t *handle)
{
	struct batch *b = handle->data;
	struct inspect_replays *r = b->replays;
	batch_free(b);
	r->timers--;
	finish_close(r);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct batch *b = handle->data;
	uv_close((uv_handle_t *)&b->due, on_timers_closed);
}

static void tell(struct batch *b)
{
	b->changed = false;
	if (b->tell)
		b->tell(b->user, &b->progress);
}

static void end_batch(struct batch *b)
{
	struct inspect_replays *r = b->replays;
	DL_DELETE(r->batches, b);
	uv_timer_stop(&b->timer);
	uv_timer_stop(&b->due);
	if (b->own)
		replayer_close(b->own, on_own_closed, b->to);
	b->progress.over = true;
	tell(b);
	if (r->over)
		r->over(r->closed_user, &b->progress);
	uv_close((uv_handle_t *)&b->timer, on_timer_closed);
}

static void on_tell(uv_timer_t *timer)
{
	struct batch *b = timer->data;
	if (b->changed)
		tell(b);
}

static void begin_some(struct batch *b);

struct one {
	struct batch *batch;
	size_t place;
};

static void count_one(struct batch *b, const struct replayed *result, const struct error *e)
{
	struct replay_progress *p = &b->progress;
	bool ok = !e && result->result == ATTEMPT_OK && result->status < 400;
	b->changed = true;
	if (e && e->code == EXIT_INTERRUPTED && !result->id)
		return; /* it was not begun */
	p->sent++;
	p->ok += ok;
	p->failed += !ok;
	if (result->id > p->last_id)
		p->last_id = result->id;
	if (result->id && p->made_count < REPLAY_MADE_MOST)
		p->made[p->made_count++] = result->id;
	if (e && e->code != EXIT_INTERRUPTED && !p->trouble) {
		p->trouble = strdup(e->text);
		p->trouble_id = result->original;
		p->trouble_code = (int)e->code;
	}
}

static void on_replayed(void *user, const struct replayed *result, const struct error *e)
{
	struct one *one = user;
	struct batch *b = one->batch;
	b->running_now[one->place] = NULL;
	free(one);
	b->running--;
	count_one(b, result, e);
	begin_some(b);
}

static void on_recorded(void *user)
{
	struct batch *b = ((struct one *)user)->batch;
	if (b->progress.recorded++ == 0)
		tell(b);
}

static bool begin_one(struct batch *b, size_t place)
{
	struct one *one = malloc(sizeof *one);
	if (!one)
		return false;
	*one = (struct one){ b, place };
	b->running_now[place] = replayer_start(b->replayer, b->ids[b->begun], &b->change, on_replayed, one);
	if (!b->running_now[place]) {
		free(one);
		return false;
	}
	replayer_tell_recorded(b->running_now[place], on_recorded);
	b->begun++;
	b->running++;
	return true;
}

static void on_due(uv_timer_t *timer)
{
	begin_some(timer->data);
}

/* Whether the pace lets one more begin; else the timer says when. */
static bool is_due(struct batch *b)
{
	uint64_t now = uv_now(b->replays->loop);
	uint64_t at = b->began_ms + replay_pace_due_ms(&b->pace, b->begun, NULL);
	if (at <= now)
		return true;
	uv_timer_start(&b->due, on_due, at - now, 0);
	return false;
}

static void begin_some(struct batch *b)
{
	for (size_t place = 0; place < AT_ONCE && b->begun < b->count && !b->stopped && is_due(b); place++)
		if (!b->running_now[place] && !begin_one(b, place)) {
			b->stopped = true;
			if (!b->progress.trouble)
				b->progress.trouble = strdup("out of memory: the others are not sent");
		}
	if (b->running == 0 && (b->stopped || b->begun == b->count))
		end_batch(b);
}

static void stop_batch(struct batch *b)
{
	b->stopped = true;
	if (b->running == 0) { /* it waits for the next one's time */
		end_batch(b);
		return;
	}
	/* Stopping the last one may end and free the batch, so the list is copied. */
	struct replay *running[AT_ONCE];
	memcpy(running, b->running_now, sizeof running);
	for (size_t i = 0; i < AT_ONCE; i++)
		if (running[i])
			replayer_stop(running[i]);
}

static bool take_edited(struct batch *b, struct bytes edited, struct error *e)
{
	struct http_text t;
	if (!edited.len)
		return true;
	if (!buffer_append_bytes(&b->edited, edited))
		return error_set(e, EXIT_STORE, "out of memory");
	if (!http_text_read_whole(buffer_view(&b->edited), &t, &b->headers, e))
		return false;
	b->change = (struct replay_change){
		.whole = true, .method = t.method, .target = t.target, .headers = t.headers, .body = t.body
	};
	return true;
}

/* Looks at the first of several. */
static bool can_sign(const struct inspect_replays *r, struct store *s, const struct batch *b, struct error *e)
{
	int64_t id = b->ids[0];
	struct item item = { 0 };
	struct message m = { 0 };
	bool has_body, https;
	bool fine = item_read(s, id, &item, e) && store_get_request(s, id, &m, &has_body, &https, e);
	if (fine && b->change.whole) {
		m.headers.len = 0;
		fine = buffer_append_bytes(&m.headers, b->change.headers) || error_set(e, EXIT_STORE, "out of memory");
	}
	const struct resign_request wanted = { .id = id,
					       .tunnel = item.row.tunnel,
					       .body = b->change.whole ? b->change.body : buffer_view(&m.body),
					       .headers = &m.headers };
	fine = fine && resign_possible(s, r->options.secrets, &wanted, e);
	store_message_free(&m);
	item_free(&item);
	return fine;
}

static bool fill_batch(const struct inspect_replays *r, struct store *s, struct batch *b,
		       const struct replay_request *request, struct error *e)
{
	if (request->count == 0 || (request->edited.len && request->count != 1))
		return error_set(e, EXIT_USAGE, "there is nothing to replay");
	b->ids = malloc(request->count * sizeof *b->ids);
	if (!b->ids)
		return error_set(e, EXIT_STORE, "out of memory");
	memcpy(b->ids, request->ids, request->count * sizeof *b->ids);
	b->count = b->progress.total = request->count;
	/* What was edited is the caller's again after this call. */
	return take_edited(b, request->edited, e) && (!request->resign || can_sign(r, s, b, e));
}

static struct replayer *replayer_of(struct inspect_replays *r, bool resign, struct error *e)
{
	struct replayer **one = resign ? &r->signer : &r->replayer;
	if (!*one)
		*one = replayer_new(r->loop, resign ? &r->signing : &r->options, e);
	return *one;
}

/* One for a target that is named for this batch alone. */
static struct replayer *own_replayer(struct inspect_replays *r, const struct replay_request *request, char **to,
				     struct error *e)
{
	struct replayer_options options = request->resign ? r->signing : r->options;
	options.to = *to = strdup(request->to);
	struct replayer *own = *to ? replayer_new(r->loop, &options, e) : NULL;
	if (own)
		return own;
	if (!*to)
		error_set(e, EXIT_STORE, "out of memory");
	free(*to);
	return NULL;
}

static struct batch *batch_new(struct inspect_replays *r, struct store *s, const struct replay_request *request,
			       struct error *e)
{
	struct batch *b = calloc(1, sizeof *b);
	if (!b) {
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	if (!fill_batch(r, s, b, request, e)) {
		batch_free(b);
		return NULL;
	}
	b->replays = r;
	b->handle = ++r->last_handle;
	DL_PREPEND(r->batches, b);
	r->timers++;
	uv_timer_init(r->loop, &b->timer);
	uv_timer_init(r->loop, &b->due);
	b->timer.data = b->due.data = b;
	b->pace.rate = request->rate;
	b->began_ms = uv_now(r->loop);
	uv_timer_start(&b->timer, on_tell, TELL_MS, TELL_MS);
	return b;
}

int64_t inspect_replays_begin(struct inspect_replays *r, struct store *store, const struct replay_request *request,
			      void (*progress)(void *user, const struct replay_progress *p), void *user,
			      struct error *e)
{
	char *to = NULL;
	struct replayer *own = NULL;
	if (request->to && !(own = own_replayer(r, request, &to, e)))
		return 0;
	struct replayer *replayer = own ? own : replayer_of(r, request->resign, e);
	struct batch *b = replayer ? batch_new(r, store, request, e) : NULL;
	if (!b && own)
		replayer_close(own, on_own_closed, to);
	if (!b)
		return 0;
	b->replayer = replayer;
	b->own = own;
	b->to = to;
	b->tell = progress;
	b->user = user;
	int64_t handle = b->handle;
	/* Nothing is told before this returns: a replay is over in a later turn, or the first cannot be begun. */
	for (size_t place = 0; place < AT_ONCE && b->begun < b->count; place++)
		if (!is_due(b) || !begin_one(b, place))
			break;
	if (b->begun)
		return handle;
	b->tell = NULL;
	end_batch(b);
	return error_set(e, EXIT_STORE, "out of memory");
}

void inspect_replays_stop(struct inspect_replays *r, int64_t handle)
{
	struct batch *b;
	DL_FOREACH(r->batches, b)
	if (b->handle == handle) {
		stop_batch(b);
		return;
	}
}

void inspect_replays_stop_all(struct inspect_replays *r)
{
	struct batch *b, *next;
	DL_FOREACH_SAFE(r->batches, b, next)
	stop_batch(b);
}

struct replay_progress inspect_replays_under_way(const struct inspect_replays *r)
{
	struct replay_progress all = { 0 };
	const struct batch *b;
	DL_FOREACH(r->batches, b)
	{
		all.sent += b->progress.sent;
		all.ok += b->progress.ok;
		all.failed += b->progress.failed;
		all.total += b->progress.total;
	}
	return all;
}

/* ---- life ---- */

struct inspect_replays *inspect_replays_new(uv_loop_t *loop, const struct replayer_options *options)
{
	struct inspect_replays *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->loop = loop;
	r->options = r->signing = *options;
	r->signing.resign = true;
	return r;
}

static void on_replayer_closed(void *user)
{
	finish_close(user);
}

static void finish_close(struct inspect_replays *r)
{
	if (!r->closing || r->batches || r->timers)
		return;
	struct replayer **one = r->replayer ? &r->replayer : &r->signer, *replayer = *one;
	if (replayer) {
		*one = NULL;
		replayer_close(replayer, on_replayer_closed, r);
		return;
	}
	void (*closed)(void *) = r->closed;
	void *user = r->closed_user;
	free(r);
	closed(user);
}

void inspect_replays_close(struct inspect_replays *r, void (*over)(void *user, const struct replay_progress *p),
			   void (*closed)(void *user), void *user)
{
	r->closing = true;
	r->over = over;
	r->closed = closed;
	r->closed_user = user;
	finish_close(r);
}
