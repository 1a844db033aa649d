/* Files that are replaced whole: what a reader finds when the writer dies, what permissions it has, what becomes of
 * links. */
#include "shared/disk/file.h"
#include "shared/base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char folder[] = "/tmp/creel-file-XXXXXX", at[64], draft[64];

static int set_up(void **state)
{
	(void)state;
	memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
	if (!mkdtemp(folder))
		return -1;
	snprintf(at, sizeof at, "%s/name", folder);
	snprintf(draft, sizeof draft, "%s/name.tmp", folder);
	return 0;
}

static int tear_down(void **state)
{
	char other[64];
	(void)state;
	snprintf(other, sizeof other, "%s/other", folder);
	unlink(at);
	unlink(draft);
	unlink(other);
	return rmdir(folder);
}

static void assert_holds(const char *path, const char *text)
{
	char read_back[10000];
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	ssize_t n = read(fd, read_back, sizeof read_back - 1);
	close(fd);
	assert_true(n >= 0);
	read_back[n] = 0;
	assert_string_equal(read_back, text);
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode;
}

static void test_the_new_one_takes_the_place_of_the_old(void **state)
{
	(void)state;
	assert_true(file_replace(at, bytes_of("one"), FILE_AS_USUAL));
	assert_holds(at, "one");
	assert_true(file_replace(at, bytes_of(""), FILE_SYNCED));
	assert_holds(at, "");
	assert_true(file_replace_line(at, "http://localhost:1"));
	assert_holds(at, "http://localhost:1\n");
	assert_int_not_equal(access(draft, F_OK), 0);
}

static void test_permissions(void **state)
{
	(void)state;
	mode_t before = umask(0);
	assert_true(file_replace(at, bytes_of("x"), FILE_PRIVATE | FILE_SYNCED));
	assert_int_equal(mode_of(at) & 0777, 0600);
	assert_true(file_replace(at, bytes_of("x"), FILE_AS_USUAL));
	assert_int_equal(mode_of(at) & 0777, 0666);
	umask(077);
	assert_true(file_replace(at, bytes_of("x"), FILE_AS_USUAL));
	assert_int_equal(mode_of(at) & 0777, 0600);
	umask(before);
	/* A draft that somebody else left open to all is not written into. */
	assert_true(file_replace(draft, bytes_of("left"), FILE_AS_USUAL));
	assert_int_equal(chmod(draft, 0666), 0);
	assert_true(file_replace(at, bytes_of("secret"), FILE_PRIVATE));
	assert_int_equal(mode_of(at) & 0777, 0600);
}

static void test_links_are_replaced_and_not_followed(void **state)
{
	char other[64];
	(void)state;
	snprintf(other, sizeof other, "%s/other", folder);
	assert_true(file_replace(other, bytes_of("precious"), FILE_AS_USUAL));
	assert_int_equal(symlink(other, at), 0);
	assert_int_equal(symlink(other, draft), 0);
	assert_true(file_replace(at, bytes_of("mine"), FILE_AS_USUAL));
	assert_true(S_ISREG(mode_of(at)));
	assert_holds(at, "mine");
	assert_holds(other, "precious");
	assert_int_not_equal(access(draft, F_OK), 0);
}

static void test_failures_leave_the_old_one_and_no_draft(void **state)
{
	static char long_path[5000];
	char below[80];
	(void)state;
	memset(long_path, 'p', sizeof long_path - 1);
	assert_false(file_replace(long_path, bytes_of("x"), FILE_AS_USUAL));
	assert_int_equal(errno, ENAMETOOLONG);
	snprintf(below, sizeof below, "%s/none/name", folder);
	assert_false(file_replace(below, bytes_of("x"), FILE_AS_USUAL));
	assert_int_equal(errno, ENOENT);
	/* A folder is in its place. */
	assert_int_equal(mkdir(at, 0700), 0);
	assert_false(file_replace(at, bytes_of("x"), FILE_AS_USUAL));
	assert_true(errno == EISDIR || errno == EEXIST || errno == ENOTEMPTY);
	assert_int_not_equal(access(draft, F_OK), 0);
	assert_int_equal(rmdir(at), 0);
}

