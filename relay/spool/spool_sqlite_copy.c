/* The spool's rows for a backup, and out of one. */
#include "relay/names/router.h"
#include "relay/spool/spool_sqlite_private.h"
#include "shared/disk/sqlite_row.h"
#include "shared/wire/seal.h"

#include <stdlib.h>

#define PIECES_BYTES (1u << 20)

/* ---- out ---- */

static bool put_rows(struct spool_sqlite *s, sqlite3_stmt *st, enum spool_copy_piece what, struct spool_copied *far,
		     struct buffer *out, struct error *e)
{
	int code = SQLITE_ROW;
	while ((what == SPOOL_COPY_MAILBOX || out->len < PIECES_BYTES) && (code = sqlite3_step(st)) == SQLITE_ROW) {
		if (!buffer_put_u8(out, (uint8_t)what) || !sqlite_row_put(out, st)) {
			sqlite3_reset(st);
			return error_set(e, EXIT_STORE, "out of memory");
		}
		if (what == SPOOL_COPY_DELIVERY) {
			far->row = sqlite3_column_int64(st, 0);
			far->count++;
		}
	}
	bool fine = code == SQLITE_ROW || code == SQLITE_DONE || spool_sqlite_fail(s, "read", e);
	sqlite3_reset(st);
	far->is_whole = what == SPOOL_COPY_DELIVERY && code == SQLITE_DONE;
	return fine;
}

static bool begin_copy(struct spool_sqlite *s, struct spool_copied *far, struct buffer *out, struct error *e)
{
	int64_t mailbox;
	bool left;
	sqlite3_stmt *st = spool_sqlite_statement(s, SPOOL_COPY_MAILBOXES, e);
	far->begun = true;
	return st && spool_sqlite_last_ids(s, &mailbox, &far->last, &left, e) &&
	       put_rows(s, st, SPOOL_COPY_MAILBOX, far, out, e);
}

bool spool_sqlite_copy(struct spool_sqlite *s, struct spool_copied *far, struct buffer *out, struct error *e)
{
	if (!far->begun && !begin_copy(s, far, out, e))
		return false;
	sqlite3_stmt *st = spool_sqlite_statement(s, SPOOL_COPY_DELIVERIES, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, far->row);
	sqlite3_bind_int64(st, 2, far->last);
	return put_rows(s, st, SPOOL_COPY_DELIVERY, far, out, e) &&
	       (!far->is_whole || (buffer_put_u8(out, SPOOL_COPY_END) && buffer_put_u64(out, far->count)) ||
		error_set(e, EXIT_STORE, "out of memory"));
}

/* ---- in ---- */

/* The mailboxes of the backup with their ids here, in the order of theirs. */
struct merge {
	struct spool_sqlite *s;
	sqlite3 *from;
	const char *path;
	struct mailbox_ids {
		int64_t there, here;
	} * ids;
	size_t count;
};

static bool fail_from(const struct merge *m, struct error *e)
{
	return error_set(e, EXIT_STORE, "%s cannot be read: %s", m->path, sqlite3_errmsg(m->from));
}

static bool broken(const struct merge *m, struct error *e)
{
	return error_set(e, EXIT_STORE, "%s is damaged: it holds what no relay writes; nothing was restored", m->path);
}

static bool bind_column(sqlite3_stmt *st, int to, sqlite3_stmt *row, int from)
{
	return sqlite3_bind_value(st, to, sqlite3_column_value(row, from)) == SQLITE_OK;
}

/* The row's columns from `first` on as ?`to` and those after it. */
static bool bind_columns(sqlite3_stmt *st, int to, sqlite3_stmt *row, int first, int count)
{
	for (int i = 0; i < count; i++)
		if (!bind_column(st, to + i, row, first + i))
			return false;
	return true;
}

static bool find_mailbox(struct merge *m, sqlite3_stmt *row, int64_t *here, struct error *e)
{
	sqlite3_stmt *st = spool_sqlite_statement(m->s, SPOOL_MERGE_FIND, e);
	if (!st)
		return false;
	int code = bind_column(st, 1, row, 1) && bind_column(st, 2, row, 3) ? sqlite3_step(st) : SQLITE_NOMEM;
	*here = code == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	bool fine = code == SQLITE_ROW || code == SQLITE_DONE || spool_sqlite_fail(m->s, "read", e);
	sqlite3_reset(st);
	return fine;
}

