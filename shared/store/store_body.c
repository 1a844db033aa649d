/* Reading bodies, wherever they lie, and the folder in which large ones lie as files (store.sql, schema 16). */
#include "shared/store/store_private.h"
#include "shared/store/store_stop.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define DELETE_MOST 64 /* in one transaction */

/* ---- reading ---- */

static void close_file(struct store_body *b)
{
	if (b->in_file && b->fd >= 0)
		close(b->fd);
	b->in_file = false;
	b->fd = -1;
}

void store_body_close(struct store_body *b)
{
	close_file(b);
	sqlite3_blob_close(b->blob);
	*b = (struct store_body){ .fd = -1 };
}

static enum store_body_found fail(struct store_body *b, int code)
{
	b->code = code;
	return (code & 0xff) == SQLITE_ERROR ? STORE_BODY_NO_ROW : STORE_BODY_FAILED;
}

/* To point a handle at another row takes a tenth of the time of opening one. */
static int open_blob(struct store *s, int64_t message, bool in_attempt, struct store_body *b)
{
	int code = SQLITE_ABORT;
	if (b->blob && b->in_attempt == in_attempt)
		code = sqlite3_blob_reopen(b->blob, message);
	if ((code & 0xff) == SQLITE_ABORT) {
		sqlite3_blob_close(b->blob);
		b->blob = NULL;
		code =
		    sqlite3_blob_open(s->db, "main", in_attempt ? "attempt" : "message", "body", message, 0, &b->blob);
	}
	if (code != SQLITE_OK) {
		sqlite3_blob_close(b->blob);
		b->blob = NULL;
	}
	b->in_attempt = in_attempt;
	return code;
}

/* *named: a row says that it lies in a file. Nothing in the row is trusted. */
static int find_file(struct store *s, int64_t message, bool *named, struct store_body *b)
{
	struct error ignored;
	sqlite3_stmt *st = store_statement(s, STATEMENT_FIND_FILE, &ignored);
	*named = false;
	if (!st)
		return store_stopped(s, &ignored) ? SQLITE_INTERRUPT : sqlite3_errcode(s->db);
	sqlite3_bind_int64(st, 1, message);
	int code = sqlite3_step(st);
	if (code == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0);
		int64_t len = sqlite3_column_int64(st, 1);
		*named = true;
		b->len = len > 0 ? (uint64_t)len : 0;
		snprintf(b->name, sizeof b->name, "%s", name ? name : "");
	}
	sqlite3_reset(st);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static enum store_body_found open_file(struct store *s, struct store_body *b)
{
	uint64_t len = 0;
	if (s->bodies && body_file_is_name(bytes_of(b->name)))
		b->fd = body_file_open(s->bodies, b->name, &len);
	return b->fd >= 0 && len >= b->len ? STORE_BODY_FOUND : STORE_BODY_LOST;
}

enum store_body_found store_body_open(struct store *s, int64_t message, bool in_attempt, struct store_body *b)
{
	close_file(b);
	int code = in_attempt ? SQLITE_OK : find_file(s, message, &b->in_file, b);
	if (code != SQLITE_OK)
		return fail(b, code);
	if (b->in_file)
		return open_file(s, b);
	code = open_blob(s, message, in_attempt, b);
	if (code != SQLITE_OK)
		return fail(b, code);
	b->len = (uint64_t)sqlite3_blob_bytes(b->blob);
	return STORE_BODY_FOUND;
}

