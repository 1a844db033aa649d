/* The database that tokens.c (tokens), tokens_names.c (their tunnel names) and tokens_copy.c (backups) share. */
#pragma once

#include <sqlite3.h>

#include "relay/names/tokens.h"

struct tokens {
	sqlite3 *db;
	char *path;
	struct token *list; /* the table in memory; read again when data_version changes */
	size_t count;
	int64_t version;
	bool unsettled; /* a transaction is open: new names, until tokens_settle */
};

/* The database's last error as a sentence. Returns false. */
bool tokens_fail(struct tokens *t, const char *doing, struct error *e);
/* Makes the next writes leave without a sync of their own, or with one again; nothing within a transaction. */
void tokens_sync_less(struct tokens *t, bool less);
bool tokens_read_pragma(struct tokens *t, const char *sql, int64_t *out);
