/* Which deliveries of the spool have a copy in the cluster's stream. Only a node of a cluster has the table. It names a
 * delivery by its event id: a row's number may be used again after the relay was restarted. And which stream that was:
 * servers that lost what they kept have another one, where the same sequences are of other copies. */
#include "relay/spool/spool_private.h"
#include "relay/spool/spool_sqlite_private.h"

#include <stdlib.h>
#include <string.h>

#define READ_MOST (4u << 20)

/* ---- rows ---- */

bool spool_sqlite_begin_copies(struct spool_sqlite *s, struct error *e)
{
	return sqlite3_exec(s->db,
			    "CREATE TABLE IF NOT EXISTS copied (sequence INTEGER PRIMARY KEY, mailbox INTEGER NOT NULL,"
			    " event_id BLOB NOT NULL) STRICT;"
			    "CREATE INDEX IF NOT EXISTS copied_by_event ON copied (event_id, mailbox);"
			    "CREATE TABLE IF NOT EXISTS copied_in (one INTEGER PRIMARY KEY CHECK (one = 1),"
			    " stream TEXT NOT NULL) STRICT",
			    NULL, NULL, NULL) == SQLITE_OK ||
	       spool_sqlite_fail(s, "written", e);
}

bool spool_sqlite_copied_in(struct spool_sqlite *s, const char *stream, bool *is_another, struct error *e)
{
	sqlite3_stmt *st = spool_sqlite_statement(s, SPOOL_COPIED_IN, e);
	int code = st ? sqlite3_step(st) : SQLITE_ERROR;
	if (!st)
		return false;
	const char *before = code == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
	const bool is_same = before && strcmp(before, stream) == 0;
	*is_another = before && !is_same;
	const bool fine = code == SQLITE_ROW || code == SQLITE_DONE || spool_sqlite_fail(s, "read", e);
	sqlite3_reset(st);
	if (!fine || is_same)
		return fine;
	if ((*is_another && !spool_sqlite_run(s, SPOOL_COPIED_FORGET, e)) ||
	    !(st = spool_sqlite_statement(s, SPOOL_COPIED_IN_SET, e)))
		return false;
	sqlite3_bind_text(st, 1, stream, -1, SQLITE_STATIC);
	return spool_sqlite_finish(s, st, e);
}

static struct spool_uncopied *take_row(sqlite3_stmt *st)
{
	struct spool_uncopied *u = calloc(1, sizeof *u);
	const void *bytes = sqlite3_column_blob(st, 6);
	size_t len = (size_t)sqlite3_column_bytes(st, 6);
	bool fine =
	    u && sqlite3_column_bytes(st, 2) == UUID_LEN && (len == 0 || buffer_append(&u->payload, bytes, len));
	if (!fine) {
		free(u);
		return NULL;
	}
	u->row = sqlite3_column_int64(st, 0);
	u->mailbox = sqlite3_column_int64(st, 1);
	memcpy(u->event_id, sqlite3_column_blob(st, 2), UUID_LEN);
	u->received_at_us = (uint64_t)sqlite3_column_int64(st, 3);
	u->sealed = sqlite3_column_int(st, 5) != 0;
	return u;
}

bool spool_sqlite_uncopied(struct spool_sqlite *s, int64_t after, size_t most, struct spool_uncopied **list,
			   struct error *e)
{
	sqlite3_stmt *st = spool_sqlite_statement(s, SPOOL_UNCOPIED, e);
	struct spool_uncopied **last = list;
	size_t bytes = 0;
	int code = SQLITE_DONE;
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, after);
	sqlite3_bind_int64(st, 2, (int64_t)most);
	sqlite3_bind_int64(st, 3, SPOOL_COPY_MOST);
	while (bytes < READ_MOST && (code = sqlite3_step(st)) == SQLITE_ROW) {
		if (!(*last = take_row(st)))
			break;
		bytes += (*last)->payload.len;
		last = &(*last)->next;
	}
	bool fine = code == SQLITE_ROW || code == SQLITE_DONE || spool_sqlite_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

