/* Where a user's files are, and how their folders are made. */
#include "shared/disk/folder.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

static char base[64];

static int begin(void **state)
{
	(void)state;
	strcpy(base, "/tmp/creel-folder-XXXXXX");
	return mkdtemp(base) ? 0 : -1;
}

static int end(void **state)
{
	char command[100];
	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", base);
	return system(command);
}

static void expect(enum user_folder which, const char *name, const char *wanted)
{
	char *path = folder_of_user(which, name);
	if (wanted)
		assert_string_equal(path, wanted);
	else
		assert_null(path);
	free(path);
}

static void test_of_user(void **state)
{
	(void)state;
	setenv("HOME", "/home/u", 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_DATA_HOME");
	unsetenv("XDG_STATE_HOME");
	expect(FOLDER_CONFIG, "config.ini", "/home/u/.config/creel/config.ini");
	expect(FOLDER_DATA, "creel.db", "/home/u/.local/share/creel/creel.db");
	expect(FOLDER_STATE, "history", "/home/u/.local/state/creel/history");
	expect(FOLDER_STATE, NULL, "/home/u/.local/state/creel");
	setenv("XDG_DATA_HOME", "/data", 1);
	expect(FOLDER_DATA, NULL, "/data/creel");
	expect(FOLDER_DATA, "creel.db", "/data/creel/creel.db");
	setenv("XDG_DATA_HOME", "not/absolute", 1);
	expect(FOLDER_DATA, "creel.db", "/home/u/.local/share/creel/creel.db");
	setenv("XDG_DATA_HOME", "", 1);
	expect(FOLDER_DATA, "creel.db", "/home/u/.local/share/creel/creel.db");
	setenv("HOME", "", 1);
	expect(FOLDER_DATA, "creel.db", NULL);
	unsetenv("HOME");
	expect(FOLDER_CONFIG, "config.ini", NULL);
}

static void expect_mode(const char *name, unsigned mode)
{
	char path[100];
	struct stat st;
	snprintf(path, sizeof path, "%s/%s", base, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, mode);
}

static bool exists(const char *name)
{
	char path[100];
	snprintf(path, sizeof path, "%s/%s", base, name);
	return access(path, F_OK) == 0;
}

static void test_made(void **state)
{
	char path[100];
	struct error e;
	(void)state;
	snprintf(path, sizeof path, "%s/open", base);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chmod(path, 0755), 0);
	snprintf(path, sizeof path, "%s/open/a/file", base);
	assert_true(folder_make_above(path, &e));
	expect_mode("open", 0755); /* it was there */
	expect_mode("open/a", 0700);
	assert_false(exists("open/a/file"));
	assert_true(folder_make(path, &e));
	expect_mode("open/a/file", 0700);
	assert_true(folder_make(path, &e));
	assert_true(folder_make_above("no-folder-in-it", &e));
	assert_true(folder_make_above("", &e));
}

static void test_cannot_be_made(void **state)
{
	char path[100], wanted[200];
	struct error e;
	(void)state;
	snprintf(path, sizeof path, "%s/file", base);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	snprintf(path, sizeof path, "%s/file/a/b", base);
	assert_false(folder_make(path, &e));
	assert_int_equal(e.code, EXIT_STORE);
	snprintf(wanted, sizeof wanted, "the folder %s/file/a cannot be made: Not a directory", base);
	assert_string_equal(e.text, wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_user),
		cmocka_unit_test_setup_teardown(test_made, begin, end),
		cmocka_unit_test_setup_teardown(test_cannot_be_made, begin, end),
	};
	return RUN(tests);
}
