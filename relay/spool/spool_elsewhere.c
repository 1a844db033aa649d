/* What waits at other nodes of a cluster, as they said it last: kept, so that it counts after the next start as well.
 * Only a node of a cluster has the table, and most of what is written to it goes with what is written anyway. */
#include "relay/spool/spool_private.h"
#include "relay/spool/spool_sqlite_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

static bool make_table(struct spool_sqlite *s, struct error *e)
{
	return sqlite3_exec(s->db,
			    "CREATE TABLE IF NOT EXISTS elsewhere (node BLOB NOT NULL, tunnel TEXT NOT NULL,"
			    " key BLOB NOT NULL, count INTEGER NOT NULL, bytes INTEGER NOT NULL,"
			    " said_at INTEGER NOT NULL,"    /* by that node */
			    " adopted_at INTEGER NOT NULL," /* some of it was taken over; 0: nothing was */
			    " PRIMARY KEY (node, tunnel, key)) STRICT, WITHOUT ROWID",
			    NULL, NULL, NULL) == SQLITE_OK ||
	       spool_sqlite_fail(s, "written", e);
}

static bool write_row(struct spool_sqlite *s, const struct spool_elsewhere *r, struct error *e)
{
	const bool keep = r->count > 0 || r->adopted_at_us;
	sqlite3_stmt *st = spool_sqlite_statement(s, keep ? SPOOL_ELSEWHERE_KEEP : SPOOL_ELSEWHERE_DROP, e);
	if (!st)
		return false;
	sqlite3_bind_blob(st, 1, r->node, sizeof r->node, SQLITE_STATIC);
	sqlite3_bind_text64(st, 2, (const char *)r->tunnel.at, r->tunnel.len, SQLITE_STATIC, SQLITE_UTF8);
	sqlite3_bind_blob64(st, 3, r->key.len ? (const void *)r->key.at : "", r->key.len, SQLITE_STATIC);
	if (keep) {
		sqlite3_bind_int64(st, 4, (int64_t)r->count);
		sqlite3_bind_int64(st, 5, (int64_t)r->bytes);
		sqlite3_bind_int64(st, 6, (int64_t)r->said_at_us);
		sqlite3_bind_int64(st, 7, (int64_t)r->adopted_at_us);
	}
	return spool_sqlite_finish(s, st, e);
}

/* ---- one of them, to be written or read ---- */

struct row_job {
	struct writer_job job;
	struct spool *spool;
	struct row_job *next; /* of those that were read */
	struct spool_elsewhere row;
	uint8_t names[];
};

static struct row_job *copy_row(struct spool *s, const struct spool_elsewhere *r)
{
	struct row_job *j = calloc(1, sizeof *j + r->tunnel.len + r->key.len);
	if (!j)
		return NULL;
	j->spool = s;
	j->row = *r;
	j->row.tunnel.at = j->names;
	j->row.key.at = j->names + r->tunnel.len;
	if (r->tunnel.len > 0)
		memcpy(j->names, r->tunnel.at, r->tunnel.len);
	if (r->key.len > 0)
		memcpy(j->names + r->tunnel.len, r->key.at, r->key.len);
	return j;
}

static bool run_keep(struct writer_job *job, void *db, struct error *e)
{
	return write_row(db, &((struct row_job *)job)->row, e);
}

static void done_keep(struct writer_job *job, const struct error *e)
{
	struct row_job *j = (struct row_job *)job;
	const struct spool *s = j->spool;
	if (e && s->elsewhere.failed)
		s->elsewhere.failed(s->elsewhere_user, &j->row);
	free(j);
}

bool spool_keep_elsewhere(struct spool *s, const struct spool_elsewhere *r)
{
	struct row_job *j = copy_row(s, r);
	if (!j)
		return false;
	j->job.run = run_keep;
	j->job.done = done_keep;
	j->job.lazy = true;
	batch_writer_submit(s->writer, &j->job);
	return true;
}

/* ---- beginning ---- */

