/* Opening, making and migrating the client's record. */
#include "shared/store/store_journal.h"
#include "shared/store/store_private.h"

#include "shared/disk/folder.h"
#include "shared/disk/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEMA_VERSION 17
#define APPLICATION_ID 0x6372656c
#define WAL_RETRY_MS 10

extern const char store_schema_sql[]; /* shared/store.sql, compiled in */

char *store_default_path(struct error *e)
{
	char *path = folder_of_user(FOLDER_DATA, "creel.db");
	if (!path)
		error_set(e, EXIT_STORE, "there is no place for the store: HOME is not set; name a file with --db");
	return path;
}

static bool exec(struct store *s, const char *sql, const char *doing, struct error *e)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_fail(s, doing, e);
}

static bool read_pragma(struct store *s, const char *sql, int64_t *out, struct error *e)
{
	return sqlite_file_number(s->db, sql, out) || store_fail(s, "read", e);
}

static bool foreign(struct store *s, struct error *e)
{
	return error_set(e, EXIT_STORE, "%s is a database of another program: name another with --db", s->path);
}

/* The schema's number, 0 for a file with nothing in it. What is not creel's, or newer, is an error and left alone.
 * Within a transaction, so that no other client makes the schema between two of the questions. */
static bool read_version(struct store *s, int64_t *version, struct error *e)
{
	int64_t application = 0, tables = 0;
	if (!read_pragma(s, "PRAGMA user_version", version, e) ||
	    !read_pragma(s, "PRAGMA application_id", &application, e) ||
	    !read_pragma(s, "SELECT count(*) FROM sqlite_schema", &tables, e))
		return false;
	if (application != APPLICATION_ID)
		return (*version == 0 && application == 0 && tables == 0) || foreign(s, e);
	if (*version > SCHEMA_VERSION)
		return error_set(e, EXIT_STORE, "%s is of a newer creel (schema %lld, this one knows %d): update creel",
				 s->path, (long long)*version, SCHEMA_VERSION);
	return *version > 0 || foreign(s, e);
}

/* The part of the schema that a file of this version lacks: what stands from "-- Schema N" on. */
static const char *missing_part(int64_t version)
{
	char mark[40];
	if (version == 0)
		return store_schema_sql;
	snprintf(mark, sizeof mark, "\n-- Schema %lld:", (long long)version + 1);
	return strstr(store_schema_sql, mark);
}

#define STEPS_BETWEEN_LOOKS 100000 /* of SQLite's virtual machine: a few milliseconds */

static struct {
	const struct store_upgrade_ops *ops;
	void *user;
} watch;

void store_watch_upgrades(const struct store_upgrade_ops *ops, void *user)
{
	watch.ops = ops;
	watch.user = user;
}

static int on_steps(void *user)
{
	(void)user;
	return !watch.ops->goes_on(watch.user);
}

static bool upgrade(struct store *s, int64_t version, struct error *e)
{
	bool is_new = version == 0;
	if (watch.ops && !is_new) {
		watch.ops->begins(watch.user);
		sqlite3_progress_handler(s->db, STEPS_BETWEEN_LOOKS, on_steps, NULL);
	}
	int code = sqlite3_exec(s->db, missing_part(version), NULL, NULL, NULL);
	if (watch.ops && !is_new) {
		sqlite3_progress_handler(s->db, 0, NULL, NULL);
		watch.ops->over(watch.user);
	}
	if ((code & 0xff) == SQLITE_INTERRUPT)
		return error_set(e, EXIT_INTERRUPTED,
				 "interrupted: %s is of an older creel still, nothing in it has changed", s->path);
	return code == SQLITE_OK || store_fail(s, "written", e);
}

/* In one transaction that begins with the write lock: of two clients started at once the second finds the work done. */
static bool migrate(struct store *s, struct error *e)
{
	int64_t version = 0;
	if (!exec(s, "BEGIN IMMEDIATE", "written", e) || !read_version(s, &version, e))
		return false; /* closing the connection rolls back */
	if (version < SCHEMA_VERSION && !upgrade(s, version, e))
		return false;
	char finish[100];
	snprintf(finish, sizeof finish, "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT", APPLICATION_ID,
		 SCHEMA_VERSION);
	return exec(s, finish, "written", e);
}

/* Nothing to do for a file that is in WAL mode already; one that was just made or restored by .recover is not. SQLite
 * does not use the busy timeout for this switch, so that of two clients started at once one would fail: ask again. */
static bool use_wal(struct store *s, struct error *e)
{
	for (int waited_ms = 0;; waited_ms += WAL_RETRY_MS) {
		int code = sqlite3_exec(s->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
		if (code == SQLITE_OK)
			return true;
		if ((code & 0xff) != SQLITE_BUSY || waited_ms >= STORE_BUSY_MS)
			return store_fail(s, "written", e);
		sqlite3_sleep(WAL_RETRY_MS);
	}
}

static bool make_file(const char *path, struct error *e)
{
	struct stat st;
	if (stat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode))
			return error_set(e, EXIT_STORE, "%s is not a file: name another with --db", path);
		/* Made empty by another program, mktemp or touch: ours alone before anything is in it. */
		if (st.st_size == 0 && (st.st_mode & 0777) != 0600 && chmod(path, 0600) != 0)
			return error_set(e, EXIT_STORE, "%s cannot be made private: %s", path, strerror(errno));
		return true;
	}
	if (errno == ENOENT && (sqlite_file_make(path) || errno == EEXIST)) /* there: another client was first */
		return true;
	if (errno == EMFILE || errno == ENFILE)
		return error_set(e, EXIT_STORE, "%s cannot be made: %s", path, error_system(errno));
	return error_set(e, EXIT_STORE, "%s cannot be made: %s; check its folder or name another with --db", path,
			 strerror(errno));
}

