/* How transactions of a store begin and end; and a store whose commits do not wait for the disk: what SQLite does at
 * each commit with synchronous=FULL, and at a checkpoint, is done here beside them, on other threads.
 *
 *    commit (writer's thread) ─▶ sync (another: nothing is promised before)       the log grows
 *    the log is long ─▶ store_shorten_log (a third, on a connection of its own) ─▶ the next commit does the little that
 *    came meanwhile, and SQLite starts the log again */
#include "shared/base/clock.h"
#include "shared/store/store_journal.h"
#include "shared/store/store_private.h"
#include "shared/disk/wal_gather.h"

#include <limits.h>

#define LOG_LONG 4096  /* frames, 16 MiB */
#define LOG_REST 256   /* frames that a commit may stop for: some milliseconds */
#define LOG_MOST 16384 /* from here on it stops for any number of them */
#define MOVER_MS 2000  /* that a commit waits for another thread that moves the log */
#define MOVER_AGAIN_MS 2
#define READERS_MS 100       /* that a commit waits for others to have read */
#define READERS_AGAIN_MS 500 /* not before then once more */
#define PASSES 4             /* each leaves what came during the one before */

/* ---- that wait for the disk ---- */

static bool run_plain(struct store *s, enum store_statement which, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, which, e);
	return st && store_execute(s, st, e);
}

static bool begin(void *db, struct error *e)
{
	return run_plain(db, STATEMENT_BEGIN, e);
}

static bool commit(void *db, struct error *e)
{
	struct store *s = db;
	if (!run_plain(s, STATEMENT_COMMIT, e))
		return false;
	/* Of one that syncs apart they are still to be synced. */
	if (!s->log && atomic_load(&s->files_gone))
		store_body_files_delete(s);
	return true;
}

static void rollback(void *db)
{
	struct store *s = db;
	s->keeping.presumed = 0;
	s->keeping.counted = false;
	/* SQLite rolls back by itself after a full disk or an I/O error. */
	if (!sqlite3_get_autocommit(s->db)) {
		struct error ignored;
		bool fine = run_plain(s, STATEMENT_ROLLBACK, &ignored);
		(void)fine;
	}
}

const struct batch_ops store_batch_ops = { begin, commit, rollback, NULL };

/* ---- that do not ---- */

/* Where the log must stay short the writer does it alone (commit_batch). */
static int log_long(const struct store *s)
{
	return s->keeping.on && s->keeping.log_short < 2 * LOG_LONG ? INT_MAX : LOG_LONG;
}

/* Writer's thread, after each commit. */
static int on_commit(void *user, sqlite3 *db, const char *name, int frames)
{
	struct store *s = user;
	(void)db;
	(void)name;
	if (frames < atomic_load(&s->log_frames))
		atomic_store(&s->log_again, log_long(s));
	atomic_store(&s->log_frames, frames);
	return SQLITE_OK;
}

bool store_sync_apart(struct store *s, struct error *e)
{
	int64_t version;
	if (!store_version(s, &version, e)) /* opens the log */
		return false;
	int code = sqlite3_exec(s->db, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &s->log);
	/* The first sync takes in the folder as well; from then on SQLite keeps nothing of its own by it, so that it
	 * may run beside the writer. */
	if (code == SQLITE_OK)
		s->log = wal_gather_real(s->log);
	if (code == SQLITE_OK)
		code = s->log->pMethods ? s->log->pMethods->xSync(s->log, SQLITE_SYNC_FULL) : SQLITE_MISUSE;
	atomic_store(&s->log_again, log_long(s));
	sqlite3_wal_hook(s->db, on_commit, s); /* in the place of SQLite's checkpoint */
	return code == SQLITE_OK || store_fail(s, "opened", e);
}

/* Another thread may be moving it, which SQLite does not wait for. Where the log has reached its length `most` this
 * does, for otherwise it would grow for as long as that takes. */
