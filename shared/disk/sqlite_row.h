/* Rows on their way from one database to another: directly, or as bytes where the other belongs to a different process.
 * Any thread that may use the connections. */
#pragma once

#include <sqlite3.h>
#include <stdint.h>

#include "shared/base/buffer.h"

/* Runs `insert` on `to` for each row that `select` gives of `from`, with its columns as ?1, ?2, …; *changed counts the
 * rows that this added. False: the one of the two connections that failed is in *failed, its last error says how. */
MUST_CHECK bool sqlite_row_copy(sqlite3 *from, const char *select, sqlite3 *to, const char *insert, uint64_t *changed,
				sqlite3 **failed);

/* Appends the row that `st` stands on: how many columns, then for each its type (a byte, SQLITE_INTEGER and so on), and
 * eight bytes of an integer or the length (four bytes) and bytes of a text or blob. False: out of memory, or a column
 * that is a fraction. */
MUST_CHECK bool sqlite_row_put(struct buffer *out, sqlite3_stmt *st);

enum sqlite_row_taken { SQLITE_ROW_TAKEN, SQLITE_ROW_MORE, SQLITE_ROW_BROKEN };
/* Takes such a row from the front of `*from` and binds its columns to ?1, ?2, … of `st`, whose parameters must be as
 * many; what is bound points into `from`, and must be there until the statement has run. SQLITE_ROW_MORE: the row is
 * not there to its end, nothing was taken. */
enum sqlite_row_taken sqlite_row_take(struct bytes *from, sqlite3_stmt *st);
