/* Rows as bytes, and straight from one database into another. */
#include "shared/disk/sqlite_row.h"
#include "tests/unit/unit.h"

static sqlite3 *db, *other;

static int set_up(void **state)
{
	(void)state;
	return sqlite3_open(":memory:", &db) == SQLITE_OK && sqlite3_open(":memory:", &other) == SQLITE_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return sqlite3_close(db) == SQLITE_OK && sqlite3_close(other) == SQLITE_OK ? 0 : -1;
}

static sqlite3_stmt *prepare(const char *sql)
{
	sqlite3_stmt *st;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	return st;
}

static void run(sqlite3 *on, const char *sql)
{
	assert_int_equal(sqlite3_exec(on, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* The bytes of the row that a query gives. */
static struct buffer row_of(const char *sql)
{
	struct buffer out = { 0 };
	sqlite3_stmt *st = prepare(sql);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_true(sqlite_row_put(&out, st));
	sqlite3_finalize(st);
	return out;
}

static void test_each_type_comes_back(void **state)
{
	(void)state;
	struct buffer row = row_of("SELECT -9223372036854775808, 'sh' || char(0) || 'op', x'00ff', NULL, x'', ''");
	sqlite3_stmt *st = prepare("SELECT ?1 = -9223372036854775808 AND ?2 = 'sh' || char(0) || 'op' AND ?3 = x'00ff'"
				   " AND ?4 IS NULL AND ?5 = x'' AND ?6 = ''");
	struct bytes from = buffer_view(&row);
	assert_int_equal(sqlite_row_take(&from, st), SQLITE_ROW_TAKEN);
	assert_int_equal(from.len, 0);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(st, 0), 1);
	sqlite3_finalize(st);
	buffer_free(&row);
}

static void test_a_part_is_more_to_come(void **state)
{
	(void)state;
	struct buffer row = row_of("SELECT 1, 'shop', x'00ff'");
	sqlite3_stmt *st = prepare("SELECT ?1, ?2, ?3");
	for (size_t n = 0; n < row.len; n++) {
		struct bytes from = bytes_make(row.at, n);
		assert_int_equal(sqlite_row_take(&from, st), SQLITE_ROW_MORE);
		assert_int_equal(from.len, n);
	}
	sqlite3_finalize(st);
	buffer_free(&row);
}

static void test_another_shape_is_refused(void **state)
{
	(void)state;
	static const uint8_t fraction[9] = { 1, SQLITE_FLOAT };
	struct buffer row = row_of("SELECT 1, 2");
	sqlite3_stmt *st = prepare("SELECT ?1");
	struct bytes from = buffer_view(&row);
	assert_int_equal(sqlite_row_take(&from, st), SQLITE_ROW_BROKEN);
	from = bytes_make(fraction, sizeof fraction);
	assert_int_equal(sqlite_row_take(&from, st), SQLITE_ROW_BROKEN);
	sqlite3_finalize(st);
	buffer_free(&row);
	st = prepare("SELECT 1.5");
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_false(sqlite_row_put(&row, st));
	sqlite3_finalize(st);
	buffer_free(&row);
}

static void test_a_copy_counts_what_it_added_and_names_who_failed(void **state)
{
	(void)state;
	static const char select[] = "SELECT a, b FROM t", insert[] = "INSERT OR IGNORE INTO u VALUES (?1, ?2)";
	uint64_t added = 0;
	sqlite3 *failed;
	run(db, "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x'), (2, x'00'), (3, NULL)");
	run(other, "CREATE TABLE u (a PRIMARY KEY, b); INSERT INTO u VALUES (2, 'kept')");
	assert_true(sqlite_row_copy(db, select, other, insert, &added, &failed));
	assert_int_equal(added, 2);
	assert_false(sqlite_row_copy(db, "SELECT a, b FROM none", other, insert, &added, &failed));
	assert_ptr_equal(failed, db);
	assert_false(sqlite_row_copy(db, select, other, "INSERT INTO u VALUES (?1, ?2)", &added, &failed));
	assert_ptr_equal(failed, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_type_comes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_part_is_more_to_come, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_another_shape_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_copy_counts_what_it_added_and_names_who_failed, set_up,
						tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
