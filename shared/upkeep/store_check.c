#include "shared/upkeep/store_check.h"
#include "shared/base/clock.h"
#include "shared/store/store_private.h"
#include "shared/query/store_query.h"

#include <stdio.h>
#include <string.h>

#define STEPS_BETWEEN_LOOKS 2000

static int is_late(void *user)
{
	const int64_t *until_ms = user;
	return (int64_t)clock_steady_ms() > *until_ms;
}

static void read_pages(struct store *s, int64_t most_ms, struct store_check *out)
{
	int64_t until_ms = (int64_t)clock_steady_ms() + most_ms;
	sqlite3_stmt *st = NULL;
	sqlite3_progress_handler(s->db, STEPS_BETWEEN_LOOKS, is_late, &until_ms);
	int code = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &st, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(st);
	if (code == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(st, 0);
		out->whole = true;
		if (text && strcmp(text, "ok") != 0)
			snprintf(out->fault, sizeof out->fault, "its pages do not fit each other");
	} else if ((code & 0xff) != SQLITE_INTERRUPT) {
		snprintf(out->fault, sizeof out->fault, "reading its pages ended with code %d", code);
	}
	sqlite3_finalize(st);
	sqlite3_progress_handler(s->db, 0, NULL, NULL);
}

static bool take_lock(struct store *s, int64_t most_ms, struct store_check *out, struct error *e)
{
	sqlite3_busy_timeout(s->db, (int)most_ms);
	int code = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	out->busy = (code & 0xff) == SQLITE_BUSY;
	if (out->busy)
		return true;
	return (code == SQLITE_OK && sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK) ||
	       store_fail(s, "written", e);
}

bool store_check(const char *path, int64_t most_ms, struct store_check *out, struct error *e)
{
	struct store *s = NULL;
	memset(out, 0, sizeof *out);
	/* Read-only first: it refuses a file of another schema, which opening to write would change. */
	if (!store_open(&s, path, STORE_READ_ONLY, e))
		return false;
	struct error ignored;
	if (!store_last(s, &out->deliveries, &ignored))
		out->deliveries = 0;
	read_pages(s, most_ms, out);
	store_close(s);
	if (*out->fault)
		return true;
	bool fine = store_open(&s, path, STORE_READ_WRITE, e) && take_lock(s, most_ms, out, e);
	if (s)
		store_close(s);
	return fine;
}