/* In a child that may write `most` bytes to a file: it dies at the first byte beyond, unless `survives`. */
static int replace_with_limit(size_t most, bool survives, struct bytes text)
{
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct rlimit none = { 0, 0 }, limit = { most, most };
		signal(SIGXFSZ, survives ? SIG_IGN : SIG_DFL);
		setrlimit(RLIMIT_CORE, &none);
		setrlimit(RLIMIT_FSIZE, &limit);
		bool fine = file_replace(at, text, FILE_AS_USUAL);
		_exit(fine ? 0 : errno == EFBIG ? 1 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void test_a_writer_that_dies_leaves_the_old_one(void **state)
{
	static char text[8193];
	(void)state;
	memset(text, 'n', sizeof text - 1);
	assert_true(file_replace(at, bytes_of("old"), FILE_AS_USUAL));
	const size_t points[] = { 0, 1, 4096, 8191 };
	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		struct stat st;
		int status = replace_with_limit(points[i], false, bytes_of(text));
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
		assert_holds(at, "old");
		assert_int_equal(stat(draft, &st), 0);
		assert_int_equal(st.st_size, points[i]);
	}
	/* What it left is in nobody's way. */
	assert_true(file_replace(at, bytes_of(text), FILE_AS_USUAL));
	assert_holds(at, text);
	assert_int_not_equal(access(draft, F_OK), 0);
}

static void test_a_disk_that_is_full_leaves_the_old_one(void **state)
{
	static char text[8193];
	(void)state;
	memset(text, 'n', sizeof text - 1);
	assert_true(file_replace(at, bytes_of("old"), FILE_AS_USUAL));
	int status = replace_with_limit(4096, true, bytes_of(text));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_holds(at, "old");
	assert_int_not_equal(access(draft, F_OK), 0);
}

static void test_a_reader_never_finds_half_of_one(void **state)
{
	static char texts[2][9001];
	(void)state;
	for (int i = 0; i < 2; i++)
		memset(texts[i], 'a' + i, sizeof texts[i] - 1 - (size_t)i * 4000);
	assert_true(file_replace(at, bytes_of(texts[0]), FILE_AS_USUAL));
	pid_t child = fork();
	assert_true(child >= 0);
	for (int i = 0; child == 0 && i < 200000; i++)
		if (!file_replace(at, bytes_of(texts[i % 2]), FILE_AS_USUAL))
			_exit(1);
	if (child == 0)
		_exit(2);
	for (int i = 0; i < 2000; i++) {
		char read_back[9001] = "";
		int fd = open(at, O_RDONLY);
		assert_true(fd >= 0);
		assert_true(read(fd, read_back, sizeof read_back - 1) > 0);
		close(fd);
		assert_string_equal(read_back, texts[read_back[0] == 'b']);
	}
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_writing_all_of_it(void **state)
{
	int ends[2];
	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(file_write_all(ends[1], bytes_of("")));
	assert_true(file_write_all(ends[1], bytes_of("text")));
	char read_back[8] = "";
	assert_int_equal(read(ends[0], read_back, sizeof read_back), 4);
	assert_string_equal(read_back, "text");
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	assert_false(file_write_all(ends[1], bytes_of("text")));
	assert_int_equal(errno, EPIPE);
	close(ends[1]);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(test_the_new_one_takes_the_place_of_the_old),
		WITH_FOLDER(test_permissions),
		WITH_FOLDER(test_links_are_replaced_and_not_followed),
		WITH_FOLDER(test_failures_leave_the_old_one_and_no_draft),
		WITH_FOLDER(test_a_writer_that_dies_leaves_the_old_one),
		WITH_FOLDER(test_a_disk_that_is_full_leaves_the_old_one),
		WITH_FOLDER(test_a_reader_never_finds_half_of_one),
		cmocka_unit_test(test_writing_all_of_it),
	};
	return RUN(tests);
}
