/* The journals of a store (journal.md): which there are, how their records come into the database, and what is done
 * with one whose client was killed. The same threads as the store's. Errors are EXIT_STORE. */
#pragma once

#include "shared/store/journal_record.h"

#define JOURNAL_FILES 2

/* "/x/creel.db" gives "/x/creel.log." and this. The caller frees it; NULL when out of memory. */
char *store_journal_path(const char *db, const char *what);
/* The same of one of a journal's two files. */
char *store_journal_file(const char *db, const char *name, int file);

/* Says in the database that this process has such a journal, whose files are there and locked. The caller syncs
 * it (store_sync_apart_ops). */
MUST_CHECK bool store_journal_add(struct store *s, const char *name, struct error *e);
/* Whether this process has it. */
bool store_journal_is_own(const char *name);
/* Takes that back, once its files are gone. */
MUST_CHECK bool store_journal_drop(struct store *s, const char *name, struct error *e);
/* Notes, in the caller's transaction, that all records up to this one are in the database. */
MUST_CHECK bool store_journal_mark(struct store *s, const char *name, uint64_t applied, struct error *e);

/* The commits of a store that syncs apart (store_sync_apart_ops) keep this journal's mark from now on: `name` must live
 * as long. */
void store_journal_follow(struct store *s, const char *name);
/* In such a store's transaction, before a record is brought in. False when the one before it is not in the database:
 * the order holds. */
MUST_CHECK bool store_journal_next(struct store *s, uint64_t sequence, struct error *e);
/* After a record could not be brought in: whether it never can be, because of its contents, so that it must be passed
 * over. */
bool store_journal_is_refused(struct store *s);

/* The delivery of an event id; *id is 0 when the database has none. */
MUST_CHECK bool store_journal_find(struct store *s, const uint8_t event_id[UUID_LEN], int64_t *id, struct error *e);
/* Between these two, each store_journal_find sees the database as it was at the first one, and SQLite looks at its log
 * only once. For a connection that is used for nothing else. */
MUST_CHECK bool store_journal_find_begin(struct store *s, struct error *e);
void store_journal_find_end(struct store *s);
/* Brings the end of a call into the database, in the caller's transaction, unless it is there, or its delivery is not.
 * A body that is apart is read from `body`, or is lost where that is NULL. */
MUST_CHECK bool store_journal_apply_attempt(struct store *s, const struct journal_attempt *a, const struct spill *body,
					    struct error *e);

/* Brings in what killed clients left (store_journal_recover.c), each record once, and deletes their files. */
MUST_CHECK bool store_journal_recover(struct store *s, struct error *e);
/* Whether there is anything to recover; only reads. */
bool store_journal_is_left(struct store *s);
/* Waits until all that other running clients have in their journals by now is in the database (store_journal_wait.c),
 * or for a quarter of a second. */
void store_journal_wait(struct store *s);
/* Sets a function that gets a sentence when such a file was damaged and was kept aside, or cannot be brought in for who
 * only reads. It is called on the thread that opens the store. */
void store_watch_journals(void (*told)(const char *sentence));
void store_journal_tell(const char *sentence);