enum store_body_found store_body_copy(struct store_body *b, uint64_t at, void *to, size_t len)
{
	if (!b->in_file) {
		int code = len ? sqlite3_blob_read(b->blob, to, (int)len, (int)at) : SQLITE_OK;
		return code == SQLITE_OK ? STORE_BODY_FOUND : fail(b, code);
	}
	for (uint8_t *next = to; len;) {
		ssize_t n = pread(b->fd, next, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return STORE_BODY_LOST;
		next += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return STORE_BODY_FOUND;
}

bool store_body_fail(struct store *s, const struct store_body *b, enum store_body_found found, int64_t message,
		     struct error *e)
{
	bool is_answer = message % MESSAGES_PER_DELIVERY != 0;
	if (found != STORE_BODY_LOST)
		return store_fail(s, "read", e);
	return error_set(e, EXIT_STORE,
			 "the body of delivery %lld%s cannot be read: its file %.*s in %.200s is missing or not whole",
			 (long long)(message / MESSAGES_PER_DELIVERY), is_answer ? "'s answer" : "", BODY_FILE_NAME_LEN,
			 b->name, s->bodies ? s->bodies : "memory");
}

bool store_body_load(struct store *s, int64_t message, struct buffer *out, struct error *e)
{
	struct store_body b = { .fd = -1 };
	enum store_body_found found = store_body_open(s, message, false, &b);
	bool fine = true;
	if (b.in_file && found == STORE_BODY_FOUND) {
		fine = buffer_reserve(out, (size_t)b.len) || error_set(e, EXIT_STORE, "out of memory");
		found = fine ? store_body_copy(&b, 0, out->at + out->len, (size_t)b.len) : found;
		out->len += fine && found == STORE_BODY_FOUND ? (size_t)b.len : 0;
	}
	if (fine && found != STORE_BODY_FOUND && found != STORE_BODY_NO_ROW)
		fine = store_body_fail(s, &b, found, message, e);
	store_body_close(&b);
	return fine;
}

bool store_body_is_lost(struct store *s, int64_t message)
{
	struct store_body b = { .fd = -1 };
	bool lost = store_body_open(s, message, false, &b) == STORE_BODY_LOST;
	store_body_close(&b);
	return lost;
}

bool store_body_spill(struct store *s, int64_t message, struct spill *out, struct error *e)
{
	struct store_body b = { .fd = -1 };
	enum store_body_found found = store_body_open(s, message, false, &b);
	bool fine =
	    found == STORE_BODY_FOUND || found == STORE_BODY_NO_ROW || store_body_fail(s, &b, found, message, e);
	if (fine && b.in_file) {
		spill_adopt_file(out, b.fd, b.len);
		b.fd = -1;
	}
	store_body_close(&b);
	return fine;
}

/* ---- deleting ---- */

bool store_body_drop(struct store *s, enum store_statement which, int64_t first, int64_t last, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, which, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, first);
	if (sqlite3_bind_parameter_count(st) > 1)
		sqlite3_bind_int64(st, 2, last);
	if (!store_execute(s, st, e))
		return false;
	if (sqlite3_changes(s->db) > 0)
		atomic_store(&s->files_gone, true);
	return true;
}

struct gone {
	char names[DELETE_MOST][BODY_FILE_NAME_LEN + 1];
	int count;
};

static bool list_gone(struct store *s, struct gone *out, struct error *e)
{
	int code;
	sqlite3_stmt *st = store_statement(s, STATEMENT_LIST_GONE_FILES, e);
	out->count = 0;
	if (!st)
		return false;
	sqlite3_bind_int(st, 1, DELETE_MOST);
	while ((code = sqlite3_step(st)) == SQLITE_ROW && out->count < DELETE_MOST) {
		const char *name = (const char *)sqlite3_column_text(st, 0);
		snprintf(out->names[out->count++], sizeof *out->names, "%s", name ? name : "");
	}
	sqlite3_reset(st);
	return code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
}

static bool forget_gone(struct store *s, const struct gone *gone, struct error *e)
{
	bool fine = true;
	for (int i = 0; fine && i < gone->count; i++) {
		sqlite3_stmt *st = store_statement(s, STATEMENT_FORGET_GONE_FILE, e);
		if (!st)
			return false;
		store_bind_bytes(st, 1, bytes_of(gone->names[i]), false);
		fine = store_execute(s, st, e);
	}
	return fine;
}

/* This commit syncs those that deleted the rows, too, and only then does a file go: after a power cut no row names one
 * that is not there. What is not deleted then is found by the next sweep. */
static bool delete_some(struct store *s, struct gone *gone)
{
	struct error ignored;
	if (!list_gone(s, gone, &ignored) || !gone->count || !store_batch_ops.begin(s, &ignored))
		return false;
	if (!forget_gone(s, gone, &ignored) || !store_batch_ops.commit(s, &ignored)) {
		store_batch_ops.rollback(s);
		return false;
	}
	for (int i = 0; i < gone->count; i++)
		if (body_file_is_name(bytes_of(gone->names[i])))
			body_file_remove(s->bodies, gone->names[i]);
	return gone->count == DELETE_MOST;
}

void store_body_files_delete(struct store *s)
{
	struct gone gone;
	atomic_store(&s->files_gone, false);
	while (s->bodies && delete_some(s, &gone))
		;
}

const char *store_bodies(const struct store *s)
{
	return s->bodies;
}

bool store_body_any_gone(const struct store *s)
{
	return atomic_load(&s->files_gone);
}

void store_body_delete_gone(struct store *own, struct store *writer)
{
	atomic_store(&writer->files_gone, false);
	store_body_files_delete(own);
}

/* What a file no row names is left of a killed program; where the database cannot be read, nothing is. */
static uint64_t on_file(void *user, const char *name, uint64_t len)
{
	struct store *s = user;
	struct error ignored;
	sqlite3_stmt *st = store_statement(s, STATEMENT_FIND_FILE_NAME, &ignored);
	if (!st)
		return len;
	store_bind_bytes(st, 1, bytes_of(name), false);
	int code = sqlite3_step(st);
	int64_t named = sqlite3_column_int64(st, 0);
	bool is_gone = sqlite3_column_int(st, 1) != 0;
	sqlite3_reset(st);
	if (code == SQLITE_DONE)
		return 0;
	return code == SQLITE_ROW && !is_gone && named > 0 && (uint64_t)named < len ? (uint64_t)named : len;
}

void store_body_files_sweep(struct store *s)
{
	if (!s->bodies || access(s->bodies, F_OK) != 0)
		return;
	store_body_files_delete(s);
	body_file_sweep(s->bodies, on_file, s);
}
