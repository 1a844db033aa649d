/* The spool's rows: mailboxes, what waits in them, what is removed. */
#include "relay/spool/spool_sqlite_private.h"

#include <stdlib.h>
#include <string.h>

#define FETCH_BYTES (4u << 20)

/* A failing bind leaves NULL, which NOT NULL turns into an error. */
static void bind_text(sqlite3_stmt *st, int index, struct bytes b)
{
	sqlite3_bind_text64(st, index, b.len ? (const char *)b.at : "", b.len, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_blob(sqlite3_stmt *st, int index, struct bytes b)
{
	sqlite3_bind_blob64(st, index, b.len ? (const void *)b.at : "", b.len, SQLITE_STATIC);
}

static struct bytes column(sqlite3_stmt *st, int index)
{
	const void *at = sqlite3_column_blob(st, index);
	return bytes_make(at, (size_t)sqlite3_column_bytes(st, index));
}

static bool run_with(struct spool_sqlite *s, enum spool_statement which, int64_t first, int64_t second, struct error *e)
{
	sqlite3_stmt *st = spool_sqlite_statement(s, which, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, first);
	if (sqlite3_bind_parameter_count(st) > 1)
		sqlite3_bind_int64(st, 2, second);
	return spool_sqlite_finish(s, st, e);
}

/* ---- mailboxes ---- */

bool spool_sqlite_load(struct spool_sqlite *s, bool (*each)(void *user, const struct spool_loaded *m), void *user,
		       struct error *e)
{
	sqlite3_stmt *st = spool_sqlite_statement(s, SPOOL_MAILBOXES, e);
	if (!st)
		return false;
	int code;
	bool fine = true;
	while (fine && (code = sqlite3_step(st)) == SQLITE_ROW) {
		struct spool_loaded m = {
			.mailbox = { .id = sqlite3_column_int64(st, 0),
				     .tunnel = column(st, 1),
				     .owner = column(st, 2),
				     .key = column(st, 3),
				     .options = (uint32_t)sqlite3_column_int64(st, 4),
				     .features = (uint32_t)((uint64_t)sqlite3_column_int64(st, 4) >> 32),
				     .random_name = sqlite3_column_int(st, 5) != 0,
				     .seen_at_us = (uint64_t)sqlite3_column_int64(st, 6) },
			.level = { .expired = (uint64_t)sqlite3_column_int64(st, 7),
				   .count = (uint64_t)sqlite3_column_int64(st, 8),
				   .bytes = (uint64_t)sqlite3_column_int64(st, 9) },
		};
		fine = each(user, &m) || error_set(e, EXIT_STORE, "out of memory");
	}
	fine = fine && (code == SQLITE_DONE || spool_sqlite_fail(s, "read", e));
	sqlite3_reset(st);
	return fine;
}

bool spool_sqlite_last_ids(struct spool_sqlite *s, int64_t *mailbox, int64_t *row, bool *left, struct error *e)
{
	sqlite3_stmt *st = spool_sqlite_statement(s, SPOOL_LAST_IDS, e);
	if (!st)
		return false;
	bool fine = sqlite3_step(st) == SQLITE_ROW || spool_sqlite_fail(s, "read", e);
	if (fine) {
		*mailbox = sqlite3_column_int64(st, 0);
		*row = sqlite3_column_int64(st, 1);
		*left = sqlite3_column_int(st, 2) != 0;
	}
	sqlite3_reset(st);
	return fine;
}

bool spool_sqlite_write_mailbox(struct spool_sqlite *s, const struct spool_mailbox *m, struct error *e)
{
	for (int i = 0; i < 2; i++) {
		sqlite3_stmt *st = spool_sqlite_statement(s, i == 0 ? SPOOL_DISPLACE : SPOOL_WRITE_MAILBOX, e);
		if (!st)
			return false;
		sqlite3_bind_int64(st, 1, m->id);
		bind_text(st, 2, m->tunnel);
		bind_blob(st, 4, m->key);
		if (i == 1) {
			bind_text(st, 3, m->owner);
			sqlite3_bind_int64(st, 5, (int64_t)((uint64_t)m->features << 32 | m->options));
			sqlite3_bind_int64(st, 6, m->random_name);
			sqlite3_bind_int64(st, 7, (int64_t)m->seen_at_us);
		}
		if (!spool_sqlite_finish(s, st, e))
			return false;
	}
	return true;
}

bool spool_sqlite_leave(struct spool_sqlite *s, int64_t mailbox, struct error *e)
{
	return run_with(s, SPOOL_LEAVE, mailbox, 0, e);
}

bool spool_sqlite_seen(struct spool_sqlite *s, int64_t mailbox, uint64_t now_us, struct error *e)
{
	return run_with(s, SPOOL_SEEN, mailbox, (int64_t)now_us, e);
}

bool spool_sqlite_missed(struct spool_sqlite *s, int64_t mailbox, struct error *e)
{
	return run_with(s, SPOOL_EXPIRED, mailbox, 0, e);
}

bool spool_sqlite_told(struct spool_sqlite *s, int64_t mailbox, uint64_t count, struct error *e)
{
	return run_with(s, SPOOL_TOLD, mailbox, (int64_t)count, e);
}

/* ---- deliveries ---- */

bool spool_sqlite_put_payload(struct spool_sqlite *s, int64_t row, struct bytes payload, struct error *e)
{
	sqlite3_stmt *st = spool_sqlite_statement(s, SPOOL_PUT_PAYLOAD, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, row);
	bind_blob(st, 2, payload);
	bool fine = spool_sqlite_finish(s, st, e);
	sqlite3_clear_bindings(st);
	return fine;
}

bool spool_sqlite_put(struct spool_sqlite *s, const struct spool_put *put, bool *stored, struct error *e)
{
	sqlite3_stmt *st =
	    spool_sqlite_take_disk(s, put->item->payload.len, e) ? spool_sqlite_statement(s, SPOOL_PUT, e) : NULL;
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, put->row);
	sqlite3_bind_int64(st, 2, put->mailbox);
	bind_blob(st, 3, bytes_make(put->item->event_id, UUID_LEN));
	sqlite3_bind_int64(st, 4, (int64_t)put->item->received_at_us);
	sqlite3_bind_int64(st, 5, (int64_t)put->item->payload.len);
	sqlite3_bind_int64(st, 6, put->sealed);
	if (!spool_sqlite_finish(s, st, e))
		return sqlite3_extended_errcode(s->db) == SQLITE_CONSTRAINT_FOREIGNKEY
			   ? error_set(e, EXIT_STORE, "%s does not hold the delivery's mailbox yet", s->path)
			   : false;
	*stored = sqlite3_changes(s->db) > 0;
	return true;
}

static struct spool_waiting *read_waiting(sqlite3_stmt *st)
{
	struct spool_waiting *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->row = sqlite3_column_int64(st, 0);
	struct bytes id = column(st, 1);
	if (id.len == UUID_LEN)
		memcpy(w->event_id, id.at, UUID_LEN);
	w->received_at_us = (uint64_t)sqlite3_column_int64(st, 2);
	w->sealed = sqlite3_column_int(st, 3) != 0;
	struct bytes payload = column(st, 4);
	/* Not buffer_append, whose capacity may be twice as much. NULL is also what column_blob gives without memory.
	 */
	w->payload.at = malloc(payload.len ? payload.len : 1);
	w->payload.cap = w->payload.len = payload.len;
	if (w->payload.at && payload.at)
		memcpy(w->payload.at, payload.at, payload.len);
	if (!w->payload.at || sqlite3_errcode(sqlite3_db_handle(st)) == SQLITE_NOMEM) {
		spool_waiting_free(w);
		return NULL;
	}
	return w;
}

bool spool_sqlite_fetch(struct spool_sqlite *s, int64_t mailbox, int64_t after, size_t most,
			struct spool_waiting **list, struct error *e)
{
	sqlite3_stmt *st = spool_sqlite_statement(s, SPOOL_FETCH, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, mailbox);
	sqlite3_bind_int64(st, 2, after);
	sqlite3_bind_int64(st, 3, most < INT32_MAX ? (int64_t)most : INT32_MAX);
	int code = SQLITE_DONE;
	size_t bytes = 0;
	bool fine = true;
	for (struct spool_waiting **last = list; bytes < FETCH_BYTES && (code = sqlite3_step(st)) == SQLITE_ROW;) {
		if (!(*last = read_waiting(st))) {
			fine = error_set(e, EXIT_STORE, "out of memory");
			break;
		}
		bytes += (*last)->payload.len;
		last = &(*last)->next;
	}
	fine = fine && (code == SQLITE_ROW || code == SQLITE_DONE || spool_sqlite_fail(s, "read", e));
	sqlite3_reset(st);
	return fine;
}

bool spool_sqlite_forget(struct spool_sqlite *s, int64_t mailbox, int64_t row, uint64_t *size, bool *found,
			 struct error *e)
{
	sqlite3_stmt *st = spool_sqlite_statement(s, SPOOL_FORGET, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, mailbox);
	int code = sqlite3_step(st);
	*found = code == SQLITE_ROW;
	if (*found) {
		*size = (uint64_t)sqlite3_column_int64(st, 0);
		code = sqlite3_step(st);
	}
	bool fine = code == SQLITE_DONE || spool_sqlite_fail(s, "written", e);
	sqlite3_reset(st);
	return fine && (!*found || run_with(s, SPOOL_FORGET_PAYLOAD, row, 0, e));
}

/* Removes what the query (for id, mailbox, size) finds. All of it is read before anything is removed, since a statement
 * must not run over a table that changes. */
static bool remove_found(struct spool_sqlite *s, enum spool_statement query, uint64_t before_us,
			 struct spool_removed removed[SPOOL_STEP], size_t *count, struct error *e)
{
	int64_t rows[SPOOL_STEP];
	sqlite3_stmt *st = spool_sqlite_statement(s, query, e);
	if (!st)
		return false;
	if (query == SPOOL_OLD)
		sqlite3_bind_int64(st, 1, (int64_t)before_us);
	sqlite3_bind_int64(st, 2, SPOOL_STEP);
	size_t n = 0;
	int code;
	while ((code = sqlite3_step(st)) == SQLITE_ROW && n < SPOOL_STEP) {
		rows[n] = sqlite3_column_int64(st, 0);
		removed[n].mailbox = sqlite3_column_int64(st, 1);
		removed[n++].size = (uint64_t)sqlite3_column_int64(st, 2);
	}
	bool fine = code == SQLITE_DONE || code == SQLITE_ROW || spool_sqlite_fail(s, "read", e);
	sqlite3_reset(st);
	*count = n;
	for (size_t i = 0; i < n && fine; i++) {
		uint64_t size;
		bool found;
		fine = spool_sqlite_forget(s, removed[i].mailbox, rows[i], &size, &found, e);
	}
	return fine;
}

bool spool_sqlite_expire(struct spool_sqlite *s, uint64_t before_us, struct spool_removed removed[SPOOL_STEP],
			 size_t *count, struct error *e)
{
	bool fine = remove_found(s, SPOOL_OLD, before_us, removed, count, e);
	for (size_t i = 0; fine && i < *count; i++)
		fine = run_with(s, SPOOL_EXPIRED, removed[i].mailbox, 0, e);
	return fine;
}

bool spool_sqlite_purge(struct spool_sqlite *s, bool *more, struct error *e)
{
	struct spool_removed removed[SPOOL_STEP];
	size_t count;
	if (!remove_found(s, SPOOL_LEFT, 0, removed, &count, e))
		return false;
	*more = count == SPOOL_STEP;
	return *more || spool_sqlite_run(s, SPOOL_DROP_LEFT, e);
}
