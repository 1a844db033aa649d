/* What the files of spool_sqlite.h share. Each calls only those before it: spool_sqlite_statement.c (statements, the
 * sentence for a failure), spool_sqlite_batch.c (transactions), spool_sqlite.c (rows); and
 * spool_sqlite_open.c and spool_sqlite_copy.c (backups). */
#pragma once

#include <sqlite3.h>
#include <stdatomic.h>

#include "relay/spool/spool_sqlite.h"
#include "shared/disk/sqlite_file.h"

enum spool_statement {
	SPOOL_BEGIN,
	SPOOL_COMMIT,
	SPOOL_ROLLBACK,
	SPOOL_DISPLACE,
	SPOOL_WRITE_MAILBOX,
	SPOOL_LEAVE,
	SPOOL_SEEN,
	SPOOL_TOLD,
	SPOOL_PUT,
	SPOOL_PUT_PAYLOAD,
	SPOOL_FETCH,
	SPOOL_FORGET,
	SPOOL_FORGET_PAYLOAD,
	SPOOL_OLD,
	SPOOL_EXPIRED,
	SPOOL_LEFT,
	SPOOL_DROP_LEFT,
	SPOOL_MAILBOXES,
	SPOOL_LAST_IDS,
	SPOOL_FREE_PAGES,
	SPOOL_COPY_MAILBOXES,
	SPOOL_COPY_DELIVERIES,
	SPOOL_UNCOPIED,
	SPOOL_COPIED,
	SPOOL_COPIED_IN,
	SPOOL_COPIED_IN_SET,
	SPOOL_COPIED_FORGET,
	SPOOL_USELESS,
	SPOOL_COPY_GONE,
	SPOOL_ELSEWHERE,
	SPOOL_ELSEWHERE_KEEP,
	SPOOL_ELSEWHERE_DROP,
	SPOOL_ELSEWHERE_OLD,
	SPOOL_MERGE_FIND,
	SPOOL_MERGE_MAILBOX,
	SPOOL_MERGE_DELIVERY,
	SPOOL_STATEMENTS,
};

struct spool_sqlite {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *statements[SPOOL_STATEMENTS]; /* prepared at first use */
	bool was_full;
	uint64_t disk_left;           /* for the puts of this transaction */
	_Atomic uint64_t free_inside; /* bytes of free pages; 0 while the disk has plenty. The loop reads it */
};

/* The statement, reset and ready to bind; NULL and *e on failure. */
sqlite3_stmt *spool_sqlite_statement(struct spool_sqlite *s, enum spool_statement which, struct error *e);
/* Runs a bound statement that gives no rows, and resets it. */
MUST_CHECK bool spool_sqlite_finish(struct spool_sqlite *s, sqlite3_stmt *st, struct error *e);
/* The same for a statement with nothing to bind. */
MUST_CHECK bool spool_sqlite_run(struct spool_sqlite *s, enum spool_statement which, struct error *e);
/* Takes what a put of `len` bytes needs from what the disk has left for this transaction; false: it is full. */
MUST_CHECK bool spool_sqlite_take_disk(struct spool_sqlite *s, size_t len, struct error *e);
/* What the operator can do about a spool.db that cannot be used. */
extern const struct sqlite_file_advice spool_sqlite_advice;
/* The database's last error as a sentence with the path and what to do. Returns false. */
bool spool_sqlite_fail(struct spool_sqlite *s, const char *doing, struct error *e);
