#include "client/inspect/inspect_deeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/transfer/export.h"
#include "client/replay/replay_stale.h"
#include "client/replay/replayer.h"
#include "client/signing/resign.h"
#include "shared/http/http_text.h"
#include "shared/store/store_filter.h"
#include "shared/store/store_part.h"

#define AT_ONCE 4
#define TELL_MS 100
#define CACHE_KIB 512
#define DELETED_AT_ONCE 200 /* in one transaction */

/* Deliveries that are replayed at one stroke. */
struct batch {
	struct batch *next;
	struct inspect_deeds *deeds;
	struct replayer *replayer;
	int64_t handle;
	int64_t *ids;
	size_t count, begun, running;
	struct replay *replays[AT_ONCE];
	struct replay_change change;
	struct buffer edited, headers; /* what the change points into */
	struct replay_progress progress;
	bool stopped, changed;
	uv_timer_t timer;
	void (*tell)(void *user, const struct replay_progress *p);
	void *user;
};

struct inspect_deeds {
	uv_loop_t *loop;
	char *path;
	struct store *store; /* opened at the first deed */
	struct forward_options forward;
	const struct secrets *secrets;
	struct replayer_options options, signing;
	struct replayer *replayer, *signer; /* the same */
	struct batch *batches;
	int64_t last_handle;
	size_t timers; /* to be closed */
	bool closing;
	void (*over)(void *user, const struct replay_progress *p); /* left to themselves: of each */
	void (*closed)(void *user);
	void *closed_user;
};

static struct store *store_of(struct inspect_deeds *d, struct error *e)
{
	if (!d->store && (!store_open(&d->store, d->path, STORE_READ_WRITE, e) ||
			  !store_set_cache(d->store, CACHE_KIB, e) || !store_set_relaxed(d->store, e))) {
		store_close(d->store);
		d->store = NULL;
	}
	return d->store;
}

/* ---- replays ---- */

static void finish_close(struct inspect_deeds *d);

static void batch_free(struct batch *b)
{
	buffer_free(&b->edited);
	buffer_free(&b->headers);
	free(b->progress.trouble);
	free(b->ids);
	free(b);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct batch *b = handle->data;
	struct inspect_deeds *d = b->deeds;
	batch_free(b);
	d->timers--;
	finish_close(d);
}

static void tell(struct batch *b)
{
	b->changed = false;
	if (b->tell)
		b->tell(b->user, &b->progress);
}

static void end_batch(struct batch *b)
{
	struct batch **at = &b->deeds->batches;
	while (*at && *at != b)
		at = &(*at)->next;
	if (*at)
		*at = b->next;
	uv_timer_stop(&b->timer);
	b->progress.over = true;
	tell(b);
	if (b->deeds->over)
		b->deeds->over(b->deeds->closed_user, &b->progress);
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
	if (e && e->code != EXIT_INTERRUPTED && !p->trouble) {
		p->trouble = strdup(e->text);
		p->trouble_id = result->original;
	}
}

static void on_replayed(void *user, const struct replayed *result, const struct error *e)
{
	struct one *one = user;
	struct batch *b = one->batch;
	b->replays[one->place] = NULL;
	free(one);
	b->running--;
	count_one(b, result, e);
	begin_some(b);
}

static bool begin_one(struct batch *b, size_t place)
{
	struct one *one = malloc(sizeof *one);
	if (!one)
		return false;
	*one = (struct one){ b, place };
	b->replays[place] = replayer_start(b->replayer, b->ids[b->begun], &b->change, on_replayed, one);
	if (!b->replays[place]) {
		free(one);
		return false;
	}
	b->begun++;
	b->running++;
	return true;
}

