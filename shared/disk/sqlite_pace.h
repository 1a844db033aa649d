/* A VFS for SQLite, on top of wal_gather.h's, that has a database synced as it is written: a checkpoint writes
 * megabytes into it and syncs them at its end, and whoever wants a few bytes on the same disk meanwhile, a journal's
 * sync that a sender waits for, waits for all of them (15 ms and more). In pieces of 128 KiB it waits for one at most.
 *
 * SQLite's own syncs come as ever. A sync more than it asks for takes nothing from what it promises: by the time it
 * writes into the database, the log or journal that could undo that is on disk. */
#pragma once

/* Its name for sqlite3_open_v2; wal_gather.h's where SQLite refuses it. Any thread. */
const char *sqlite_pace_name(void);
