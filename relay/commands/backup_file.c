#include "relay/commands/backup_file.h"

#include "relay/spool/spool_sqlite.h"
#include "shared/base/clock.h"
#include "shared/disk/file.h"
#include "shared/disk/sqlite_file.h"
#include "shared/disk/sqlite_row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION 1
#define APPLICATION_ID 0x6372626b /* "crbk" */
#define BUSY_TIMEOUT_MS 5000

/* Columns as in relay.db and spool.db. */
static const char schema[] =
    "PRAGMA journal_mode=OFF; PRAGMA synchronous=FULL; BEGIN;"
    "CREATE TABLE about (relay TEXT NOT NULL, made_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE token (name TEXT PRIMARY KEY, tunnels TEXT NOT NULL, hash BLOB NOT NULL,"
    " created_at INTEGER NOT NULL, warning INTEGER NOT NULL) STRICT;"
    "CREATE TABLE tunnel (name TEXT PRIMARY KEY, owner TEXT NOT NULL, created_at INTEGER NOT NULL,"
    " seen_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE mailbox (id INTEGER PRIMARY KEY, tunnel TEXT NOT NULL, owner TEXT NOT NULL, key BLOB NOT NULL,"
    " options INTEGER NOT NULL, random_name INTEGER NOT NULL, seen_at INTEGER NOT NULL,"
    " expired INTEGER NOT NULL) STRICT;"
    "CREATE TABLE waiting (id INTEGER PRIMARY KEY, mailbox INTEGER NOT NULL, event_id BLOB NOT NULL,"
    " received_at INTEGER NOT NULL, size INTEGER NOT NULL, sealed INTEGER NOT NULL, payload BLOB NOT NULL) STRICT;"
    "PRAGMA application_id=1668440683; PRAGMA user_version=1";
_Static_assert(APPLICATION_ID == 1668440683 && VERSION == 1, "the numbers that end the schema");

struct backup {
	sqlite3 *db;
	char *path, *draft;
	sqlite3_stmt *mailbox, *delivery;
	struct backup_counts counts;
	bool is_whole, is_made;
};

static const struct sqlite_file_advice advice = {
	.damaged = "it is damaged",
	.not_a_database = "it is not a backup of creel-relay",
	.locked = "another program holds it: try again",
};

static bool fail(struct backup *b, const char *doing, struct error *e)
{
	return sqlite_file_fail(b->db, b->draft, doing, &advice, e);
}

static char *join(const char *path, const char *end)
{
	struct buffer text = { 0 };
	if (buffer_printf(&text, "%s%s", path, end) && buffer_put_u8(&text, 0))
		return (char *)text.at;
	buffer_free(&text);
	return NULL;
}

/* Anything but a backup stays where it is: a slip of the hand would cost a database. */
static bool may_replace(const char *path, struct error *e)
{
	struct stat st;
	struct error ignored;
	if (stat(path, &st) != 0)
		return true;
	sqlite3 *db = S_ISREG(st.st_mode) ? backup_open(path, &ignored) : NULL;
	sqlite3_close(db);
	return db || error_set(e, EXIT_USAGE, "%s is there already and is not a backup: name another file", path);
}

bool backup_new(struct backup **out, const char *path, struct error *e)
{
	*out = NULL;
	if (!may_replace(path, e))
		return false;
	struct backup *b = calloc(1, sizeof *b);
	if (!b || !(b->path = join(path, "")) || !(b->draft = join(path, ".part"))) {
		backup_free(b);
		return error_set(e, EXIT_STORE, "out of memory");
	}
	unlink(b->draft); /* of one that was killed */
	b->is_made = sqlite_file_make(b->draft);
	bool fine = b->is_made ||
		    error_set(e, EXIT_STORE, "%s cannot be made: %s; name a file in a folder that you may write to",
			      b->draft, strerror(errno));
	if (fine)
		fine = (sqlite_file_connect(b->draft, true, BUSY_TIMEOUT_MS, &b->db) == SQLITE_OK &&
			sqlite3_exec(b->db, schema, NULL, NULL, NULL) == SQLITE_OK &&
			sqlite3_prepare_v2(b->db, "INSERT INTO mailbox VALUES (?1,?2,?3,?4,?5,?6,?7,?8)", -1,
					   &b->mailbox, NULL) == SQLITE_OK &&
			sqlite3_prepare_v2(b->db, "INSERT INTO waiting VALUES (?1,?2,?3,?4,?5,?6,?7)", -1, &b->delivery,
					   NULL) == SQLITE_OK) ||
		       fail(b, "written", e);
	if (!fine) {
		backup_free(b);
		return false;
	}
	*out = b;
	return true;
}

bool backup_put_tokens(struct backup *b, struct tokens *t, struct error *e)
{
	return tokens_save(t, b->db, b->draft, &b->counts.tokens, &b->counts.names, e);
}

/* ---- what waits ---- */

enum taken { TAKEN, TAKEN_MORE, TAKEN_FAILED };

static enum taken broken(struct error *e)
{
	error_set(e, EXIT_STORE, "the relay's answer is not a backup: is it of the same version as this creel-relay?");
	return TAKEN_FAILED;
}

