/* How SQLite means to do each statement of the store: every one finds its rows by a key or an index. One that walked a
 * table of a million deliveries would do so under the writer's lock, or before a screen is drawn. */
#include "shared/store/store_private.h"
#include "tests/unit/shared/store_fixture.h"

/* Those that walk something, with what they walk, and why they may. */
static const struct {
	enum store_statement which;
	const char *walks, *why;
} walks[] = {
	{ STATEMENT_COUNT_ALL, "SCAN delivery USING COVERING INDEX", "asked for once, the narrowest index" },
	{ STATEMENT_LIST_JOURNALS, "SCAN journal", "a row a running client" },
	{ STATEMENT_FIGURES, "SCAN figures", "all blocks, one for 4096 deliveries" },
	{ STATEMENT_LIST_STATUS, "SCAN client", "a row a running client" },
	{ STATEMENT_LIST_STATUS, "USE TEMP B-TREE FOR ORDER BY", "a row a running client" },
	{ STATEMENT_DROP_OLD_SIGNINGS, "SCAN signing", "a few rows, for a moment" },
	{ STATEMENT_ANSWER_PAGES, "SCAN attempt USING COVERING INDEX attempt_by_kept", "the long ones alone" },
	{ STATEMENT_OLDEST_ANSWER, "SCAN attempt USING COVERING INDEX attempt_by_kept", "its first row" },
	{ STATEMENT_FILE_PAGES, "SCAN body_file", "the large bodies alone" },
	{ STATEMENT_LIST_GONE_FILES, "SCAN body_file_gone", "its first rows" },
	{ STATEMENT_INDEX_LATEST, "SCAN search_block", "the newest of a thousandth as many, and ends after a few" },
	{ STATEMENT_LAST, "SCAN delivery", "by id from the newest, and ends at the first that counts" },
	{ STATEMENT_LIST, "SCAN (subquery", "the page that was found" },
	{ STATEMENT_LIST, "USE TEMP B-TREE FOR ORDER BY", "the page that was found" },
	{ STATEMENT_LIST_REPLAYS, "SCAN (subquery", "the page that was found" },
	{ STATEMENT_LIST_REPLAYS, "USE TEMP B-TREE FOR ORDER BY", "the page that was found" },
	{ STATEMENT_LIST_JOBS, "USE TEMP B-TREE FOR ORDER BY", "what is asked for now" },
};

static bool seen[sizeof walks / sizeof *walks];

static bool is_allowed(enum store_statement which, const char *step)
{
	for (size_t i = 0; i < sizeof walks / sizeof *walks; i++)
		if (walks[i].which == which && strncmp(step, walks[i].walks, strlen(walks[i].walks)) == 0)
			return seen[i] = true;
	return false;
}

static bool walks_something(const char *step)
{
	/* A scan of what is one row, or no table of the store's. */
	static const char *const harmless[] = { "SCAN CONSTANT ROW", "SCAN pragma_page_size", "SCAN search_mark" };
	if (strncmp(step, "USE TEMP B-TREE", 15) == 0)
		return true;
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
		if (strncmp(step, harmless[i], strlen(harmless[i])) == 0)
			return false;
	return strncmp(step, "SCAN ", 5) == 0;
}

static void test_every_statement_finds_its_rows(void **state)
{
	struct store *s = open_store();
	struct error e;
	unsigned faults = 0;
	(void)state;
	assert_true(store_add_functions(s, &e));
	for (int which = 0; which < STATEMENT_COUNT; which++) {
		const char *sql = store_statement_sql((enum store_statement)which);
		char text[4096];
		sqlite3_stmt *st;
		assert_non_null(sql);
		assert_true(snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", sql) < (int)sizeof text);
		if (strncmp(sql, "PRAGMA", 6) == 0)
			continue;
		if (sqlite3_prepare_v2(s->db, text, -1, &st, NULL) != SQLITE_OK)
			fail_msg("%s: %s", sql, sqlite3_errmsg(s->db));
		while (sqlite3_step(st) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(st, 3);
			if (!walks_something(step) || is_allowed((enum store_statement)which, step))
				continue;
			print_error("%s\n    %s\n", sql, step);
			faults++;
		}
		sqlite3_finalize(st);
	}
	for (size_t i = 0; i < sizeof walks / sizeof *walks; i++)
		if (!seen[i]) {
			print_error("no longer walked: %s\n", walks[i].walks);
			faults++;
		}
	assert_int_equal(faults, 0);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_FOLDER(test_every_statement_finds_its_rows) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
