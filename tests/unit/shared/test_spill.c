/* Bodies in memory and, when they grow, in a file without a name. A full disk is played by a limit on a file's size,
 * which makes the kernel write short first and refuse then, as a full disk does. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/disk/spill.h"
#include "tests/unit/unit.h"

#define PIECE 10007 /* odd, so that the border falls within a piece */

struct place {
	char folder[32];
	struct spill s;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	assert_non_null(p);
	snprintf(p->folder, sizeof p->folder, "/tmp/creel-spill-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	spill_init(&p->s, p->folder);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	spill_free(&p->s);
	assert_int_equal(rmdir(p->folder), 0); /* also: nothing was left in it */
	free(p);
	return 0;
}

static uint8_t byte_at(uint64_t i)
{
	return (uint8_t)(i * 31 + i / 251 + i / 65537);
}

/* False when an append was refused; then spill_len says how far it came. */
static bool fill_to(struct spill *s, uint64_t len)
{
	uint8_t piece[PIECE];
	while (spill_len(s) < len) {
		uint64_t from = spill_len(s);
		size_t n = len - from < sizeof piece ? (size_t)(len - from) : sizeof piece;
		for (size_t i = 0; i < n; i++)
			piece[i] = byte_at(from + i);
		if (!spill_append(s, piece, n))
			return false;
		assert_int_equal(spill_len(s), from + n);
	}
	return true;
}

static void assert_holds(const struct spill *s, uint64_t at, size_t len)
{
	struct buffer out = { 0 };
	assert_true(buffer_append_text(&out, "before"));
	assert_true(spill_read(s, at, len, &out));
	assert_int_equal(out.len, 6 + len);
	assert_memory_equal(out.at, "before", 6);
	for (size_t i = 0; i < len; i++)
		if (out.at[6 + i] != byte_at(at + i))
			fail_msg("byte %zu from %llu is wrong", i, (unsigned long long)at);
	buffer_free(&out);
}

static int count_files(const char *folder)
{
	DIR *d = opendir(folder);
	int count = -2; /* . and .. */
	assert_non_null(d);
	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

static void test_small_stays_in_memory(void **state)
{
	struct place *p = *state;
	struct bytes all;
	assert_true(spill_view(&p->s, &all));
	assert_int_equal(all.len, 0);
	assert_true(spill_append(&p->s, NULL, 0));
	assert_int_equal(spill_len(&p->s), 0);
	assert_true(fill_to(&p->s, SPILL_MEMORY));
	assert_true(spill_view(&p->s, &all));
	assert_int_equal(all.len, SPILL_MEMORY);
	assert_int_equal(all.at[SPILL_MEMORY - 1], byte_at(SPILL_MEMORY - 1));
	assert_int_equal(p->s.fd, -1);
	assert_holds(&p->s, 0, SPILL_MEMORY);
	assert_holds(&p->s, 1000, 7);
}

static void test_one_more_byte_spills(void **state)
{
	struct place *p = *state;
	struct bytes all;
	assert_true(fill_to(&p->s, SPILL_MEMORY));
	assert_true(fill_to(&p->s, SPILL_MEMORY + 1));
	assert_false(spill_view(&p->s, &all));
	assert_null(p->s.memory.at);
	assert_holds(&p->s, 0, SPILL_MEMORY + 1);
}

static void test_an_expected_large_one_spills_early(void **state)
{
	struct place *p = *state;
	struct bytes view;
	spill_expect(&p->s, SPILL_MEMORY);
	assert_true(fill_to(&p->s, SPILL_MEMORY));
	assert_true(spill_view(&p->s, &view));
	spill_free(&p->s);
	spill_expect(&p->s, SPILL_MEMORY + 1);
	assert_true(fill_to(&p->s, 100));
	assert_true(spill_view(&p->s, &view));
	assert_true(fill_to(&p->s, SPILL_MEMORY / 4));
	assert_false(spill_view(&p->s, &view));
	assert_holds(&p->s, 0, SPILL_MEMORY / 4);
}

static void test_large_is_read_from_anywhere(void **state)
{
	struct place *p = *state;
	const uint64_t len = 5 * SPILL_MEMORY + 12345;
	assert_true(fill_to(&p->s, len));
	assert_int_equal(spill_len(&p->s), len);
	assert_holds(&p->s, 0, (size_t)len);
	assert_holds(&p->s, SPILL_MEMORY - 3, 6);
	assert_holds(&p->s, len - 1, 1);
	assert_holds(&p->s, len, 0);
}

static void test_a_view_of_all_of_it(void **state)
{
	struct place *p = *state;
	struct bytes view;
	assert_true(spill_map(&p->s, &view));
	assert_int_equal(view.len, 0);
	spill_unmap(&p->s, view);
	static const uint64_t sizes[] = { 100, SPILL_MEMORY, 3 * SPILL_MEMORY + 1 };
	for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
		assert_true(fill_to(&p->s, sizes[k]));
		assert_true(spill_map(&p->s, &view));
		assert_int_equal(view.len, sizes[k]);
		for (size_t i = 0; i < view.len; i++)
			if (view.at[i] != byte_at(i))
				fail_msg("byte %zu of %zu", i, view.len);
		spill_unmap(&p->s, view);
	}
}

static void test_one_large_piece(void **state)
{
	struct place *p = *state;
	const size_t len = 3 * SPILL_MEMORY;
	uint8_t *all = malloc(len);
	assert_non_null(all);
	for (size_t i = 0; i < len; i++)
		all[i] = byte_at(i);
	assert_true(spill_append(&p->s, all, len));
	free(all);
	assert_holds(&p->s, 0, len);
}

static void test_the_file_is_private_and_has_no_name(void **state)
{
	struct place *p = *state;
	struct stat st;
	mode_t before = umask(0);
	assert_true(fill_to(&p->s, SPILL_MEMORY + 1));
	umask(before);
	assert_true(p->s.fd >= 0);
	assert_int_equal(fstat(p->s.fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 0);
	assert_true(fcntl(p->s.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(count_files(p->folder), 0);
}

static void test_reading_beyond_the_end_is_refused(void **state)
{
	struct place *p = *state;
	const uint64_t lens[] = { 100, SPILL_MEMORY + 100 };
	struct buffer out = { 0 };
	assert_true(buffer_append_text(&out, "kept"));
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		assert_true(fill_to(&p->s, lens[i]));
		assert_false(spill_read(&p->s, lens[i], 1, &out));
		assert_false(spill_read(&p->s, lens[i] - 1, 2, &out));
		assert_false(spill_read(&p->s, 1, SIZE_MAX, &out));
		assert_false(spill_read(&p->s, UINT64_MAX, 1, &out));
		assert_false(spill_read(&p->s, lens[i] + 1, 0, &out));
	}
	assert_true(bytes_equal(buffer_view(&out), bytes_of("kept")));
	buffer_free(&out);
}

static void test_free_leaves_it_usable(void **state)
{
	struct place *p = *state;
	struct bytes all;
	for (int i = 0; i < 3; i++) {
		assert_true(fill_to(&p->s, 2 * SPILL_MEMORY));
		int fd = p->s.fd;
		spill_free(&p->s);
		assert_int_equal(fcntl(fd, F_GETFD), -1);
		assert_int_equal(spill_len(&p->s), 0);
		assert_true(spill_view(&p->s, &all));
		assert_int_equal(all.len, 0);
		assert_true(fill_to(&p->s, 10));
		assert_holds(&p->s, 0, 10);
		spill_free(&p->s);
		spill_free(&p->s);
	}
}

static void test_a_missing_folder_keeps_what_is_there(void **state)
{
	struct place *p = *state;
	char none[64];
	struct spill s;
	struct bytes all;
	snprintf(none, sizeof none, "%s/none", p->folder);
	spill_init(&s, none);
	assert_true(fill_to(&s, SPILL_MEMORY));
	errno = 0;
	assert_false(fill_to(&s, SPILL_MEMORY + 1));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(spill_len(&s), SPILL_MEMORY);
	assert_true(spill_view(&s, &all));
	assert_holds(&s, 0, SPILL_MEMORY);
	/* The folder comes: the same append goes through. */
	assert_int_equal(mkdir(none, 0700), 0);
	assert_true(fill_to(&s, SPILL_MEMORY + 1));
	assert_holds(&s, 0, SPILL_MEMORY + 1);
	spill_free(&s);
	assert_int_equal(rmdir(none), 0);
}

static void limit_file_size(rlim_t bytes)
{
	struct rlimit l;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static rlim_t file_size_limit(void)
{
	struct rlimit l;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	return l.rlim_cur;
}

static void test_a_full_disk_while_moving(void **state)
{
	struct place *p = *state;
	struct bytes all;
	rlim_t before = file_size_limit();
	assert_true(fill_to(&p->s, SPILL_MEMORY));
	limit_file_size(SPILL_MEMORY / 2);
	errno = 0;
	bool fine = fill_to(&p->s, SPILL_MEMORY + 1);
	int why = errno;
	limit_file_size(before);
	assert_false(fine);
	assert_int_equal(why, EFBIG);
	assert_true(spill_view(&p->s, &all));
	assert_int_equal(all.len, SPILL_MEMORY);
	assert_holds(&p->s, 0, SPILL_MEMORY);
	assert_true(fill_to(&p->s, 2 * SPILL_MEMORY));
	assert_holds(&p->s, 0, 2 * SPILL_MEMORY);
}

static void test_a_full_disk_within_a_piece(void **state)
{
	struct place *p = *state;
	struct stat st;
	rlim_t before = file_size_limit();
	assert_true(fill_to(&p->s, 2 * SPILL_MEMORY));
	limit_file_size(2 * SPILL_MEMORY + PIECE + 5);
	bool fine = fill_to(&p->s, 3 * SPILL_MEMORY);
	limit_file_size(before);
	assert_false(fine);
	/* The second piece was written in part, and does not count. */
	assert_int_equal(fstat(p->s.fd, &st), 0);
	assert_int_equal(st.st_size, 2 * SPILL_MEMORY + PIECE + 5);
	assert_int_equal(spill_len(&p->s), 2 * SPILL_MEMORY + PIECE);
	assert_holds(&p->s, 0, 2 * SPILL_MEMORY + PIECE);
	assert_true(fill_to(&p->s, 3 * SPILL_MEMORY));
	assert_holds(&p->s, 0, 3 * SPILL_MEMORY);
}

static void test_too_much_is_refused(void **state)
{
	struct place *p = *state;
	assert_true(fill_to(&p->s, 10));
	assert_false(spill_append(&p->s, p->folder, SIZE_MAX));
	assert_int_equal(errno, EFBIG);
	assert_int_equal(spill_len(&p->s), 10);
	assert_holds(&p->s, 0, 10);
}

static void test_a_cut_file_is_an_error(void **state)
{
	struct place *p = *state;
	struct buffer out = { 0 };
	assert_true(fill_to(&p->s, 2 * SPILL_MEMORY));
	assert_int_equal(ftruncate(p->s.fd, SPILL_MEMORY), 0);
	assert_false(spill_read(&p->s, 0, 2 * SPILL_MEMORY, &out));
	assert_int_equal(errno, EIO);
	assert_int_equal(out.len, 0);
	buffer_free(&out);
}

static void test_the_environment_names_the_folder(void **state)
{
	struct place *p = *state;
	struct spill s;
	const char *old = getenv("TMPDIR");
	char *kept = old ? strdup(old) : NULL, none[64];
	snprintf(none, sizeof none, "%s/none", p->folder);
	spill_init(&s, NULL);
	assert_int_equal(setenv("TMPDIR", none, 1), 0);
	assert_false(fill_to(&s, SPILL_MEMORY + 1)); /* so it is TMPDIR that is used */
	assert_int_equal(setenv("TMPDIR", p->folder, 1), 0);
	assert_true(fill_to(&s, SPILL_MEMORY + 1));
	spill_free(&s);
	assert_int_equal(setenv("TMPDIR", "", 1), 0);
	assert_true(fill_to(&s, SPILL_MEMORY + 1));
	spill_free(&s);
	assert_int_equal(kept ? setenv("TMPDIR", kept, 1) : unsetenv("TMPDIR"), 0);
	free(kept);
}

static void test_a_buffer_changes_hands(void **state)
{
	struct place *p = *state;
	struct buffer whole = { 0 };
	struct bytes view;
	uint8_t out[3];
	assert_true(fill_to(&p->s, 5));
	for (uint64_t i = 0; i < SPILL_MEMORY + 10; i++)
		assert_true(buffer_put_u8(&whole, byte_at(i)));
	const uint8_t *at = whole.at;
	spill_adopt(&p->s, &whole);
	assert_null(whole.at);
	assert_true(spill_view(&p->s, &view));
	assert_ptr_equal(view.at, at);
	assert_int_equal(spill_len(&p->s), SPILL_MEMORY + 10);
	assert_true(fill_to(&p->s, SPILL_MEMORY + 20)); /* to the file, behind what was taken over */
	assert_holds(&p->s, SPILL_MEMORY - 5, 20);
	assert_true(spill_copy(&p->s, 7, out, sizeof out));
	assert_int_equal(out[2], byte_at(9));
	assert_false(spill_copy(&p->s, SPILL_MEMORY + 18, out, sizeof out));
}

/* The file is closed on the loop's pool; the spill is empty at once. */
static void test_closed_aside(void **state)
{
	struct place *p = *state;
	uv_loop_t loop;
	assert_int_equal(uv_loop_init(&loop), 0);
	spill_close_aside(&p->s, &loop);
	assert_true(fill_to(&p->s, SPILL_MEMORY + 100));
	int fd = p->s.fd;
	assert_int_equal(p->s.begun, 0);
	spill_free(&p->s);
	assert_int_equal(spill_len(&p->s), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_small_stays_in_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_more_byte_spills, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_expected_large_one_spills_early, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_is_read_from_anywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_view_of_all_of_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_large_piece, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_file_is_private_and_has_no_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reading_beyond_the_end_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_leaves_it_usable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_missing_folder_keeps_what_is_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_full_disk_while_moving, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_full_disk_within_a_piece, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_much_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_cut_file_is_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_buffer_changes_hands, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_environment_names_the_folder, setup, teardown),
	};
	/* At a file's size limit the kernel also sends this signal, which ends the process unless it is ignored. */
	signal(SIGXFSZ, SIG_IGN);
	return RUN(tests);
}
