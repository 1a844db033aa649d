/* Opening, making and closing the spool's database. */
#include "relay/spool/spool_sqlite_private.h"
#include "shared/disk/sqlite_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SCHEMA_VERSION 1
#define APPLICATION_ID 0x63727370 /* "crsp" */
#define BUSY_TIMEOUT_MS 5000

/* Times are microseconds since 1970 UTC. Payloads have a table of their own: counting and expiry read narrow rows. */
static const char schema[] =
    "CREATE TABLE mailbox ("
    "  id          INTEGER PRIMARY KEY,"
    "  tunnel      TEXT NOT NULL,"
    "  owner       TEXT NOT NULL,"    /* the token's name, '' without one */
    "  key         BLOB NOT NULL,"    /* X25519 public key, x'' for an unsealed mailbox */
    "  options     INTEGER NOT NULL," /* of the client's last HELLO; its features in the upper 32 bits */
    "  random_name INTEGER NOT NULL,"
    "  seen_at     INTEGER NOT NULL,"
    "  expired     INTEGER NOT NULL DEFAULT 0," /* deliveries, since the client was last told */
    "  is_left     INTEGER NOT NULL DEFAULT 0"  /* 1: its client left for good, the rest is being removed */
    ") STRICT;"
    "CREATE UNIQUE INDEX mailbox_of_client ON mailbox (tunnel, key) WHERE is_left = 0;"
    "CREATE TABLE waiting ("
    "  id          INTEGER PRIMARY KEY," /* in order of arrival */
    "  mailbox     INTEGER NOT NULL REFERENCES mailbox (id),"
    "  event_id    BLOB NOT NULL,"
    "  received_at INTEGER NOT NULL,"
    "  size        INTEGER NOT NULL," /* of the payload before it was sealed */
    "  sealed      INTEGER NOT NULL,"
    "  UNIQUE (mailbox, event_id)"
    ") STRICT;"
    "CREATE INDEX waiting_in_order ON waiting (mailbox, id);"
    "CREATE INDEX waiting_by_age ON waiting (received_at);"
    "CREATE TABLE payload (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
    "PRAGMA application_id=1668445040; PRAGMA user_version=1";
_Static_assert(APPLICATION_ID == 1668445040 && SCHEMA_VERSION == 1, "the numbers that end the schema");

static bool exec(struct spool_sqlite *s, const char *sql, const char *doing, struct error *e)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || spool_sqlite_fail(s, doing, e);
}

static bool read_number(struct spool_sqlite *s, const char *sql, int64_t *out, struct error *e)
{
	return sqlite_file_number(s->db, sql, out) || spool_sqlite_fail(s, "read", e);
}

static bool make_file(const char *path, struct error *e)
{
	struct stat st;
	if (sqlite_file_make(path))
		return true;
	int why = errno;
	if (why == EEXIST && stat(path, &st) == 0)
		return S_ISREG(st.st_mode) ||
		       error_set(e, EXIT_STORE, "%s is not a file: move it away or name another folder with --data",
				 path);
	return error_set(e, EXIT_STORE,
			 "%s cannot be made: %s; check its folder's permissions or name another with --data", path,
			 strerror(why));
}

static bool connect_file(struct spool_sqlite *s, struct error *e)
{
	if (sqlite_file_connect(s->path, true, BUSY_TIMEOUT_MS, &s->db) != SQLITE_OK)
		return spool_sqlite_fail(s, "opened", e);
	if (sqlite_file_is_read_only(s->db))
		return error_set(e, EXIT_STORE,
				 "%s is read-only: check its owner and permissions, or name another folder with --data",
				 s->path);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	return true;
}

