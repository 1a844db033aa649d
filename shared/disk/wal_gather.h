/* A VFS for SQLite that writes what a transaction adds to its write-ahead log in one go. SQLite writes each frame by
 * two calls, a header of 24 bytes and a page: with some frames a delivery that is a tenth of a small delivery's system
 * calls.
 *
 * Only the log is handled so, all else is the default VFS' own. A frame that commits is in the file, with all before
 * it, when SQLite's write of it returns, and errors are that write's: what SQLite promises of its log holds as before.
 * A connection's log is used by its thread. */
#pragma once

#include <sqlite3.h>

/* Its name for sqlite3_open_v2. NULL, the default VFS' one, when SQLite refuses it. Any thread. */
const char *wal_gather_name(void);
/* The real file of a log of this VFS, or `log` itself when it is of another VFS: syncing it is safe on any thread,
 * beside writes. */
sqlite3_file *wal_gather_real(sqlite3_file *log);
