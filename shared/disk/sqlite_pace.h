/* A VFS for SQLite, on top of wal_gather.h's, that syncs a database while it is written. A checkpoint writes megabytes
 * and syncs them at its end. Meanwhile, a few bytes that others sync on the same disk, such as a journal's that a
 * sender waits for, wait for all of them (15 ms and more). With a sync every 128 KiB they wait for one such piece at
 * most.
 *
 * SQLite's own syncs stay where they are. More syncs than it asks for do no harm: when it writes into the database, the
 * log or journal that could undo the write is already on disk. */
#pragma once

/* Its name for sqlite3_open_v2; wal_gather.h's where SQLite refuses it. Any thread. */
const char *sqlite_pace_name(void);