/* Checks that the file is a spool of a known version; an empty one gets the schema. */
static bool check_or_make(struct spool_sqlite *s, struct error *e)
{
	int64_t version = 0, application = 0, tables = 0;
	if (!read_number(s, "PRAGMA user_version", &version, e) ||
	    !read_number(s, "PRAGMA application_id", &application, e) ||
	    !read_number(s, "SELECT count(*) FROM sqlite_schema", &tables, e))
		return false;
	if (version == 0 && application == 0 && tables == 0)
		return exec(s, schema, "written", e);
	if (application != APPLICATION_ID || version < 1)
		return error_set(e, EXIT_STORE,
				 "%s is a database of another program: move it away or name another folder with --data",
				 s->path);
	return version <= SCHEMA_VERSION ||
	       error_set(e, EXIT_STORE, "%s is of a newer creel-relay (schema %lld, this one knows %d): update it",
			 s->path, (long long)version, SCHEMA_VERSION);
}

/* Finds a torn or overwritten file at the start instead of when a delivery is fetched. Payloads are not checked:
 * reading a large backlog would delay the start, and a client notices by itself when one was changed. */
static bool check_pages(struct spool_sqlite *s, const char *sql, struct error *e)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		return spool_sqlite_fail(s, "read", e);
	bool fine = sqlite3_step(st) == SQLITE_ROW || spool_sqlite_fail(s, "read", e);
	const char *said = fine ? (const char *)sqlite3_column_text(st, 0) : NULL;
	if (fine && (!said || strcmp(said, "ok") != 0))
		fine = error_set(e, EXIT_STORE, "%s cannot be used: %s (%.100s)", s->path, spool_sqlite_advice.damaged,
				 said ? said : "out of memory");
	sqlite3_finalize(st);
	return fine;
}

/* A backlog that was handed out leaves a large file. It is shrunk only when nothing waits in it, which costs nothing.
 */
static bool shrink(struct spool_sqlite *s, struct error *e)
{
	int64_t waits = 0, pages = 0;
	return read_number(s, "SELECT EXISTS (SELECT 1 FROM waiting)", &waits, e) &&
	       read_number(s, "PRAGMA freelist_count", &pages, e) &&
	       (waits || !pages || exec(s, "VACUUM", "written", e));
}

_Static_assert(SPOOL_LOG_PAGES == 2048, "wal_autocheckpoint below");

/* One relay for each folder, because two would give out the same ids. EXCLUSIVE keeps the lock from the first
 * transaction on, and the log's index in memory. */
static bool open_file(struct spool_sqlite *s, struct error *e)
{
	return make_file(s->path, e) && connect_file(s, e) &&
	       exec(s, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL", "opened", e) &&
	       exec(s,
		    "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON;"
		    " PRAGMA journal_size_limit=8388608; PRAGMA wal_autocheckpoint=2048; PRAGMA cache_size=-4096",
		    "opened", e) &&
	       exec(s, "BEGIN IMMEDIATE", "written", e) && check_or_make(s, e) && exec(s, "COMMIT", "written", e) &&
	       check_pages(s, "PRAGMA quick_check('mailbox')", e) &&
	       check_pages(s, "PRAGMA quick_check('waiting')", e) && shrink(s, e);
}

bool spool_sqlite_open(struct spool_sqlite **out, const char *data_folder, struct error *e)
{
	*out = NULL;
	struct spool_sqlite *s = calloc(1, sizeof *s);
	struct buffer path = { 0 };
	if (!s || !buffer_printf(&path, "%s/spool.db", data_folder) || !buffer_put_u8(&path, 0)) {
		buffer_free(&path);
		free(s);
		return error_set(e, EXIT_STORE, "out of memory");
	}
	s->path = (char *)path.at;
	bool fine = mkdir(data_folder, 0700) == 0 || errno == EEXIST ||
		    error_set(e, EXIT_STORE, "the data folder %s cannot be made: %s; name another with --data",
			      data_folder, strerror(errno));
	if (!fine || !open_file(s, e)) {
		spool_sqlite_close(s);
		return false;
	}
	*out = s;
	return true;
}

void spool_sqlite_close(struct spool_sqlite *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < SPOOL_STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s->path);
	free(s);
}
