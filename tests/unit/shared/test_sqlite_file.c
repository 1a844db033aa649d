/* What is said of a database that cannot be opened. */
#include "shared/disk/sqlite_file.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct sqlite_file_advice advice = { .damaged = "d", .not_a_database = "n", .locked = "l" };

static void check_error(const char *path, const char *words)
{
	struct error e = { 0 };
	sqlite3 *db;
	assert_int_not_equal(sqlite_file_connect(path, true, 0, &db), SQLITE_OK);
	assert_false(sqlite_file_fail(db, path, "opened", &advice, &e));
	if (!strstr(e.text, words))
		fail_msg("%s", e.text);
	sqlite3_close(db);
}

static void test_no_more_files(void **state)
{
	char path[] = "/tmp/creel-sqlite-file-XXXXXX";
	int fd = mkstemp(path);
	struct rlimit before, few;
	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){ (rlim_t)fd + 1, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	check_error(path, "too many files are open; raise the limit (ulimit -n)");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	close(fd);
	unlink(path);
}

static void test_no_folder(void **state)
{
	(void)state;
	check_error("/nonexistent/x.db", "check its owner and permissions, and its folder's (No such file");
}

/* The index of the log is the first file to find no room where little was written since the last checkpoint. */
static void test_no_room_for_shared_memory(void **state)
{
	(void)state;
	assert_non_null(strstr(sqlite_file_advice(&advice, SQLITE_IOERR_SHMSIZE), "the disk is full"));
	assert_non_null(strstr(sqlite_file_advice(&advice, SQLITE_FULL), "the disk is full"));
	assert_null(strstr(sqlite_file_advice(&advice, SQLITE_IOERR_READ), "full"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_more_files),
		cmocka_unit_test(test_no_folder),
		cmocka_unit_test(test_no_room_for_shared_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
