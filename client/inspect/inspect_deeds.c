#include "client/inspect/inspect_deeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/inspect/inspect_replays.h"
#include "client/replay/replay_stale.h"
#include "client/transfer/export.h"
#include "shared/providers/signature_sender.h"
#include "shared/query/store_filter.h"
#include "shared/query/store_part.h"
#include "shared/upkeep/store_prune.h"

#define CACHE_KIB 512
#define DELETED_AT_ONCE 200 /* in one transaction */
#define LOOKED_AT_MOST 200  /* for old signatures, while the screen waits */

struct inspect_deeds {
	char *path;
	struct store *store; /* opened at the first deed */
	struct forward_options forward;
	struct inspect_replays *replays;
	bool (*retarget)(void *user, const char *target, struct error *e);
	void *retarget_user;
	void (*over)(void *user, const struct replay_progress *p);
	void (*closed)(void *user);
	void *closed_user;
};

/* NULL and *e. A record that was moved away is not made anew: a deed is meant for a delivery that is there. */
static struct store *store_of(struct inspect_deeds *d, struct error *e)
{
	if (d->store && store_has_moved(d->store)) {
		store_close(d->store);
		d->store = NULL;
	}
	if (!d->store && access(d->path, F_OK) != 0) {
		error_set(e, EXIT_STORE, "the record %s is not there any more", d->path);
		return NULL;
	}
	if (!d->store && (!store_open(&d->store, d->path, STORE_READ_WRITE, e) ||
			  !store_set_cache(d->store, CACHE_KIB, e) || !store_set_relaxed(d->store, e))) {
		store_close(d->store);
		d->store = NULL;
	}
	return d->store;
}

static int64_t deed_replay(void *self, const struct replay_request *r,
			   void (*progress)(void *user, const struct replay_progress *p), void *user, struct error *e)
{
	struct inspect_deeds *d = self;
	struct store *s = store_of(d, e);
	return s ? inspect_replays_begin(d->replays, s, r, progress, user, e) : 0;
}

static void deed_stop(void *self, int64_t handle)
{
	struct inspect_deeds *d = self;
	inspect_replays_stop(d->replays, handle);
}

/* ---- changes of the record ---- */

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

static bool deed_labels(void *self, int64_t id, struct store_labels *out, struct error *e)
{
	struct store *s = store_of(self, e);
	return s && store_labels_get(s, id, out, e);
}

static bool deed_set_note(void *self, int64_t id, struct bytes text, struct error *e)
{
	struct store *s = store_of(self, e);
	return s && store_batch_ops.begin(s, e) && commit(s, store_labels_set_note(s, id, text, e), e);
}

static bool deed_set_tags(void *self, int64_t id, struct bytes names, struct error *e)
{
	struct store *s = store_of(self, e);
	return s && store_batch_ops.begin(s, e) && commit(s, store_labels_set_tags(s, id, names, e), e);
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

static bool deed_retarget(void *self, const char *target, struct error *e)
{
	struct inspect_deeds *d = self;
	if (!d->retarget)
		return error_set(e, EXIT_USAGE, "the inspector of `creel listen` itself changes the target");
	return d->retarget(d->retarget_user, target, e);
}

static size_t deed_stale(void *self, const int64_t *ids, size_t count, char out[160])
{
	struct error ignored;
	struct store *s = store_of(self, &ignored);
	size_t found = 0;
	for (size_t i = 0; s && i < count && i < LOOKED_AT_MOST; i++) {
		char text[SIGNATURE_STALE_LEN];
		bool stale = false;
		if (!replay_stale_check(s, ids[i], text, &stale, &ignored) || !stale)
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
	.retarget = deed_retarget,
	.tag = deed_tag,
	.labels = deed_labels,
	.set_note = deed_set_note,
	.set_tags = deed_set_tags,
	.delete = deed_delete,
};

/* ---- life ---- */

struct inspect_deeds *inspect_deeds_new(uv_loop_t *loop, const char *path, const struct forward_options *forward,
					const struct secrets *secrets)
{
	struct inspect_deeds *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	d->forward = *forward;
	d->path = strdup(path);
	struct replayer_options options = { .db = d->path, .forward = &d->forward, .secrets = secrets };
	d->replays = d->path ? inspect_replays_new(loop, &options) : NULL;
	if (d->replays)
		return d;
	free(d->path);
	free(d);
	return NULL;
}

void inspect_deeds_set_retarget(struct inspect_deeds *d,
				bool (*retarget)(void *user, const char *target, struct error *e), void *user)
{
	d->retarget = retarget;
	d->retarget_user = user;
}

struct replay_progress inspect_deeds_under_way(const struct inspect_deeds *d)
{
	return inspect_replays_under_way(d->replays);
}

static void on_over(void *user, const struct replay_progress *p)
{
	const struct inspect_deeds *d = user;
	if (d->over)
		d->over(d->closed_user, p);
}

static void on_replays_closed(void *user)
{
	struct inspect_deeds *d = user;
	void (*closed)(void *) = d->closed;
	void *closed_user = d->closed_user;
	store_close(d->store);
	free(d->path);
	free(d);
	if (closed)
		closed(closed_user);
}

void inspect_deeds_leave(struct inspect_deeds *d, void (*over)(void *user, const struct replay_progress *p),
			 void (*closed)(void *user), void *user)
{
	d->over = over;
	d->closed = closed;
	d->closed_user = user;
	inspect_replays_close(d->replays, on_over, on_replays_closed, d);
}

void inspect_deeds_stop(struct inspect_deeds *d)
{
	inspect_replays_stop_all(d->replays);
}

void inspect_deeds_close(struct inspect_deeds *d, void (*closed)(void *user), void *user)
{
	inspect_deeds_stop(d);
	inspect_deeds_leave(d, NULL, closed, user);
}
