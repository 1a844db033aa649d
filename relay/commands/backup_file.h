/* A backup: one SQLite file with the tokens, their tunnel names and what waits in the spool. It is written beside its
 * place, as FILE.part, and renamed once it is whole and on the disk: FILE is either the previous backup or this one,
 * never half of one. Payloads are as in the spool, sealed for their clients where these have keys. One thread at a
 * time. */
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
/* Takes whole pieces of what spool_sqlite_copy made (spool_sqlite.h), perhaps by another version of creel-relay, from
 * the front of `come`; the beginning of an incomplete piece stays there. `backup` is a struct backup. */
MUST_CHECK bool backup_put_spool(void *backup, struct buffer *come, struct error *e);
/* Renames it to FILE. EXIT_NO when the spool's copy is incomplete. */
MUST_CHECK bool backup_place(struct backup *b, struct backup_counts *counts, struct error *e);
/* Frees it; FILE.part is removed if it was not renamed. NULL is allowed. */
void backup_free(struct backup *b);

/* Opens a backup for reading, after checking that its version is known and that it is whole. The caller closes it with
 * sqlite3_close. NULL and *e (EXIT_STORE). */
sqlite3 *backup_open(const char *path, struct error *e);
