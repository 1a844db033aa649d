/* A database file of a program's own: made private, connected to with care, and its failures put into sentences.
 *
 * No state of its own; a connection is used by one thread at a time, as its owner says. */
#pragma once

#include <sqlite3.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"

/* What the user can do, as the end of a sentence, where it depends on whose file it is. */
struct sqlite_file_advice {
	const char *damaged, *not_a_database, *locked;
};

/* What SQLite's code means and what to do. */
const char *sqlite_file_advice(const struct sqlite_file_advice *a, int code);
/* The database's last error as a sentence, "PATH cannot be DOING: …". `db` NULL: out of memory. Returns false. */
bool sqlite_file_fail(sqlite3 *db, const char *path, const char *doing, const struct sqlite_file_advice *a,
		      struct error *e);

/* Makes an empty file, 0600 from its first moment whatever the umask; SQLite gives its -wal and -shm the same mode.
 * False and errno, EEXIST when it is there: then nothing was opened, since closing it would drop the locks of this
 * process's other connections to it (POSIX). */
MUST_CHECK bool sqlite_file_make(const char *path);

/* Connects to a file that is there, with one writev a transaction (wal_gather.h) and a checkpoint that is
 * synced in pieces (sqlite_pace.h). `path` is the name of a file whatever
 * it looks like. Locks are waited for busy_ms. The file may come from elsewhere: its schema may do no harm. SQLite's
 * code; *db is to be closed after a failure too. */
int sqlite_file_connect(const char *path, bool writes, int busy_ms, sqlite3 **db);
/* Whether the file was opened for writing and may not be written: SQLite falls back to reading, and would complain at
 * the first row only. */
bool sqlite_file_is_read_only(sqlite3 *db);

/* The number that a statement gives in its first column. False: see sqlite_file_fail. */
MUST_CHECK bool sqlite_file_number(sqlite3 *db, const char *sql, int64_t *out);