bool spool_sqlite_copied(struct spool_sqlite *s, const struct spool_uncopied *u, uint64_t sequence, struct error *e)
{
	sqlite3_stmt *st = spool_sqlite_statement(s, SPOOL_COPIED, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, (int64_t)sequence);
	sqlite3_bind_int64(st, 2, u->mailbox);
	sqlite3_bind_blob(st, 3, u->event_id, UUID_LEN, SQLITE_TRANSIENT);
	return spool_sqlite_finish(s, st, e);
}

bool spool_sqlite_useless(struct spool_sqlite *s, uint64_t *sequences, size_t most, size_t *count, struct error *e)
{
	sqlite3_stmt *st = spool_sqlite_statement(s, SPOOL_USELESS, e);
	int code = SQLITE_DONE;
	*count = 0;
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, (int64_t)most);
	while (*count < most && (code = sqlite3_step(st)) == SQLITE_ROW)
		sequences[(*count)++] = (uint64_t)sqlite3_column_int64(st, 0);
	bool fine = code == SQLITE_ROW || code == SQLITE_DONE || spool_sqlite_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

bool spool_sqlite_copy_gone(struct spool_sqlite *s, uint64_t sequence, struct error *e)
{
	sqlite3_stmt *st = spool_sqlite_statement(s, SPOOL_COPY_GONE, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, (int64_t)sequence);
	return spool_sqlite_finish(s, st, e);
}

/* ---- jobs ---- */

static bool run_begin(struct writer_job *job, void *db, struct error *e)
{
	(void)job;
	return spool_sqlite_begin_copies(db, e);
}

bool spool_begin_copies(struct spool *s,
			void (*put)(void *user, int64_t row, void (*done)(void *user, const struct error *e),
				    void *done_user),
			void *user)
{
	struct small_job *j = spool_small_job(s, 0, run_begin);
	if (!j)
		return false;
	s->put = put;
	s->put_user = user;
	j->job.lazy = false; /* what follows needs the table */
	batch_writer_submit(s->writer, &j->job);
	return true;
}

void spool_end_copies(struct spool *s)
{
	s->put = NULL;
}

const struct spool_mailbox *spool_find_mailbox(const struct spool *s, int64_t mailbox)
{
	const struct mailbox *m = spool_mailbox_find(s, mailbox);
	return m ? &m->is : NULL;
}

struct stream_job {
	struct writer_job job;
	bool is_another;
	void (*done)(void *user, bool is_another, const struct error *e);
	void *user;
	char stream[];
};

static bool run_stream(struct writer_job *job, void *db, struct error *e)
{
	struct stream_job *j = (struct stream_job *)job;
	return spool_sqlite_copied_in(db, j->stream, &j->is_another, e);
}

static void done_stream(struct writer_job *job, const struct error *e)
{
	struct stream_job *j = (struct stream_job *)job;
	j->done(j->user, !e && j->is_another, e);
	free(j);
}

void spool_copied_in(struct spool *s, const char *stream,
		     void (*done)(void *user, bool is_another, const struct error *e), void *user)
{
	const size_t len = strlen(stream) + 1;
	struct stream_job *j = calloc(1, sizeof *j + len);
	struct error e;
	if (!j) {
		error_set(&e, EXIT_STORE, "out of memory");
		done(user, false, &e);
		return;
	}
	j->job.run = run_stream;
	j->job.done = done_stream;
	j->done = done;
	j->user = user;
	memcpy(j->stream, stream, len);
	batch_writer_submit(s->writer, &j->job);
}

struct uncopied_job {
	struct writer_job job;
	int64_t after;
	size_t most;
	struct spool_uncopied *list;
	void (*done)(void *user, struct spool_uncopied *list, const struct error *e);
	void *user;
};

void spool_uncopied_free(struct spool_uncopied *u)
{
	buffer_free(&u->payload);
	free(u);
}

static void drop_list(struct uncopied_job *j)
{
	while (j->list) {
		struct spool_uncopied *u = j->list;
		j->list = u->next;
		spool_uncopied_free(u);
	}
}

