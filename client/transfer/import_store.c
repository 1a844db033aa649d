#include "client/transfer/import_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shared/base/clock.h"
#include "shared/disk/spill.h"
#include "shared/query/store_filter.h"
#include "shared/upkeep/store_prune.h"

#define HELD_MS 250 /* for which the store's lock is held at most */
#define PAUSE_MS 25 /* without the lock, so that a client that waits for it gets it */
#define DELETED_AT_ONCE 100

static void pause_for_others(void)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	nanosleep(&pause, NULL);
}

static bool begin(struct import_store *i, struct error *e)
{
	if (i->open)
		return true;
	i->open = store_batch_ops.begin(i->store, e);
	i->opened_at_ms = clock_steady_ms();
	return i->open;
}

static void roll_back(struct import_store *i)
{
	if (i->open)
		store_batch_ops.rollback(i->store);
	i->open = false;
	i->count = i->committed; /* the other ids may belong to other deliveries by now */
}

static bool commit(struct import_store *i, struct error *e)
{
	if (i->open && !store_batch_ops.commit(i->store, e)) {
		roll_back(i);
		return false;
	}
	i->open = false;
	i->committed = i->count;
	return true;
}

static bool remember(struct import_store *i, int64_t id, struct error *e)
{
	if (i->count == i->cap) {
		size_t cap = i->cap ? 2 * i->cap : 64;
		int64_t *ids = realloc(i->ids, cap * sizeof *ids);
		if (!ids)
			return error_set(e, EXIT_STORE, "out of memory");
		i->ids = ids;
		i->cap = cap;
	}
	i->ids[i->count++] = id;
	return true;
}

static bool insert(struct import_store *i, const struct transcript *x, const struct transcript_spills *spills,
		   struct error *e)
{
	int64_t id;
	bool known;
	if (!begin(i, e) || !transcript_insert(i->store, x, spills, &id, &known, e) || (!known && !remember(i, id, e)))
		return false;
	i->known += known;
	i->imported += !known;
	return true;
}

/* ---- large bodies, in files as the client has them ---- */

static bool is_large(const struct import_store *i, const struct buffer *body)
{
	return store_bodies(i->store) && body->len > SPILL_MEMORY;
}

static bool write_file(struct import_store *i, const struct buffer *body, struct spill *out, struct error *e)
{
	if (!is_large(i, body) || (spill_append(out, body->at, body->len) && spill_sync(out)))
		return true;
	return error_set(e, EXIT_STORE, "a body cannot be written to %.300s: %s", store_bodies(i->store),
			 strerror(errno));
}

/* The store's lock is not held while the files are written, and they are not let go of before they are on record. */
static bool add_large(struct import_store *i, const struct transcript *x, struct error *e)
{
	struct spill request, response;
	spill_init_for_record(&request, store_bodies(i->store), NULL);
	spill_init_for_record(&response, store_bodies(i->store), NULL);
	bool fine = commit(i, e) && write_file(i, &x->request.body, &request, e) &&
		    write_file(i, &x->response.body, &response, e);
	const struct transcript_spills spills = { is_large(i, &x->request.body) ? &request : NULL,
						  is_large(i, &x->response.body) ? &response : NULL };
	fine = fine && insert(i, x, &spills, e) && commit(i, e);
	if (fine) {
		spill_keep(&request);
		spill_keep(&response);
	} else {
		roll_back(i);
	}
	spill_free(&request);
	spill_free(&response);
	return fine;
}

bool import_store_add(struct import_store *i, const struct transcript *x, struct error *e)
{
	bool large = is_large(i, &x->request.body) || is_large(i, &x->response.body);
	if (!(large ? add_large(i, x, e) : insert(i, x, NULL, e)))
		return false;
	if (clock_steady_ms() - i->opened_at_ms < HELD_MS)
		return true;
	bool fine = commit(i, e);
	pause_for_others();
	return fine;
}

static bool delete_some(struct import_store *i, size_t end, struct error *e)
{
	if (!store_batch_ops.begin(i->store, e))
		return false;
	bool fine = true;
	for (size_t k = i->count; fine && k > end; k--)
		fine = store_delete(i->store, i->ids[k - 1], e);
	if (fine && store_batch_ops.commit(i->store, e))
		return true;
	store_batch_ops.rollback(i->store);
	return false;
}

static bool take_back(struct import_store *i, struct error *e)
{
	while (i->count > 0) {
		size_t end = i->count > DELETED_AT_ONCE ? i->count - DELETED_AT_ONCE : 0;
		if (!delete_some(i, end, e))
			return false;
		i->count = end;
		if (end > 0)
			pause_for_others();
	}
	return true;
}

bool import_store_finish(struct import_store *i, bool fine, struct error *e)
{
	struct error left = { 0 };
	fine = fine && commit(i, e);
	if (!fine)
		roll_back(i);
	if (!fine && !take_back(i, &left))
		error_set(e, EXIT_STORE,
			  "%zu deliveries of the file stay on record, for they could not be deleted again: %.300s",
			  i->count, left.text);
	free(i->ids);
	i->ids = NULL;
	return fine;
}