static enum taken take_row(struct backup *b, struct bytes *from, sqlite3_stmt *st, struct error *e)
{
	enum sqlite_row_taken taken = sqlite_row_take(from, st);
	if (taken != SQLITE_ROW_TAKEN)
		return taken == SQLITE_ROW_MORE ? TAKEN_MORE : broken(e);
	bool fine = sqlite3_step(st) == SQLITE_DONE || fail(b, "written", e);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	if (fine)
		b->counts.deliveries += st == b->delivery;
	return fine ? TAKEN : TAKEN_FAILED;
}

static enum taken take_piece(struct backup *b, struct bytes *from, struct error *e)
{
	struct bytes rest = bytes_make(from->at + 1, from->len - 1);
	enum taken taken = TAKEN;
	if (b->is_whole) /* nothing may follow the end */
		return broken(e);
	switch (from->at[0]) {
	case SPOOL_COPY_MAILBOX:
		taken = take_row(b, &rest, b->mailbox, e);
		break;
	case SPOOL_COPY_DELIVERY:
		taken = take_row(b, &rest, b->delivery, e);
		break;
	case SPOOL_COPY_END:
		if (rest.len < 8)
			return TAKEN_MORE;
		b->is_whole = bytes_get_u64(rest.at) == b->counts.deliveries;
		if (!b->is_whole)
			return broken(e);
		rest = bytes_make(rest.at + 8, rest.len - 8);
		break;
	default:
		return broken(e);
	}
	if (taken == TAKEN)
		*from = rest;
	return taken;
}

bool backup_put_spool(void *backup, struct buffer *come, struct error *e)
{
	struct bytes from = buffer_view(come);
	enum taken taken = TAKEN;
	while (from.len > 0 && taken == TAKEN)
		taken = take_piece(backup, &from, e);
	buffer_consume(come, come->len - from.len);
	return taken != TAKEN_FAILED;
}

/* ---- the end of it ---- */

static bool write_about(struct backup *b, struct error *e)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(b->db, "INSERT INTO about VALUES (?1, ?2)", -1, &st, NULL) != SQLITE_OK)
		return fail(b, "written", e);
	sqlite3_bind_text(st, 1, CREEL_VERSION, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, (int64_t)clock_now_us());
	bool fine = sqlite3_step(st) == SQLITE_DONE || fail(b, "written", e);
	sqlite3_finalize(st);
	return fine;
}

static bool close_db(struct backup *b)
{
	sqlite3_finalize(b->mailbox);
	sqlite3_finalize(b->delivery);
	b->mailbox = b->delivery = NULL;
	bool fine = sqlite3_close(b->db) == SQLITE_OK;
	b->db = NULL;
	return fine;
}

bool backup_place(struct backup *b, struct backup_counts *counts, struct error *e)
{
	if (!b->is_whole)
		return error_set(e, EXIT_NO, "the relay ended before the backup was whole; its log says why");
	if (!write_about(b, e))
		return false;
	if (sqlite3_exec(b->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return fail(b, "written", e);
	if (!close_db(b))
		return error_set(e, EXIT_STORE, "%s cannot be written", b->draft);
	if (!file_place(b->draft, b->path))
		return error_set(e, EXIT_STORE, "%s cannot be made: %s; name another file", b->path, strerror(errno));
	b->is_made = false;
	*counts = b->counts;
	return true;
}

void backup_free(struct backup *b)
{
	if (!b)
		return;
	close_db(b);
	if (b->is_made)
		unlink(b->draft);
	free(b->path);
	free(b->draft);
	free(b);
}

/* ---- reading ---- */

static bool check_text(sqlite3 *db, const char *sql, const char *wanted)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		return false;
	const char *said = sqlite3_step(st) == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
	bool fine = said && strcmp(said, wanted) == 0;
	sqlite3_finalize(st);
	return fine;
}

static bool check(sqlite3 *db, const char *path, struct error *e)
{
	int64_t version, application;
	if (!sqlite_file_number(db, "PRAGMA application_id", &application) ||
	    !sqlite_file_number(db, "PRAGMA user_version", &version))
		return sqlite_file_fail(db, path, "read", &advice, e);
	if (application != APPLICATION_ID || version < 1)
		return error_set(e, EXIT_STORE, "%s is not a backup of creel-relay", path);
	if (version > VERSION)
		return error_set(e, EXIT_STORE, "%s was written by a newer creel-relay: restore it with that one",
				 path);
	return check_text(db, "PRAGMA quick_check(1)", "ok") ||
	       error_set(e, EXIT_STORE, "%s is damaged: restore another backup", path);
}

sqlite3 *backup_open(const char *path, struct error *e)
{
	sqlite3 *db;
	struct stat st;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		error_set(e, EXIT_STORE, "%s is not a file", path);
		return NULL;
	}
	bool fine = sqlite_file_connect(path, false, BUSY_TIMEOUT_MS, &db) == SQLITE_OK
			? check(db, path, e)
			: sqlite_file_fail(db, path, "read", &advice, e);
	if (fine)
		return db;
	sqlite3_close(db);
	return NULL;
}