static bool run_uncopied(struct writer_job *job, void *db, struct error *e)
{
	struct uncopied_job *j = (struct uncopied_job *)job;
	drop_list(j); /* from a run that was rolled back */
	return spool_sqlite_uncopied(db, j->after, j->most, &j->list, e);
}

static void done_uncopied(struct writer_job *job, const struct error *e)
{
	struct uncopied_job *j = (struct uncopied_job *)job;
	if (e)
		drop_list(j);
	j->done(j->user, j->list, e);
	free(j);
}

void spool_uncopied(struct spool *s, int64_t after, size_t most,
		    void (*done)(void *user, struct spool_uncopied *list, const struct error *e), void *user)
{
	struct uncopied_job *j = calloc(1, sizeof *j);
	struct error e;
	if (!j) {
		error_set(&e, EXIT_STORE, "out of memory");
		done(user, NULL, &e);
		return;
	}
	j->job.run = run_uncopied;
	j->job.done = done_uncopied;
	j->after = after;
	j->most = most;
	j->done = done;
	j->user = user;
	batch_writer_submit(s->writer, &j->job);
}

struct copied_job {
	struct writer_job job;
	struct spool_uncopied what; /* without its payload */
	uint64_t sequences[SPOOL_COPY_PARTS];
	size_t count;
};

static bool run_copied(struct writer_job *job, void *db, struct error *e)
{
	struct copied_job *j = (struct copied_job *)job;
	for (size_t i = 0; i < j->count; i++)
		if (!spool_sqlite_copied(db, &j->what, j->sequences[i], e))
			return false;
	return true;
}

/* A copy that could not be noted is made once more, and NATS drops the repetition. */
static void done_copied(struct writer_job *job, const struct error *e)
{
	(void)e;
	free(job);
}

void spool_copied(struct spool *s, const struct spool_uncopied *u, const uint64_t *sequences, size_t count)
{
	struct copied_job *j = count <= SPOOL_COPY_PARTS ? calloc(1, sizeof *j) : NULL;
	if (!j)
		return;
	j->job.run = run_copied;
	j->job.done = done_copied;
	j->job.lazy = true;
	j->what = (struct spool_uncopied){ .row = u->row, .mailbox = u->mailbox };
	memcpy(j->what.event_id, u->event_id, UUID_LEN);
	memcpy(j->sequences, sequences, count * sizeof *sequences);
	j->count = count;
	batch_writer_submit(s->writer, &j->job);
}

struct useless_job {
	struct writer_job job;
	uint64_t sequences[SPOOL_COPY_PARTS];
	size_t count;
	void (*done)(void *user, const uint64_t *sequences, size_t count);
	void *user;
};

static bool run_useless(struct writer_job *job, void *db, struct error *e)
{
	struct useless_job *j = (struct useless_job *)job;
	return spool_sqlite_useless(db, j->sequences, SPOOL_COPY_PARTS, &j->count, e);
}

static void done_useless(struct writer_job *job, const struct error *e)
{
	struct useless_job *j = (struct useless_job *)job;
	j->done(j->user, j->sequences, e ? 0 : j->count);
	free(j);
}

void spool_useless_copies(struct spool *s, void (*done)(void *user, const uint64_t *sequences, size_t count),
			  void *user)
{
	struct useless_job *j = calloc(1, sizeof *j);
	if (!j) {
		done(user, NULL, 0);
		return;
	}
	j->job.run = run_useless;
	j->job.done = done_useless;
	j->done = done;
	j->user = user;
	batch_writer_submit(s->writer, &j->job);
}

static bool run_gone(struct writer_job *job, void *db, struct error *e)
{
	return spool_sqlite_copy_gone(db, ((struct small_job *)job)->value, e);
}

void spool_copy_gone(struct spool *s, uint64_t sequence)
{
	struct small_job *j = spool_small_job(s, 0, run_gone);
	if (!j)
		return;
	j->value = sequence;
	batch_writer_submit(s->writer, &j->job);
}