static void begin_some(struct batch *b)
{
	for (size_t place = 0; place < AT_ONCE && b->begun < b->count && !b->stopped; place++)
		if (!b->replays[place] && !begin_one(b, place)) {
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
	/* Stopping the last one may end the batch: its replays are looked at first. */
	struct replay *running[AT_ONCE];
	memcpy(running, b->replays, sizeof running);
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

/* Of several the first is looked at. */
static bool can_sign(struct inspect_deeds *d, struct batch *b, int64_t id, struct error *e)
{
	struct store *s = store_of(d, e);
	struct item item = { 0 };
	struct message m = { 0 };
	bool has_body, https;
	bool fine = s && item_read(s, id, &item, e) && store_get_request(s, id, &m, &has_body, &https, e);
	if (fine && b->change.whole) {
		m.headers.len = 0;
		fine = buffer_append_bytes(&m.headers, b->change.headers) || error_set(e, EXIT_STORE, "out of memory");
	}
	const struct resign_request r = { .id = id,
					  .tunnel = item.row.tunnel,
					  .body = b->change.whole ? b->change.body : buffer_view(&m.body),
					  .headers = &m.headers };
	fine = fine && resign_possible(s, d->secrets, &r, e);
	store_message_free(&m);
	item_free(&item);
	return fine;
}

static bool fill_batch(struct inspect_deeds *d, struct batch *b, const struct replay_request *r, struct error *e)
{
	if (r->count == 0 || (r->edited.len && r->count != 1))
		return error_set(e, EXIT_USAGE, "there is nothing to replay");
	b->ids = malloc(r->count * sizeof *b->ids);
	if (!b->ids)
		return error_set(e, EXIT_STORE, "out of memory");
	memcpy(b->ids, r->ids, r->count * sizeof *b->ids);
	b->count = b->progress.total = r->count;
	/* Later it would be too late: what was edited is let go once this has begun. */
	return take_edited(b, r->edited, e) && (!r->resign || can_sign(d, b, r->ids[0], e));
}

static struct replayer *replayer_of(struct inspect_deeds *d, bool signing, struct error *e)
{
	struct replayer **one = signing ? &d->signer : &d->replayer;
	if (!*one)
		*one = replayer_new(d->loop, signing ? &d->signing : &d->options, e);
	return *one;
}

static int64_t deed_replay(void *self, const struct replay_request *r,
			   void (*progress)(void *user, const struct replay_progress *p), void *user, struct error *e)
{
	struct inspect_deeds *d = self;
	struct replayer *replayer = replayer_of(d, r->resign, e);
	if (!replayer)
		return 0;
	struct batch *b = calloc(1, sizeof *b);
	if (!b || !fill_batch(d, b, r, e)) {
		if (b)
			batch_free(b);
		else
			error_set(e, EXIT_STORE, "out of memory");
		return 0;
	}
	b->deeds = d;
	b->replayer = replayer;
	b->handle = ++d->last_handle;
	b->tell = progress;
	b->user = user;
	b->next = d->batches;
	d->batches = b;
	d->timers++;
	uv_timer_init(d->loop, &b->timer);
	b->timer.data = b;
	uv_timer_start(&b->timer, on_tell, TELL_MS, TELL_MS);
	int64_t handle = b->handle;
	/* No word comes before this returns: a replay is over in a later turn, or the first cannot be begun. */
	for (size_t place = 0; place < AT_ONCE && b->begun < b->count; place++)
		if (!begin_one(b, place))
			break;
	if (b->begun)
		return handle;
	b->tell = NULL;
	end_batch(b);
	return error_set(e, EXIT_STORE, "out of memory");
}

static void deed_stop(void *self, int64_t handle)
{
	struct inspect_deeds *d = self;
	struct batch *b = d->batches;
	while (b && b->handle != handle)
		b = b->next;
	if (b)
		stop_batch(b);
}

/* ---- the record ---- */

static bool commit(struct store *s, bool fine, struct error *e)
{
	if (fine && store_batch_ops.commit(s, e))
		return true;
	store_batch_ops.rollback(s);
	return false;
}

static bool deed_tag(void *self, int64_t id, const char *name, bool set, struct error *e)
{
	struct store *s = store_of(self, e);
	struct bytes tag = bytes_of(name);
	return s && store_batch_ops.begin(s, e) &&
	       commit(s, set ? store_add_tag(s, id, tag, e) : store_drop_tag(s, id, tag, e), e);
}

static bool deed_delete(void *self, const int64_t *ids, size_t count, struct error *e)
{
	struct store *s = store_of(self, e);
	bool fine = s != NULL;
	for (size_t i = 0; fine && i < count;) {
		fine = store_batch_ops.begin(s, e);
		bool done = fine;
		for (size_t end = i + DELETED_AT_ONCE; done && i < count && i < end; i++)
			done = store_delete(s, ids[i], e);
		fine = fine && commit(s, done, e);
	}
	return fine;
}

static bool deed_export(void *self, const int64_t *ids, size_t count, const char *format, const char *path,
			struct buffer *out, struct error *e)
{
	struct store *s = store_of(self, e);
	struct export_options o = { 0 };
	if (!s || !export_named(format, &o, e))
		return false;
	size_t written;
	bool fine = path ? export_to_file(s, ids, count, &o, path, &written, e)
			 : export_to_buffer(s, ids, count, &o, out, &written, e);
	return fine && (written > 0 || error_set(e, EXIT_NO, "there is nothing to export: it was deleted"));
}

#define LOOKED_AT_MOST 200 /* while the screen waits */

static size_t deed_stale(void *self, const int64_t *ids, size_t count, char out[160])
{
	struct error ignored;
	struct store *s = store_of(self, &ignored);
	size_t found = 0;
	for (size_t i = 0; s && i < count && i < LOOKED_AT_MOST; i++) {
		char text[SIGNATURE_STALE_LEN];
		bool stale = false;
		if (!replay_is_stale(s, ids[i], text, &stale, &ignored) || !stale)
			continue;
		found++;
		snprintf(out, 160, "%s", text);
	}
	return found;
}

const struct deed_ops inspect_deed_ops = {
	.replay = deed_replay,
	.stale = deed_stale,
	.stop = deed_stop,
	.export = deed_export,
	.tag = deed_tag,
	.delete = deed_delete,
};

/* ---- life ---- */

struct inspect_deeds *inspect_deeds_new(uv_loop_t *loop, const char *path, const struct forward_options *forward,
					const struct secrets *secrets)
{
	struct inspect_deeds *d = calloc(1, sizeof *d);
	if (!d || !(d->path = strdup(path))) {
		free(d);
		return NULL;
	}
	d->loop = loop;
	d->forward = *forward;
	d->options.db = d->path;
	d->options.forward = &d->forward;
	d->secrets = d->options.secrets = secrets;
	d->signing = d->options;
	d->signing.resign = true;
	return d;
}

static void on_replayer_closed(void *user)
{
	finish_close(user);
}

static void finish_close(struct inspect_deeds *d)
{
	if (!d->closing || d->batches || d->timers)
		return;
	struct replayer *one = d->replayer ? d->replayer : d->signer;
	if (one) {
		*(d->replayer ? &d->replayer : &d->signer) = NULL;
		replayer_close(one, on_replayer_closed, d);
		return;
	}
	void (*closed)(void *) = d->closed;
	void *user = d->closed_user;
	store_close(d->store);
	free(d->path);
	free(d);
	if (closed)
		closed(user);
}

struct replay_progress inspect_deeds_under_way(const struct inspect_deeds *d)
{
	struct replay_progress all = { 0 };
	for (const struct batch *b = d->batches; b; b = b->next) {
		all.sent += b->progress.sent;
		all.ok += b->progress.ok;
		all.failed += b->progress.failed;
		all.total += b->progress.total;
	}
	return all;
}

void inspect_deeds_leave(struct inspect_deeds *d, void (*over)(void *user, const struct replay_progress *p),
			 void (*closed)(void *user), void *user)
{
	d->closing = true;
	d->over = over;
	d->closed = closed;
	d->closed_user = user;
	finish_close(d);
}

void inspect_deeds_stop(struct inspect_deeds *d)
{
	struct batch *next;
	for (struct batch *b = d->batches; b; b = next) {
		next = b->next;
		stop_batch(b);
	}
}

void inspect_deeds_close(struct inspect_deeds *d, void (*closed)(void *user), void *user)
{
	d->closing = true;
	d->closed = closed;
	d->closed_user = user;
	inspect_deeds_stop(d);
	finish_close(d);
}