static void move_here(struct store *s, int most)
{
	for (int waited_ms = 0; waited_ms < MOVER_MS; waited_ms += MOVER_AGAIN_MS) {
		int code = sqlite3_wal_checkpoint_v2(s->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		if (code != SQLITE_BUSY || atomic_load(&s->log_frames) < most)
			break;
		sqlite3_sleep(MOVER_AGAIN_MS);
	}
}

/* Where it gets too long although all of it was moved, others read without a pause: for a moment the next ones are kept
 * out of the log, so that it can start again. Not waited for at each commit: a reader may take its time. */
static void shorten_here(struct store *s)
{
	struct keeping *k = &s->keeping;
	move_here(s, k->on ? k->log_short * 3 / 2 : LOG_MOST);
	if (!k->on || atomic_load(&s->log_frames) < k->log_short * 3 / 2)
		return;
	uint64_t now = clock_steady_ms();
	bool waits = now >= k->wait_again_ms;
	sqlite3_busy_timeout(s->db, waits ? READERS_MS : 0);
	k->log_full = sqlite3_wal_checkpoint_v2(s->db, "main", SQLITE_CHECKPOINT_RESTART, NULL, NULL) != SQLITE_OK;
	sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
	if (waits && k->log_full)
		k->wait_again_ms = now + READERS_AGAIN_MS;
}

/* All but a few frames. Where the log was moved to its end this commit has begun it again, and there is nothing to do;
 * where the commit is a long one its frames are left to store_shorten_log, so that nobody waits for them, if that is
 * whose task it is. */
static bool is_nearly_moved(struct store *s)
{
	int frames = atomic_load(&s->log_frames), moved = atomic_exchange(&s->log_moved, 0);
	if (!moved || frames <= moved)
		return false;
	if (frames - moved < 2 * LOG_REST || frames >= LOG_MOST || log_long(s) == INT_MAX)
		return true;
	atomic_store(&s->log_again, frames);
	return false;
}

static bool commit_batch(void *db, struct error *e)
{
	struct store *s = db;
	if (s->applied != s->marked && !store_journal_mark(s, s->journal, s->applied, e))
		return false;
	if (!commit(s, e))
		return false;
	s->marked = s->applied;
	/* What it does not manage, for a reader's sake, is left to the next time the log is long. Where the log has the
	 * length that a bound leaves it, whoever waits for the next commit waits for this, too. */
	s->keeping.log_full = false;
	bool too_long = s->keeping.on && atomic_load(&s->log_frames) >= s->keeping.log_short;
	if (is_nearly_moved(s) || too_long)
		shorten_here(s);
	return true;
}

static void rollback_batch(void *db)
{
	struct store *s = db;
	s->applied = s->marked;
	rollback(s);
}

static bool sync_batch(void *db, struct error *e)
{
	struct store *s = db;
	int code = s->log->pMethods->xSync(s->log, SQLITE_SYNC_FULL);
	return code == SQLITE_OK || error_set(e, EXIT_STORE, "%s cannot be written: %s (%s)", s->path,
					      store_advice(code), sqlite3_errstr(code));
}

const struct batch_ops store_sync_apart_ops = { begin, commit_batch, rollback_batch, sync_batch };

bool store_log_is_long(const struct store *s)
{
	return atomic_load(&s->log_frames) >= atomic_load(&s->log_again);
}

void store_shorten_log(struct store *own, struct store *writer)
{
	int frames = 0, moved = 0, code = own ? SQLITE_OK : SQLITE_CANTOPEN;
	for (int pass = 0; pass < PASSES && code == SQLITE_OK; pass++) {
		code = sqlite3_wal_checkpoint_v2(own->db, "main", SQLITE_CHECKPOINT_PASSIVE, &frames, &moved);
		if (frames - moved < LOG_REST)
			break;
	}
	/* Somebody reads what stands further back, say: no sooner than when there is as much again. */
	atomic_store(&writer->log_again, atomic_load(&writer->log_frames) + LOG_LONG);
	if (code == SQLITE_OK && frames - moved < LOG_REST)
		atomic_store(&writer->log_moved, moved);
}

bool store_has_moved(struct store *s)
{
	int moved = 0;
	return sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved;
}

bool store_version(struct store *s, int64_t *version, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_VERSION, e);
	if (!st)
		return false;
	bool fine = sqlite3_step(st) == SQLITE_ROW || store_fail(s, "read", e);
	if (fine)
		*version = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return fine;
}
