/* A row that came from another process: what was taken is what the same row is written as, and a part of it is more to
 * come, never a row. */
#include <stdlib.h>
#include <string.h>

#include "shared/disk/sqlite_row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static sqlite3 *db;
static sqlite3_stmt *statements[4]; /* of as many columns */

static void require(bool fine)
{
	if (!fine)
		abort();
}

static void set_up(void)
{
	static const char *const sql[] = { NULL, "SELECT ?1", "SELECT ?1, ?2", "SELECT ?1, ?2, ?3" };
	require(sqlite3_open(":memory:", &db) == SQLITE_OK);
	for (size_t i = 1; i < 4; i++)
		require(sqlite3_prepare_v2(db, sql[i], -1, &statements[i], NULL) == SQLITE_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!db)
		set_up();
	sqlite3_stmt *st = statements[size > 0 && data[0] >= 1 && data[0] <= 3 ? data[0] : 1];
	struct bytes from = bytes_make(data, size);
	enum sqlite_row_taken taken = sqlite_row_take(&from, st);
	size_t len = size - from.len;
	if (taken == SQLITE_ROW_TAKEN) {
		struct buffer again = { 0 };
		require(sqlite3_step(st) == SQLITE_ROW && sqlite_row_put(&again, st));
		require(again.len == len && memcmp(again.at, data, len) == 0);
		buffer_free(&again);
		sqlite3_reset(st);
	} else {
		require(len == 0);
	}
	for (size_t n = 0; taken == SQLITE_ROW_TAKEN && n < len && n < 64; n++) {
		/* An exact copy, so that ASan sees a read past its end. */
		uint8_t *part = malloc(n + 1);
		require(part != NULL);
		memcpy(part, data, n);
		from = bytes_make(part, n);
		require(sqlite_row_take(&from, st) == SQLITE_ROW_MORE && from.len == n);
		sqlite3_clear_bindings(st);
		free(part);
	}
	sqlite3_clear_bindings(st);
	return 0;
}
