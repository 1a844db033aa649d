/* The search index's filling and the record's pruning: both in small steps, beside a running client. */
#include "shared/store_filter.h"
#include "shared/store_private.h"

/* Each step holds the write lock, and a delivery that comes meanwhile waits: 4 ms in the mean, 50 at times, when FTS5
 * merges (measured with 1 KiB and 64 KiB bodies). */
#define INDEX_ROWS 32
#define INDEX_BYTES 65536
#define PRUNE_ROWS 32
#define PRUNE_BYTES 1048576
#define PRUNE_PAUSE_MS 2 /* who waits for the lock looks again after a sleep, and must find it free */

static bool run_with_id(struct store *s, enum store_statement which, int64_t id, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, which, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	bool fine = sqlite3_step(st) == SQLITE_DONE || store_fail(s, "written", e);
	sqlite3_reset(st);
	return fine;
}

bool store_index_some(struct store *s, bool *more, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_INDEX_NEXT, e);
	int64_t last = 0, bytes = 0;
	int code = SQLITE_ROW, rows = 0;
	*more = false;
	if (!st)
		return false;
	sqlite3_bind_int(st, 1, INDEX_ROWS);
	while (bytes < INDEX_BYTES && (code = sqlite3_step(st)) == SQLITE_ROW) {
		last = sqlite3_column_int64(st, 0);
		bytes += sqlite3_column_int64(st, 1);
		rows++;
	}
	sqlite3_reset(st);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return store_fail(s, "read", e);
	if (rows == 0)
		return true;
	*more = rows == INDEX_ROWS || code == SQLITE_ROW;
	return run_with_id(s, STATEMENT_INDEX, last, e) && run_with_id(s, STATEMENT_MARK, last, e);
}

/* From the index first: its words are read from what is deleted then. */
bool store_delete(struct store *s, int64_t id, struct error *e)
{
	return run_with_id(s, STATEMENT_UNINDEX, id, e) && run_with_id(s, STATEMENT_DELETE, id, e);
}

/* ---- pruning ---- */

struct batch {
	int64_t newest; /* stays: no later one shall have its id */
	int64_t at[PRUNE_ROWS];
	size_t count;
	uint64_t bytes;
	int64_t last; /* looked at */
	uint64_t counted;
};

static bool may_go(const struct batch *b, const struct delivery_row *row)
{
	return row->id < b->newest && row->state != DELIVERY_WAITING && row->state != DELIVERY_SENDING;
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct batch *b = user;
	if (b->bytes >= PRUNE_BYTES)
		return;
	b->last = row->id;
	if (!may_go(b, row))
		return;
	b->bytes += row->request_bytes + row->response_bytes;
	b->at[b->count++] = row->id;
}

static void on_counted(void *user, const struct delivery_row *row)
{
	struct batch *b = user;
	b->counted += may_go(b, row);
}

static bool read_number(struct store *s, const char *sql, uint64_t *out, struct error *e)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		return store_fail(s, "read", e);
	bool fine = sqlite3_step(st) == SQLITE_ROW;
	if (fine)
		*out = (uint64_t)sqlite3_column_int64(st, 0);
	else
		store_fail(s, "read", e);
	sqlite3_finalize(st);
	return fine;
}

static bool bytes_in_use(struct store *s, uint64_t *out, struct error *e)
{
	uint64_t pages = 0, unused = 0, size = 0;
	if (!read_number(s, "PRAGMA page_count", &pages, e) || !read_number(s, "PRAGMA freelist_count", &unused, e) ||
	    !read_number(s, "PRAGMA page_size", &size, e))
		return false;
	*out = (pages - unused) * size;
	return true;
}

static bool delete_batch(struct store *s, const struct batch *b, struct error *e)
{
	if (!store_batch_ops.begin(s, e))
		return false;
	bool fine = true;
	for (size_t i = 0; fine && i < b->count; i++)
		fine = store_delete(s, b->at[i], e);
	if (fine && store_batch_ops.commit(s, e))
		return true;
	store_batch_ops.rollback(s);
	return false;
}

static bool count_only(struct store *s, const struct store_prune *p, int64_t newest, struct store_pruned *out,
		       struct error *e)
{
	struct batch b = { .newest = newest };
	struct store_search search = {
		.filter = p->filter, .forward = true, .limit = UINT64_MAX, .row = on_counted, .user = &b
	};
	bool fine = store_filter(s, &search, e);
	out->count = b.counted;
	return fine;
}

bool store_prune(struct store *s, const struct store_prune *p, struct store_pruned *out, struct error *e)
{
	struct batch b = { 0 };
	uint64_t newest = 0;
	*out = (struct store_pruned){ 0 };
	if (!bytes_in_use(s, &out->bytes_before, e) ||
	    !read_number(s, "SELECT coalesce(max(id), 0) FROM delivery", &newest, e))
		return false;
	b.newest = (int64_t)newest;
	out->bytes_after = out->bytes_before;
	if (p->dry_run)
		return count_only(s, p, b.newest, out, e);
	do {
		if (p->max_bytes && out->bytes_after <= p->max_bytes)
			break;
		if (b.last)
			sqlite3_sleep(PRUNE_PAUSE_MS);
		struct store_search search = { .filter = p->filter,
					       .anchor = b.last,
					       .forward = true,
					       .limit = PRUNE_ROWS,
					       .row = on_row,
					       .user = &b };
		b.count = 0;
		b.bytes = 0;
		int64_t before = b.last;
		if (!store_filter(s, &search, e) || !delete_batch(s, &b, e) || !bytes_in_use(s, &out->bytes_after, e))
			return false;
		out->count += b.count;
		if (b.last == before)
			break;
	} while (!p->stop || !atomic_load(p->stop));
	return true;
}
