/* The writer's transactions on spool.db, and what they may take of the disk. */
#include "relay/spool/spool_sqlite_private.h"

#include <sys/statvfs.h>

/* A full disk would stay full, because what frees space is written to the log first. Moving the log into the database
 * lets the log start over, and needs space only where the database grows. */
static void truncate_log(struct spool_sqlite *s)
{
	s->was_full = false;
	sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

/* Where the file system does not tell, a write that fails will. */
uint64_t spool_sqlite_disk_free(const struct spool_sqlite *s)
{
	struct statvfs disk;
	return statvfs(s->path, &disk) == 0 ? (uint64_t)disk.f_bavail * disk.f_frsize : UINT64_MAX;
}

uint64_t spool_sqlite_free_inside(const struct spool_sqlite *s)
{
	return atomic_load(&s->free_inside);
}

/* Once the disk has little left, the free pages of the file count as well. */
static uint64_t look_at_disk(struct spool_sqlite *s)
{
	struct error ignored;
	uint64_t left = spool_sqlite_disk_free(s), inside = 0;
	sqlite3_stmt *st = left < 8 * SPOOL_RESERVE ? spool_sqlite_statement(s, SPOOL_FREE_PAGES, &ignored) : NULL;
	if (st && sqlite3_step(st) == SQLITE_ROW)
		inside = (uint64_t)sqlite3_column_int64(st, 0) * 4096;
	if (st)
		sqlite3_reset(st);
	atomic_store(&s->free_inside, inside);
	return left == UINT64_MAX ? left : left + inside;
}

static bool begin_batch(void *db, struct error *e)
{
	struct spool_sqlite *s = db;
	if (s->was_full)
		truncate_log(s);
	s->disk_left = look_at_disk(s);
	return spool_sqlite_run(s, SPOOL_BEGIN, e);
}

static bool commit_batch(void *db, struct error *e)
{
	bool fine = spool_sqlite_run(db, SPOOL_COMMIT, e);
	if (fine)
		look_at_disk(db); /* removed rows leave free pages */
	return fine;
}

static void rollback_batch(void *db)
{
	struct spool_sqlite *s = db;
	/* SQLite rolls back by itself after a full disk or an I/O error. */
	if (!sqlite3_get_autocommit(s->db)) {
		struct error ignored;
		bool fine = spool_sqlite_run(s, SPOOL_ROLLBACK, &ignored);
		(void)fine;
	}
}

const struct batch_ops spool_sqlite_batch_ops = { begin_batch, commit_batch, rollback_batch, NULL };

bool spool_sqlite_take_disk(struct spool_sqlite *s, size_t len, struct error *e)
{
	uint64_t needed = SPOOL_DISK_FACTOR * (uint64_t)len;
	if (s->disk_left < SPOOL_RESERVE || s->disk_left - SPOOL_RESERVE < needed)
		return error_set(e, EXIT_STORE,
				 "%s cannot be written: the disk is full: make room (%llu MiB must stay free)", s->path,
				 (unsigned long long)(SPOOL_RESERVE >> 20));
	s->disk_left -= needed;
	return true;
}
