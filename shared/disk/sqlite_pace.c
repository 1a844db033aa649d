#include "shared/disk/sqlite_pace.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "shared/disk/wal_gather.h"

#define PIECE (128 << 10)
#define ALIGNED(n) (((n) + 15) & ~15)

/* Follows the file's own struct, in the memory that SQLite gives for both. The file keeps its own methods but for two;
 * SQLite finds a file's methods in a table that each file points to. */
struct pace {
	sqlite3_io_methods methods;
	const sqlite3_io_methods *real;
	int unsynced; /* bytes */
};

/* SQLite keeps the address of a VFS: its struct stays, and does not change once it is registered. */
static sqlite3_vfs vfs, *real_vfs;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *name;

static struct pace *pace_of(sqlite3_file *f)
{
	return (struct pace *)(void *)((char *)f + ALIGNED(real_vfs->szOsFile));
}

static int pace_sync(sqlite3_file *f, int flags)
{
	struct pace *p = pace_of(f);
	p->unsynced = 0;
	return p->real->xSync(f, flags);
}

static int pace_write(sqlite3_file *f, const void *bytes, int amount, sqlite3_int64 at)
{
	struct pace *p = pace_of(f);
	int code = p->real->xWrite(f, bytes, amount, at);
	p->unsynced += amount;
	return code == SQLITE_OK && p->unsynced >= PIECE ? pace_sync(f, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY)
							 : code;
}

static int pace_open(sqlite3_vfs *self, sqlite3_filename path, sqlite3_file *f, int flags, int *out_flags)
{
	(void)self;
	int code = real_vfs->xOpen(real_vfs, path, f, flags, out_flags);
	if (!(flags & SQLITE_OPEN_MAIN_DB) || !f->pMethods)
		return code;
	struct pace *p = pace_of(f);
	*p = (struct pace){ .methods = *f->pMethods, .real = f->pMethods };
	p->methods.xWrite = pace_write;
	p->methods.xSync = pace_sync;
	f->pMethods = &p->methods;
	return code;
}

static void register_vfs(void)
{
	name = wal_gather_name();
	real_vfs = sqlite3_vfs_find(name);
	if (!real_vfs)
		return;
	/* The methods that are not replaced get this copy in place of the real VFS, and share its state. */
	vfs = *real_vfs;
	vfs.zName = "creel-pace";
	vfs.szOsFile = ALIGNED(real_vfs->szOsFile) + (int)sizeof(struct pace);
	vfs.pNext = NULL;
	vfs.xOpen = pace_open;
	if (sqlite3_vfs_register(&vfs, 0) == SQLITE_OK)
		name = vfs.zName;
}

const char *sqlite_pace_name(void)
{
	pthread_once(&once, register_vfs);
	return name;
}
