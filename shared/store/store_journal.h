/* The journals of a store (journal.md): which there are, how their records come into the database, and what is done
 * with one whose client was killed. The same threads as the store's. Errors are EXIT_STORE. */
#pragma once

#include "shared/store/journal_record.h"

#define JOURNAL_FILES 2

/* "/x/creel.db" gives "/x/creel.log." and this. The caller frees it; NULL when out of memory. */
char *store_journal_path(const char *db, const char *what);
/* The same of one of a journal's two files. */
char *store_journal_file(const char *db, const char *name, int file);

/* Says in the database that this process has such a journal, whose files are there and locked. It is synced. */
MUST_CHECK bool store_journal_add(struct store *s, const char *name, struct error *e);
/* It has not any more: its files are gone. */
MUST_CHECK bool store_journal_drop(struct store *s, const char *name, struct error *e);
/* In the caller's transaction: all records up to this one are in the database. */
MUST_CHECK bool store_journal_mark(struct store *s, const char *name, uint64_t applied, struct error *e);

/* Brings the end of a call into the database, in the caller's transaction, unless it is there, or its delivery is not.
 * A body that is apart is read from `body`, or is lost where that is NULL. */
MUST_CHECK bool store_journal_apply_attempt(struct store *s, const struct journal_attempt *a, const struct spill *body,
					    struct error *e);

/* Brings in what killed clients left (store_journal_recover.c), each record once, and deletes their files. */
MUST_CHECK bool store_journal_recover(struct store *s, struct error *e);
/* Whether there is something of that kind; reads alone. */
bool store_journal_is_left(struct store *s);
/* Told a sentence when the end of such a file was not whole and is kept aside. On the thread that opens the store. */
void store_watch_journals(void (*told)(const char *sentence));
