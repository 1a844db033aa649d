/* What store.c, store_open.c and store_query.c share: the connection with its prepared statements. */
#pragma once

#include <sqlite3.h>

#include "shared/store.h"

enum store_statement {
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_INSERT_DELIVERY,
	STATEMENT_FIND_EVENT,
	STATEMENT_INSERT_MESSAGE,
	STATEMENT_INSERT_ATTEMPT,
	STATEMENT_SUMMARISE,
	STATEMENT_SET_STATE,
	STATEMENT_ADD_TAG,
	STATEMENT_PUT_STATUS,
	STATEMENT_DROP_STATUS,
	STATEMENT_LIST,
	STATEMENT_GET,
	STATEMENT_LAST,
	STATEMENT_UNFINISHED,
	STATEMENT_HELD,
	STATEMENT_COUNT_ATTEMPTS,
	STATEMENT_FIND_PREFIX,
	STATEMENT_GET_REQUEST,
	STATEMENT_LIST_ATTEMPTS,
	STATEMENT_GET_RESPONSE,
	STATEMENT_LIST_STATUS,
	STATEMENT_VERSION,
	STATEMENT_COUNT,
};

struct store {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *statements[STATEMENT_COUNT]; /* prepared at first use */
};

/* The statement, reset and ready to bind; NULL and *e on failure. */
sqlite3_stmt *store_statement(struct store *s, enum store_statement which, struct error *e);
/* The database's last error as a sentence with the path and what to do. Returns false. */
bool store_fail(struct store *s, const char *doing, struct error *e);
void store_bind_bytes(sqlite3_stmt *st, int index, struct bytes b, bool blob);