static bool run_begin(struct writer_job *job, void *db, struct error *e)
{
	(void)job;
	return make_table(db, e);
}

/* Of its own, and tried again: on a full disk what is kept can be read all the same. */
static bool run_delete_old(struct writer_job *job, void *db, struct error *e)
{
	sqlite3_stmt *st = spool_sqlite_statement(db, SPOOL_ELSEWHERE_OLD, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, (int64_t)((struct small_job *)job)->value);
	return spool_sqlite_finish(db, st, e);
}

struct read_job {
	struct writer_job job;
	struct spool *spool;
	uint64_t since_us;
	struct row_job *list;
};

static void drop_list(struct read_job *j)
{
	while (j->list) {
		struct row_job *r = j->list;
		j->list = r->next;
		free(r);
	}
}

static bool take_row(struct read_job *j, sqlite3_stmt *st)
{
	struct spool_elsewhere r = { .count = (uint64_t)sqlite3_column_int64(st, 3),
				     .bytes = (uint64_t)sqlite3_column_int64(st, 4),
				     .said_at_us = (uint64_t)sqlite3_column_int64(st, 5),
				     .adopted_at_us = (uint64_t)sqlite3_column_int64(st, 6) };
	const void *node = sqlite3_column_blob(st, 0);
	if (!node || sqlite3_column_bytes(st, 0) != (int)sizeof r.node)
		return true; /* no relay wrote it */
	memcpy(r.node, node, sizeof r.node);
	const void *tunnel = sqlite3_column_blob(st, 1), *key = sqlite3_column_blob(st, 2);
	r.tunnel = bytes_make(tunnel, (size_t)sqlite3_column_bytes(st, 1));
	r.key = bytes_make(key, (size_t)sqlite3_column_bytes(st, 2));
	struct row_job *row = copy_row(j->spool, &r);
	if (!row)
		return false;
	row->next = j->list;
	j->list = row;
	return true;
}

static bool run_read(struct writer_job *job, void *db, struct error *e)
{
	struct read_job *j = (struct read_job *)job;
	drop_list(j); /* from a run that was rolled back */
	sqlite3_stmt *st = spool_sqlite_statement(db, SPOOL_ELSEWHERE, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, (int64_t)j->since_us);
	int code;
	bool fine = true;
	while (fine && (code = sqlite3_step(st)) == SQLITE_ROW)
		fine = take_row(j, st) || error_set(e, EXIT_STORE, "out of memory");
	fine = fine && (code == SQLITE_DONE || spool_sqlite_fail(db, "read", e));
	sqlite3_reset(st);
	return fine;
}

static void done_read(struct writer_job *job, const struct error *e)
{
	struct read_job *j = (struct read_job *)job;
	const struct spool *s = j->spool;
	if (e)
		spool_jobs_trouble(j->spool, e);
	for (const struct row_job *r = e ? NULL : j->list; r && s->elsewhere.row; r = r->next)
		s->elsewhere.row(s->elsewhere_user, &r->row);
	drop_list(j);
	free(j);
}

bool spool_begin_elsewhere(struct spool *s, uint64_t since_us, const struct spool_elsewhere_events *events, void *user)
{
	struct small_job *begin = spool_small_job(s, 0, run_begin), *old = spool_small_job(s, 0, run_delete_old);
	struct read_job *read = calloc(1, sizeof *read);
	if (!begin || !old || !read) {
		free(begin);
		free(old);
		free(read);
		return false;
	}
	s->elsewhere = *events;
	s->elsewhere_user = user;
	begin->job.lazy = false; /* what follows needs the table */
	batch_writer_submit(s->writer, &begin->job);
	read->job.run = run_read;
	read->job.done = done_read;
	read->spool = s;
	read->since_us = since_us;
	batch_writer_submit(s->writer, &read->job);
	old->value = since_us;
	batch_writer_submit(s->writer, &old->job);
	return true;
}

void spool_end_elsewhere(struct spool *s)
{
	s->elsewhere = (struct spool_elsewhere_events){ .row = NULL };
}
