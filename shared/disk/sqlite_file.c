#include "shared/disk/sqlite_file.h"

#include "shared/disk/sqlite_pace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char full[] = "the disk is full: make room, nothing was half written";

const char *sqlite_file_advice(const struct sqlite_file_advice *a, int code)
{
	/* The file of shared memory could not grow, of which SQLite 3.40 keeps no reason of the system's. */
	if (code == SQLITE_IOERR_SHMSIZE)
		return full;
	switch (code & 0xff) {
	case SQLITE_CORRUPT:
		return a->damaged;
	case SQLITE_NOTADB:
		return a->not_a_database;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return "it may not be written: check its owner and permissions, and its folder's";
	case SQLITE_FULL:
		return full;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return a->locked;
	case SQLITE_CANTOPEN:
		return "check its owner and permissions, and its folder's";
	case SQLITE_IOERR:
		return "the disk reported an error";
	case SQLITE_NOMEM:
		return "there is not enough memory";
	default:
		return "the file does not do what was asked of it";
	}
}

/* What the system's own error says better than the database's; NULL: nothing. */
static const char *advice_of_system(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
		return error_system(error);
	case ENOSPC:
	case EDQUOT:
		return full;
	default:
		return NULL;
	}
}

bool sqlite_file_fail(sqlite3 *db, const char *path, const char *doing, const struct sqlite_file_advice *a,
		      struct error *e)
{
	int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
	bool of_system = (code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_IOERR;
	int system = of_system ? sqlite3_system_errno(db) : 0;
	const char *advice = advice_of_system(system);
	if (advice)
		return error_set(e, EXIT_STORE, "%s cannot be %s: %s", path, doing, advice);
	advice = sqlite_file_advice(a, code);
	if (system)
		return error_set(e, EXIT_STORE, "%s cannot be %s: %s (%s)", path, doing, advice, strerror(system));
	return error_set(e, EXIT_STORE, "%s cannot be %s: %s (code %d)", path, doing, advice, code);
}

bool sqlite_file_make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	bool fine = fchmod(fd, 0600) == 0;
	int why = errno;
	close(fd);
	errno = why;
	return fine;
}

int sqlite_file_connect(const char *path, bool writes, int busy_ms, sqlite3 **db)
{
	/* With "./" before them ":memory:" and "file:x?mode=…" are names of files like any other. */
	char *name = sqlite3_mprintf("%s%s", *path == '/' ? "" : "./", path);
	*db = NULL;
	if (!name)
		return SQLITE_NOMEM;
	int flags = (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
	int code = sqlite3_open_v2(name, db, flags, sqlite_pace_name());
	sqlite3_free(name);
	if (code != SQLITE_OK)
		return code;
	sqlite3_extended_result_codes(*db, 1);
	sqlite3_busy_timeout(*db, busy_ms);
	sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(*db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	return SQLITE_OK;
}

bool sqlite_file_is_read_only(sqlite3 *db)
{
	return sqlite3_db_readonly(db, "main") == 1;
}

bool sqlite_file_number(sqlite3 *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		return false;
	int code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		*out = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return code == SQLITE_ROW;
}