static bool find_file(const char *path, struct error *e)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return error_set(e, EXIT_STORE, "%s cannot be read: %s%s", path, strerror(errno),
				 errno == ENOENT ? "; nothing was recorded there yet, start `creel listen`" : "");
	return S_ISREG(st.st_mode) || error_set(e, EXIT_STORE, "%s is not a file: name another with --db", path);
}

/* Triggers stay on, store.sql has one. */
static bool connect_file(struct store *s, enum store_mode mode, struct error *e)
{
	bool writes = mode == STORE_READ_WRITE;
	if (sqlite_file_connect(s->path, writes, STORE_BUSY_MS, &s->db) != SQLITE_OK)
		return store_fail(s, "opened", e);
	return !writes || !sqlite_file_is_read_only(s->db) ||
	       error_set(e, EXIT_STORE, "%s is read-only: check its owner and permissions, or name another with --db",
			 s->path);
}

static bool open_file(struct store *s, enum store_mode mode, struct error *e)
{
	int64_t version = 0;
	bool writes = mode == STORE_READ_WRITE;
	if (!(writes ? make_file(s->path, e) : find_file(s->path, e)) || !connect_file(s, mode, e) ||
	    !exec(s, "BEGIN", "read", e) || !read_version(s, &version, e) || !exec(s, "COMMIT", "read", e))
		return false;
	if (!writes && version == 0)
		return error_set(e, EXIT_STORE, "%s holds no deliveries yet: start `creel listen`", s->path);
	if (!writes && version < SCHEMA_VERSION)
		return error_set(e, EXIT_STORE,
				 "%s is of an older creel: start `creel listen` once, which brings it up to date",
				 s->path);
	if (writes && ((version < SCHEMA_VERSION && !migrate(s, e)) || !use_wal(s, e)))
		return false;
	return exec(s,
		    /* fullfsync: else macOS leaves it in the drive's cache. Elsewhere it changes nothing. */
		    "PRAGMA synchronous=FULL; PRAGMA fullfsync=ON; PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON;"
		    " PRAGMA journal_size_limit=67108864;"
		    /* 16 MiB of log between checkpoints: each is an fsync of both files. */
		    " PRAGMA wal_autocheckpoint=4096; PRAGMA cache_size=-4096",
		    "opened", e);
}

/* By the file's own name: the path may be a link. */
static bool name_bodies(struct store *s, struct error *e)
{
	const char *file = sqlite3_db_filename(s->db, "main");
	if (asprintf(&s->bodies, "%s.bodies", file && *file ? file : s->path) >= 0)
		return true;
	s->bodies = NULL;
	return error_set(e, EXIT_STORE, "out of memory");
}

/* What a killed client left is to be seen by who only reads, too, where it may be written. */
static void bring_in_by_other(const char *path)
{
	struct store *writing;
	struct error e, text;
	if (store_open(&writing, path, STORE_READ_WRITE, &e)) {
		store_close(writing);
	} else {
		error_set(&text, EXIT_STORE, "what a killed creel had on record last is not shown: %s", e.text);
		store_journal_tell(text.text);
	}
}

bool store_open(struct store **out, const char *path, enum store_mode mode, struct error *e)
{
	*out = NULL;
	struct store *s = calloc(1, sizeof *s);
	if (!s || !(s->path = strdup(path))) {
		free(s);
		return error_set(e, EXIT_STORE, "out of memory");
	}
	if ((mode == STORE_READ_WRITE && !folder_make_above(path, e)) || !open_file(s, mode, e) || !name_bodies(s, e)) {
		store_close(s);
		return false;
	}
	*out = s;
	if (mode == STORE_READ_WRITE && !store_journal_recover(s, e)) {
		store_close(s);
		*out = NULL;
		return false;
	}
	if (mode == STORE_READ_WRITE)
		store_body_files_sweep(s);
	if (mode == STORE_READ_ONLY && store_journal_is_left(s))
		bring_in_by_other(path);
	store_journal_wait(s);
	return true;
}

bool store_open_in_memory(struct store **out, struct error *e)
{
	*out = NULL;
	struct store *s = calloc(1, sizeof *s);
	if (!s || !(s->path = strdup("memory"))) {
		free(s);
		return error_set(e, EXIT_STORE, "out of memory");
	}
	bool fine =
	    sqlite3_open_v2(":memory:", &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) == SQLITE_OK;
	if (!(fine || store_fail(s, "opened", e)) || !exec(s, store_schema_sql, "made", e)) {
		store_close(s);
		return false;
	}
	*out = s;
	return true;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	store_body_close(&s->body);
	if (!s->log && atomic_load(&s->files_gone))
		store_body_files_delete(s);
	buffer_free(&s->scratch);
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s->path);
	free(s->bodies);
	free(s);
}
