/* Moves what was written from the write-ahead log into the database when the log is long, and deletes the files of
 * large bodies that are no longer on record, on libuv's pool, so that no commit waits for it. Loop thread, the work
 * itself on a thread of the pool. */
#include "client/record/recorder_private.h"
#include "shared/query/store_part.h"

#define CACHE_KIB 256

static void on_work(uv_work_t *work)
{
	struct recorder *r = work->data;
	struct error e;
	/* Without a connection (no file descriptor is free, for example) the log grows until the next try. */
	bool fine = r->shortening.own || (store_open(&r->shortening.own, r->path, STORE_READ_WRITE, &e) &&
					  store_set_cache(r->shortening.own, CACHE_KIB, &e));
	if (fine && store_body_any_gone(r->store))
		store_body_delete_gone(r->shortening.own, r->store);
	if (store_log_is_long(r->store))
		store_shorten_log(fine ? r->shortening.own : NULL, r->store);
}

static void on_worked(uv_work_t *work, int status)
{
	struct recorder *r = work->data;
	(void)status;
	r->shortening.under_way = false;
	if (r->shortening.ending)
		r->shortening.stopped(r);
}

void recorder_log_look(struct recorder *r)
{
	struct shortening *x = &r->shortening;
	if (x->under_way || x->ending || (!store_log_is_long(r->store) && !store_body_any_gone(r->store)))
		return;
	x->work.data = r;
	x->under_way = uv_queue_work(r->loop, &x->work, on_work, on_worked) == 0;
}

void recorder_log_stop(struct recorder *r, void (*stopped)(struct recorder *r))
{
	r->shortening.stopped = stopped;
	r->shortening.ending = true;
	if (!r->shortening.under_way)
		stopped(r);
}
