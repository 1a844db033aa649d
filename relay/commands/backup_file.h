/* A backup: one SQLite file with the tokens, their tunnel names and what waits in the spool. It is written beside its
 * place, as FILE.part, and renamed once it is whole and on the disk: FILE is the backup before or this one, never half
 * of one. Payloads are as in the spool, sealed for their clients where these have keys. One thread at a time. */
#pragma once

#include <sqlite3.h>

#include "relay/names/tokens.h"
#include "shared/base/buffer.h"

struct backup;

struct backup_counts {
	uint64_t tokens, names, deliveries;
};

/* Makes FILE.part (0600). A file at `path` that is not a backup is left alone: EXIT_USAGE. */
MUST_CHECK bool backup_new(struct backup **out, const char *path, struct error *e);
MUST_CHECK bool backup_put_tokens(struct backup *b, struct tokens *t, struct error *e);
/* Takes whole pieces of what spool_sqlite_copy gave (spool_sqlite.h) from the front of `come`, which may come from
 * another version of creel-relay; what is the beginning of a piece stays. `backup` is a struct backup. */
MUST_CHECK bool backup_put_spool(void *backup, struct buffer *come, struct error *e);
/* Gives it its name. EXIT_NO when the end of the spool did not come. */
MUST_CHECK bool backup_place(struct backup *b, struct backup_counts *counts, struct error *e);
/* Removes what was not placed. NULL is allowed. */
void backup_free(struct backup *b);

/* Opens one to be read: checked to be a backup of a version that is known, and whole. To be closed by sqlite3_close;
 * NULL and *e (EXIT_STORE). */
sqlite3 *backup_open(const char *path, struct error *e);
