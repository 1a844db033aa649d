/* Config files are read whole and only if they are plain ones, and no line of them counts for what it is not. */
#include "shared/options/ini_file.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct place {
	char folder[64], path[100];
};

static int set_up(void **state)
{
	static struct place p;
	snprintf(p.folder, sizeof p.folder, "/tmp/creel-ini-XXXXXX");
	assert_non_null(mkdtemp(p.folder));
	snprintf(p.path, sizeof p.path, "%s/creel.ini", p.folder);
	*state = &p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	unlink(p->path);
	rmdir(p->path);
	return rmdir(p->folder);
}

static void put(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static void expect_refused(const char *path, const char *says)
{
	struct ini_file f;
	struct error e = { 0 };
	assert_false(ini_file_read(path, &f, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	if (!strstr(e.text, says) || !strstr(e.text, path))
		fail_msg("\"%s\" does not say \"%s\" of %s", e.text, says, path);
	ini_file_free(&f);
}

/* Each of these would be waited for, or read, without an end. */
static void test_only_plain_files(void **state)
{
	struct place *p = *state;
	assert_int_equal(mkfifo(p->path, 0600), 0);
	expect_refused(p->path, "it is a pipe");
	unlink(p->path);
	assert_int_equal(mkdir(p->path, 0700), 0);
	expect_refused(p->path, "it is a folder");
	rmdir(p->path);
	const char *const devices[] = { "/dev/zero", "/dev/full", "/dev/tty", "/dev/null" };
	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
		struct ini_file f;
		struct error e = { 0 };
		assert_int_equal(symlink(devices[i], p->path), 0);
		assert_false(ini_file_read(p->path, &f, &e)); /* without a terminal /dev/tty cannot even be opened */
		assert_int_equal(e.code, EXIT_USAGE);
		ini_file_free(&f);
		unlink(p->path);
	}
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(a.sun_path, sizeof a.sun_path, "%s", p->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	expect_refused(p->path, "it is a socket");
	close(fd);
	unlink(p->path);
	assert_int_equal(symlink("creel.ini", p->path), 0); /* to itself */
	expect_refused(p->path, "cannot be read");
}

static void test_bounds(void **state)
{
	struct place *p = *state;
	struct ini_file f;
	struct error e = { 0 };
	char *big = malloc(INI_FILE_MOST + 1);
	assert_non_null(big);
	memset(big, '\n', INI_FILE_MOST + 1);
	put(p->path, big, INI_FILE_MOST + 1);
	expect_refused(p->path, "larger than 256 KiB");
	put(p->path, big, INI_FILE_MOST);
	assert_true(ini_file_read(p->path, &f, &e) && f.there);
	assert_int_equal(f.text.len, INI_FILE_MOST);
	ini_file_free(&f);
	free(big);
	assert_int_equal(truncate(p->path, (off_t)1 << 40), 0);
	expect_refused(p->path, "larger than 256 KiB");
	put(p->path, "a = 1\n\0b = 2\n", 13);
	expect_refused(p->path, "NUL byte");
	unlink(p->path);
	assert_true(ini_file_read(p->path, &f, &e));
	assert_false(f.there);
	put(p->path, "", 0);
	assert_true(ini_file_read(p->path, &f, &e) && f.there);
	ini_file_free(&f);
}

static bool note(void *user, const char *section, const char *key, const char *value, struct error *e)
{
	(void)e;
	return buffer_printf(user, "%s|%s|%s\n", section, key, value);
}

static void expect_keys(const char *text, const char *keys, const char *says)
{
	struct buffer got = { 0 };
	struct error e = { 0 };
	bool fine = ini_file_parse("x.ini", bytes_of(text), note, &got, &e);
	assert_true(buffer_put_u8(&got, 0));
	assert_int_equal(fine, says == NULL);
	if (says && !strstr(e.text, says))
		fail_msg("\"%s\" does not say \"%s\"", e.text, says);
	assert_string_equal((char *)got.at, keys);
	buffer_free(&got);
}

static void test_lines(void **state)
{
	char text[1000];
	(void)state;
	expect_keys("a = 1\n[s]\nb: 2 ; said\n# c = 3\n", "|a|1\ns|b|2\n", NULL);
	expect_keys("a = 1\nb\n", "|a|1\n", "x.ini:2 is neither");
	expect_keys("\xef\xbb\xbf"
		    "a = 1\r\n",
		    "|a|1\n", NULL);
	/* libinih reads 199 bytes at once; what is behind them is no line by itself. */
	snprintf(text, sizeof text, "a = %0195d\n", 1);
	expect_keys(text, "", "x.ini:1 is too long");
	snprintf(text, sizeof text, "\n[s]\nb = 1\nc = %0500d d = 2\n", 1);
	expect_keys(text, "s|b|1\n", "x.ini:4 is too long");
	snprintf(text, sizeof text, "; %0500d\nb = 2\n  # %0197d e = 3\n", 1, 1);
	expect_keys(text, "|b|2\n", NULL);
}

static bool stop(void *user, const char *section, const char *key, const char *value, struct error *e)
{
	(void)section;
	(void)value;
	++*(int *)user;
	return error_set(e, EXIT_USAGE, "%s is not wanted", key);
}

static void test_the_first_no_ends_it(void **state)
{
	struct error e = { 0 };
	int count = 0;
	(void)state;
	assert_false(ini_file_parse("x.ini", bytes_of("a = 1\nb = 2\nc"), stop, &count, &e));
	assert_int_equal(count, 1);
	assert_string_equal(e.text, "a is not wanted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_plain_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounds, set_up, tear_down),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_the_first_no_ends_it),
	};
	return RUN(tests);
}
