#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "tests/powerloss/powerloss.h"

struct noted_file {
	sqlite3_file base;
	int name;           /* -1: not noted */
	sqlite3_file *real; /* behind this struct */
};

static sqlite3_vfs shim, *real_vfs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static struct event *events;
static size_t count, cap;
static char *noted_folder;
static char *names[POWERLOSS_NAMES];

/* ---- notes ---- */

void powerloss_note(struct event e, const void *bytes)
{
	pthread_mutex_lock(&lock);
	if (noted_folder) {
		if (count == cap) {
			cap = cap ? cap * 2 : 1024;
			events = realloc(events, cap * sizeof *events);
			if (!events)
				abort();
		}
		if (e.len) {
			e.bytes = malloc(e.len);
			if (!e.bytes)
				abort();
			memcpy(e.bytes, bytes, e.len);
		}
		events[count++] = e;
	}
	pthread_mutex_unlock(&lock);
}

/* -1 for one in another folder. */
int powerloss_name_index(const char *path)
{
	int found = -1;
	pthread_mutex_lock(&lock);
	size_t len = noted_folder ? strlen(noted_folder) : 0;
	if (path && len && strncmp(path, noted_folder, len) == 0 && path[len] == '/')
		for (int i = 0; i < POWERLOSS_NAMES && found < 0; i++) {
			if (!names[i])
				names[i] = strdup(path + len + 1);
			if (strcmp(names[i], path + len + 1) == 0)
				found = i;
		}
	pthread_mutex_unlock(&lock);
	return found;
}

bool powerloss_is_folder(const char *path)
{
	char *real = realpath(path, NULL);
	pthread_mutex_lock(&lock);
	bool is = real && noted_folder && strcmp(real, noted_folder) == 0;
	pthread_mutex_unlock(&lock);
	free(real);
	return is;
}

void powerloss_stop(void)
{
	pthread_mutex_lock(&lock);
	free(noted_folder);
	noted_folder = NULL;
	pthread_mutex_unlock(&lock);
}

void powerloss_record(const char *folder)
{
	powerloss_stop();
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < count; i++)
		free(events[i].bytes);
	free(events);
	events = NULL;
	count = cap = 0;
	for (int i = 0; i < POWERLOSS_NAMES; i++) {
		free(names[i]);
		names[i] = NULL;
	}
	noted_folder = folder ? realpath(folder, NULL) : NULL;
	pthread_mutex_unlock(&lock);
}

void powerloss_mark(enum event_kind kind, uint32_t n)
{
	powerloss_note((struct event){ .kind = kind, .n = n }, NULL);
}

size_t powerloss_count(void)
{
	return count;
}

const struct event *powerloss_event(size_t i)
{
	return &events[i];
}

const char *powerloss_name(int name)
{
	return name < POWERLOSS_NAMES ? names[name] : NULL;
}

/* ---- the files ---- */

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct noted_file *)f)->real;
}

static int name_of(sqlite3_file *f)
{
	return ((struct noted_file *)f)->name;
}

static int shim_close(sqlite3_file *f)
{
	return real_of(f)->pMethods->xClose(real_of(f));
}

static int shim_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), to, len, at);
}

static int shim_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at)
{
	int code = real_of(f)->pMethods->xWrite(real_of(f), from, len, at);
	if (name_of(f) >= 0 && code == SQLITE_OK)
		powerloss_note(
		    (struct event){ .kind = EVENT_WRITE, .name = name_of(f), .at = at, .len = (uint32_t)len }, from);
	return code;
}

static int shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int code = real_of(f)->pMethods->xTruncate(real_of(f), size);
	if (name_of(f) >= 0 && code == SQLITE_OK)
		powerloss_note((struct event){ .kind = EVENT_TRUNCATE, .name = name_of(f), .at = size }, NULL);
	return code;
}

static int shim_sync(sqlite3_file *f, int flags)
{
	(void)flags;
	if (name_of(f) >= 0)
		powerloss_note((struct event){ .kind = EVENT_SYNC, .name = name_of(f) }, NULL);
	return SQLITE_OK;
}

static int shim_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int shim_lock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int shim_unlock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int shim_check_reserved(sqlite3_file *f, int *out)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int shim_control(sqlite3_file *f, int what, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), what, arg);
}

static int shim_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int shim_characteristics(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f)) & ~SQLITE_IOCAP_BATCH_ATOMIC;
}

static int shim_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **out)
{
	return real_of(f)->pMethods->xShmMap(real_of(f), region, size, extend, out);
}

static int shim_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static void shim_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int shim_shm_unmap(sqlite3_file *f, int delete_too)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), delete_too);
}

/* Version 2: no memory-mapped reads. */
static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = shim_close,
	.xRead = shim_read,
	.xWrite = shim_write,
	.xTruncate = shim_truncate,
	.xSync = shim_sync,
	.xFileSize = shim_size,
	.xLock = shim_lock,
	.xUnlock = shim_unlock,
	.xCheckReservedLock = shim_check_reserved,
	.xFileControl = shim_control,
	.xSectorSize = shim_sector,
	.xDeviceCharacteristics = shim_characteristics,
	.xShmMap = shim_shm_map,
	.xShmLock = shim_shm_lock,
	.xShmBarrier = shim_shm_barrier,
	.xShmUnmap = shim_shm_unmap,
};

/* ---- the file system ---- */

/* The first open of a name after it was made, by SQLite or (empty) by the program itself, notes that it was made. */
static int shim_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *f, int flags, int *out_flags)
{
	(void)vfs;
	struct noted_file *n = (struct noted_file *)f;
	n->real = (sqlite3_file *)(n + 1);
	n->name = powerloss_name_index(path);
	n->base.pMethods = NULL;
	int there = 0;
	if (n->name >= 0)
		real_vfs->xAccess(real_vfs, path, SQLITE_ACCESS_EXISTS, &there);
	int code = real_vfs->xOpen(real_vfs, path, n->real, flags, out_flags);
	if (code != SQLITE_OK)
		return code;
	n->base.pMethods = &methods;
	sqlite3_int64 size = 0;
	if (n->name >= 0 && n->real->pMethods->xFileSize(n->real, &size) == SQLITE_OK && (!there || size == 0))
		powerloss_note((struct event){ .kind = EVENT_CREATE, .name = n->name, .at = there }, NULL);
	return SQLITE_OK;
}

static int shim_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
	(void)vfs;
	int name = powerloss_name_index(path), code = real_vfs->xDelete(real_vfs, path, 0);
	if (name >= 0 && code == SQLITE_OK)
		powerloss_note((struct event){ .kind = EVENT_DELETE, .name = name, .synced = sync_folder != 0 }, NULL);
	return code;
}

void powerloss_register(void)
{
	if (real_vfs)
		return;
	real_vfs = sqlite3_vfs_find(NULL);
	if (!real_vfs)
		abort();
	/* What is not replaced below works on the real one's own state: it is handed the copy, which shares it. */
	shim = *real_vfs;
	shim.zName = "powerloss";
	shim.szOsFile = (int)sizeof(struct noted_file) + real_vfs->szOsFile;
	shim.pNext = NULL;
	shim.xOpen = shim_open;
	shim.xDelete = shim_delete;
	if (sqlite3_vfs_register(&shim, 1) != SQLITE_OK)
		abort();
}