static bool merge_mailbox(struct merge *m, sqlite3_stmt *row, struct error *e)
{
	struct mailbox_ids ids = { .there = sqlite3_column_int64(row, 0) };
	const void *tunnel = sqlite3_column_text(row, 1);
	struct bytes name = bytes_make(tunnel, (size_t)sqlite3_column_bytes(row, 1));
	int key_len = sqlite3_column_bytes(row, 3);
	if (!router_name_valid(name) || (key_len != 0 && key_len != SEAL_KEY_LEN))
		return broken(m, e);
	if (!find_mailbox(m, row, &ids.here, e))
		return false;
	if (!ids.here) {
		sqlite3_stmt *st = spool_sqlite_statement(m->s, SPOOL_MERGE_MAILBOX, e);
		if (!st || (!bind_columns(st, 1, row, 1, 7) && !spool_sqlite_fail(m->s, "written", e)) ||
		    !spool_sqlite_finish(m->s, st, e))
			return false;
		ids.here = sqlite3_last_insert_rowid(m->s->db);
	}
	/* Doubled at each power of two. */
	if ((m->count & (m->count + 1)) == 0) {
		struct mailbox_ids *more = realloc(m->ids, (2 * m->count + 1) * sizeof *more);
		if (!more)
			return error_set(e, EXIT_STORE, "out of memory");
		m->ids = more;
	}
	m->ids[m->count++] = ids;
	return true;
}

static int by_there(const void *a, const void *b)
{
	int64_t one = ((const struct mailbox_ids *)a)->there, two = ((const struct mailbox_ids *)b)->there;
	return (one > two) - (one < two);
}

static bool merge_delivery(struct merge *m, sqlite3_stmt *row, struct spool_merged *merged, struct error *e)
{
	struct mailbox_ids wanted = { .there = sqlite3_column_int64(row, 1) };
	const struct mailbox_ids *ids = m->count ? bsearch(&wanted, m->ids, m->count, sizeof wanted, by_there) : NULL;
	if (!ids || sqlite3_column_bytes(row, 2) != UUID_LEN)
		return broken(m, e);
	struct bytes payload = bytes_make(sqlite3_column_blob(row, 6), (size_t)sqlite3_column_bytes(row, 6));
	sqlite3_stmt *st =
	    spool_sqlite_take_disk(m->s, payload.len, e) ? spool_sqlite_statement(m->s, SPOOL_MERGE_DELIVERY, e) : NULL;
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, ids->here);
	if ((!bind_columns(st, 2, row, 2, 4) && !spool_sqlite_fail(m->s, "written", e)) ||
	    !spool_sqlite_finish(m->s, st, e))
		return false;
	if (sqlite3_changes(m->s->db) == 0) {
		merged->known++;
		return true;
	}
	merged->deliveries++;
	return spool_sqlite_put_payload(m->s, sqlite3_last_insert_rowid(m->s->db), payload, e);
}

static bool merge_rows(struct merge *m, const char *sql, struct spool_merged *merged, struct error *e)
{
	sqlite3_stmt *row;
	if (sqlite3_prepare_v2(m->from, sql, -1, &row, NULL) != SQLITE_OK)
		return fail_from(m, e);
	int code = SQLITE_DONE;
	bool fine = true;
	while (fine && (code = sqlite3_step(row)) == SQLITE_ROW)
		fine = merged ? merge_delivery(m, row, merged, e) : merge_mailbox(m, row, e);
	fine = fine && (code == SQLITE_DONE || fail_from(m, e));
	sqlite3_finalize(row);
	return fine;
}

bool spool_sqlite_merge(struct spool_sqlite *s, sqlite3 *from, const char *path, struct spool_merged *merged,
			struct error *e)
{
	struct merge m = { .s = s, .from = from, .path = path };
	*merged = (struct spool_merged){ 0 };
	if (!spool_sqlite_batch_ops.begin(s, e))
		return false;
	bool fine = merge_rows(&m,
			       "SELECT id, tunnel, owner, key, options, random_name, seen_at, expired FROM mailbox"
			       " ORDER BY id",
			       NULL, e) &&
		    merge_rows(&m,
			       "SELECT id, mailbox, event_id, received_at, size, sealed, payload FROM waiting"
			       " ORDER BY id",
			       merged, e) &&
		    spool_sqlite_batch_ops.commit(s, e);
	if (!fine)
		spool_sqlite_batch_ops.rollback(s);
	free(m.ids);
	return fine;
}
