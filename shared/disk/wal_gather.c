#include "shared/disk/wal_gather.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "shared/base/bytes.h"

#define GATHER_MAX (128u << 10)
#define FRAME_HEADER 24 /* https://sqlite.org/fileformat2.html#the_write_ahead_log */
#define FRAME_COMMIT 4  /* where its header has the database's size if it commits, or 0 */

struct gather {
	sqlite3_file base;
	sqlite3_file *real; /* its memory follows this struct */
	uint8_t *held;      /* bytes that the file lacks; NULL: every write goes through */
	size_t len;
	sqlite3_int64 end; /* of the last write, held or not */
	bool in_frame;     /* that was a frame's header, its page follows */
	bool commits;
};

/* SQLite knows a VFS by a struct that stays; nothing of it changes once it is known. */
static sqlite3_vfs vfs, *real_vfs;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool registered;

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct gather *)f)->real;
}

static int flush(sqlite3_file *f)
{
	struct gather *g = (struct gather *)f;
	size_t len = g->len;
	g->len = 0;
	return len ? g->real->pMethods->xWrite(g->real, g->held, (int)len, g->end - (sqlite3_int64)len) : SQLITE_OK;
}

static int gather_write(sqlite3_file *f, const void *bytes, int amount, sqlite3_int64 at)
{
	struct gather *g = (struct gather *)f;
	size_t len = (size_t)amount;
	bool header = len == FRAME_HEADER, through = !g->held || at != g->end || len > GATHER_MAX;
	int code = SQLITE_OK;
	if (through || len > GATHER_MAX - g->len)
		code = flush(f);
	if (code != SQLITE_OK)
		return code;
	bool ends_transaction = !header && g->in_frame && g->commits;
	g->in_frame = header;
	if (header)
		g->commits = bytes_get_u32((const uint8_t *)bytes + FRAME_COMMIT) != 0;
	g->end = at + amount;
	if (through)
		return g->real->pMethods->xWrite(g->real, bytes, amount, at);
	memcpy(g->held + g->len, bytes, len);
	g->len += len;
	return ends_transaction ? flush(f) : SQLITE_OK;
}

static int gather_close(sqlite3_file *f)
{
	struct gather *g = (struct gather *)f;
	int code = flush(f), closed = g->real->pMethods->xClose(g->real);
	sqlite3_free(g->held);
	return code != SQLITE_OK ? code : closed;
}

static int gather_read(sqlite3_file *f, void *out, int amount, sqlite3_int64 at)
{
	int code = flush(f);
	return code != SQLITE_OK ? code : real_of(f)->pMethods->xRead(real_of(f), out, amount, at);
}

static int gather_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int code = flush(f);
	return code != SQLITE_OK ? code : real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int gather_sync(sqlite3_file *f, int flags)
{
	int code = flush(f);
	return code != SQLITE_OK ? code : real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int gather_size(sqlite3_file *f, sqlite3_int64 *size)
{
	int code = flush(f);
	return code != SQLITE_OK ? code : real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int gather_lock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int gather_unlock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int gather_check_reserved(sqlite3_file *f, int *out)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int gather_control(sqlite3_file *f, int what, void *arg)
{
	int code = flush(f);
	return code != SQLITE_OK ? code : real_of(f)->pMethods->xFileControl(real_of(f), what, arg);
}

static int gather_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int gather_characteristics(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

/* Version 1: a log is neither shared memory nor mapped. */
static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = gather_close,
	.xRead = gather_read,
	.xWrite = gather_write,
	.xTruncate = gather_truncate,
	.xSync = gather_sync,
	.xFileSize = gather_size,
	.xLock = gather_lock,
	.xUnlock = gather_unlock,
	.xCheckReservedLock = gather_check_reserved,
	.xFileControl = gather_control,
	.xSectorSize = gather_sector,
	.xDeviceCharacteristics = gather_characteristics,
};

static int gather_open(sqlite3_vfs *self, sqlite3_filename path, sqlite3_file *f, int flags, int *out_flags)
{
	(void)self;
	if (!(flags & SQLITE_OPEN_WAL))
		return real_vfs->xOpen(real_vfs, path, f, flags, out_flags);
	struct gather *g = (struct gather *)f;
	memset(g, 0, sizeof *g);
	g->real = (sqlite3_file *)(g + 1);
	int code = real_vfs->xOpen(real_vfs, path, g->real, flags, out_flags);
	/* Else the real file wants no close, and neither do we. */
	if (!g->real->pMethods)
		return code;
	g->base.pMethods = &methods;
	/* Where a write may harm its neighbours in a sector SQLite writes the last frame in pieces. */
	if (code == SQLITE_OK &&
	    (g->real->pMethods->xDeviceCharacteristics(g->real) & SQLITE_IOCAP_POWERSAFE_OVERWRITE))
		g->held = sqlite3_malloc(GATHER_MAX);
	return code;
}

static void register_vfs(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	if (!real_vfs)
		return;
	/* What is not replaced works on the real one's own state: it is handed the copy, which shares it. */
	vfs = *real_vfs;
	vfs.zName = "creel-gather";
	vfs.szOsFile = (int)sizeof(struct gather) + real_vfs->szOsFile;
	vfs.pNext = NULL;
	vfs.xOpen = gather_open;
	registered = sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
}

const char *wal_gather_name(void)
{
	pthread_once(&once, register_vfs);
	return registered ? vfs.zName : NULL;
}

sqlite3_file *wal_gather_real(sqlite3_file *log)
{
	return log->pMethods == &methods ? real_of(log) : log;
}
