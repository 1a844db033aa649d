/* What a killed client left in its journal is in the database once somebody opens it, each record once; what is not
 * whole is kept aside. */
#include "shared/store/store_journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "shared/base/crc32c.h"
#include "shared/disk/file.h"
#include "tests/unit/shared/store_fixture.h"

#define NAME "0123456789abcdef"

static struct buffer files[JOURNAL_FILES];
static struct journal_place place;
static char told[400];

static void on_told(const char *sentence)
{
	snprintf(told, sizeof told, "%s", sentence);
}

static void begin_files(void)
{
	for (int i = 0; i < JOURNAL_FILES; i++) {
		files[i].len = 0;
		assert_true(journal_record_put_head(&files[i], NAME));
	}
	place = (struct journal_place){ .lap = 1 };
	*told = 0;
	store_watch_journals(on_told);
}

static void put_delivery(int file, uint8_t n)
{
	struct store_delivery d = sample(n);
	place.sequence++;
	assert_true(journal_record_put_delivery(&files[file], &place, &d));
}

static void put_attempt(int file, uint8_t n, int number, bool apart)
{
	struct journal_attempt a = { .body_apart = apart,
				     .attempt = { .number = number,
						  .started_at_us = 5,
						  .status = 200,
						  .body = apart ? bytes_make(NULL, 100000) : bytes_of("fine"),
						  .body_size = apart ? 100000 : 4 } };
	memset(a.attempt.event_id, n, UUID_LEN);
	place.sequence++;
	assert_true(journal_record_put_attempt(&files[file], &place, &a));
}

static char *file_path(int file)
{
	char *p = store_journal_file(path, NAME, file);
	assert_non_null(p);
	return p;
}

/* As a client leaves them that is killed. `len` bytes of the first; what follows is as an empty file has it. */
static void write_files(size_t len)
{
	for (int i = 0; i < JOURNAL_FILES; i++) {
		char *p = file_path(i);
		struct buffer whole = { 0 };
		struct bytes all = buffer_view(&files[i]);
		if (i == 0 && len < all.len)
			all.len = len;
		uint8_t zeros[64] = { 0 };
		assert_true(buffer_append_bytes(&whole, all) && buffer_append(&whole, zeros, sizeof zeros));
		int fd = open(p, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_true(fd >= 0 && file_write_all(fd, buffer_view(&whole)));
		close(fd);
		buffer_free(&whole);
		free(p);
	}
}

/* Of a process that is dead. */
static void add_row(uint64_t applied)
{
	pid_t child = fork();
	if (child == 0) {
		struct store *s = open_store();
		struct error e;
		bool fine = store_journal_add(s, NAME, &e) && store_journal_mark(s, NAME, applied, &e);
		store_close(s);
		_exit(fine ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int64_t number_of(struct store *s, const char *sql)
{
	sqlite3_stmt *st;
	assert_int_equal(sqlite3_prepare_v2(s->db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

static int damaged_files(void)
{
	char sub[100];
	int count = 0;
	snprintf(sub, sizeof sub, "%s/sub", folder);
	DIR *d = opendir(sub);
	assert_non_null(d);
	for (struct dirent *f; (f = readdir(d));)
		count += strncmp(f->d_name, "creel.log.damaged-", 18) == 0;
	closedir(d);
	return count;
}

static bool file_is_there(int file)
{
	char *p = file_path(file);
	bool there = access(p, F_OK) == 0;
	free(p);
	return there;
}

static void test_what_is_left_comes_in(void **state)
{
	(void)state;
	begin_files();
	put_delivery(0, 1);
	put_delivery(0, 2);
	put_attempt(0, 1, 1, false);
	add_row(0);
	write_files(SIZE_MAX);
	struct store *s = open_store();
	assert_int_equal(number_of(s, "SELECT count(*) FROM delivery"), 2);
	assert_int_equal(number_of(s, "SELECT count(*) FROM attempt"), 1);
	assert_int_equal(number_of(s, "SELECT state FROM delivery WHERE id = 1"), DELIVERY_DELIVERED);
	assert_int_equal(number_of(s, "SELECT state FROM delivery WHERE id = 2"), DELIVERY_SENDING);
	assert_int_equal(number_of(s, "SELECT count(*) FROM journal"), 0);
	assert_false(file_is_there(0) || file_is_there(1));
	assert_string_equal(told, "");
	store_close(s);
}

static void test_a_reader_sees_it_too(void **state)
{
	struct store *s;
	struct error e;
	(void)state;
	begin_files();
	put_delivery(0, 1);
	add_row(0);
	write_files(SIZE_MAX);
	assert_true(store_open(&s, path, STORE_READ_ONLY, &e));
	assert_int_equal(number_of(s, "SELECT count(*) FROM delivery"), 1);
	store_close(s);
	assert_false(file_is_there(0));
}

static void test_what_is_applied_is_not_applied_again(void **state)
{
	(void)state;
	begin_files();
	put_delivery(0, 1);
	put_attempt(0, 1, 1, false);
	put_delivery(0, 2);
	/* The first two were in the database, and the user has deleted the delivery since. */
	add_row(2);
	write_files(SIZE_MAX);
	struct store *s = open_store();
	assert_int_equal(number_of(s, "SELECT count(*) FROM delivery"), 1);
	assert_int_equal(number_of(s, "SELECT hex(event_id) LIKE '0202%' FROM delivery"), 1);
	store_close(s);
}

static void test_both_files_are_read_in_their_order(void **state)
{
	(void)state;
	begin_files();
	put_delivery(1, 1);
	place.lap++;
	put_attempt(0, 1, 1, true);
	put_delivery(0, 2);
	add_row(0);
	write_files(SIZE_MAX);
	struct store *s = open_store();
	assert_int_equal(number_of(s, "SELECT count(*) FROM delivery"), 2);
	/* The long body was in the database alone, and never came there. */
	assert_int_equal(number_of(s, "SELECT cut FROM attempt"), ANSWER_CUT_CLIENT_GONE);
	assert_int_equal(number_of(s, "SELECT response_bytes FROM attempt"), 100000);
	store_close(s);
}

static void test_an_earlier_lap_is_not_read(void **state)
{
	(void)state;
	begin_files();
	place.sequence = 10;
	put_delivery(0, 1);
	size_t end = files[0].len;
	place.sequence = 3;
	put_delivery(0, 2);
	add_row(0);
	write_files(SIZE_MAX);
	(void)end;
	struct store *s = open_store();
	assert_int_equal(number_of(s, "SELECT count(*) FROM delivery"), 1);
	assert_string_equal(told, "");
	store_close(s);
}

static void put_synced(uint8_t n)
{
	place.synced = place.sequence;
	put_delivery(0, n);
}

static int64_t brought_in(void)
{
	if (access(path, F_OK) != 0)
		add_row(0);
	write_files(SIZE_MAX);
	struct store *s = open_store();
	int64_t count = number_of(s, "SELECT count(*) FROM delivery");
	assert_int_equal(number_of(s, "SELECT count(*) FROM journal"), 0);
	store_close(s);
	return count;
}

/* Also where zeros stand, which else say that nothing follows. */
static void test_what_was_safe_and_is_damaged_is_told(void **state)
{
	(void)state;
	for (int filler = 0; filler < 256; filler += 0x5a) {
		char command[100];
		snprintf(command, sizeof command, "rm -rf %s/sub", folder);
		assert_int_equal(system(command), 0);
		begin_files();
		put_synced(1);
		size_t first = files[0].len;
		for (uint8_t n = 2; n <= 4; n++)
			put_synced(n);
		memset(files[0].at + first, filler, 20);
		assert_int_equal(brought_in(), 1);
		assert_int_equal(damaged_files(), 1);
		assert_non_null(strstr(told, "damaged and lost"));
	}
}

static void test_a_head_that_is_damaged_is_told(void **state)
{
	(void)state;
	begin_files();
	put_synced(1);
	files[0].at[3] ^= 1;
	assert_int_equal(brought_in(), 0);
	assert_int_equal(damaged_files(), 1);
	assert_non_null(strstr(told, "damaged and lost"));
}

/* As where the database is an older copy. */
static void test_records_that_are_missing_before_it_are_told(void **state)
{
	(void)state;
	begin_files();
	place.sequence = 7;
	put_synced(1);
	assert_int_equal(brought_in(), 1);
	assert_int_equal(damaged_files(), 1);
	assert_non_null(strstr(told, "damaged and lost"));
}

/* The first file's end, with the second one whole. */
static void test_what_is_missing_between_two_files_is_told(void **state)
{
	(void)state;
	begin_files();
	put_synced(1);
	size_t first = files[0].len;
	put_synced(2);
	memset(files[0].at + first, 0, files[0].len - first);
	place.lap++;
	place.synced = place.sequence;
	put_delivery(1, 3);
	assert_int_equal(brought_in(), 2);
	assert_int_equal(damaged_files(), 2);
	assert_non_null(strstr(told, "damaged and lost"));
}

/* The newer file's first record was cut, and the older one is whole: nothing that was safe is missing. */
static void test_a_newer_file_may_be_cut_at_its_first_record(void **state)
{
	(void)state;
	begin_files();
	for (uint8_t n = 1; n <= 3; n++)
		put_synced(n);
	place.synced = place.sequence;
	place.lap++;
	put_delivery(1, 4);
	put_delivery(1, 5);
	files[1].at[JOURNAL_HEAD + 40] ^= 1;
	assert_int_equal(brought_in(), 3);
	assert_int_equal(damaged_files(), 1);
	assert_non_null(strstr(told, "at its end"));
}

/* Nobody was told that it was safe, and so it is a write that was cut. */
static void test_what_was_not_safe_may_be_missing(void **state)
{
	(void)state;
	begin_files();
	put_synced(1);
	size_t first = files[0].len;
	put_delivery(0, 2);
	put_delivery(0, 3);
	memset(files[0].at + first, 0, 20);
	assert_int_equal(brought_in(), 1);
	assert_int_equal(damaged_files(), 1);
	assert_non_null(strstr(told, "at its end"));
}

/* The others come in, and the store opens: once more it would be the same. */
static void test_what_the_database_never_takes_is_passed_over(void **state)
{
	(void)state;
	begin_files();
	put_delivery(0, 1);
	put_delivery(0, 2);
	put_delivery(0, 3);
	add_row(0);
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db,
			 "CREATE TRIGGER never BEFORE INSERT ON delivery WHEN hex(new.event_id) LIKE '0202%'"
			 " BEGIN SELECT RAISE(ABORT, 'never'); END",
			 NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(brought_in(), 2);
	assert_int_equal(damaged_files(), 1);
	assert_non_null(strstr(told, "damaged and lost"));
}

static void expect_no_store(const char *why)
{
	struct store *s;
	struct error e;
	assert_false(store_open(&s, path, STORE_READ_WRITE, &e));
	if (!strstr(e.text, why))
		fail_msg("%s", e.text);
	assert_int_equal(damaged_files(), 0);
}

static void test_another_versions_is_left_alone(void **state)
{
	(void)state;
	begin_files();
	put_delivery(0, 1);
	add_row(0);
	files[0].at[11]++;
	bytes_set_u32(files[0].at + 28, crc32c_add(0, bytes_make(files[0].at, 28)));
	write_files(SIZE_MAX);
	expect_no_store("another version");
	assert_true(file_is_there(0) && file_is_there(1));
}

/* Else what a sender was answered would be asked of the app again, and nobody knew. */
static void test_one_that_cannot_be_opened_is_told(void **state)
{
	(void)state;
	begin_files();
	add_row(0);
	char *p = file_path(0);
	assert_int_equal(mkdir(p, 0700), 0);
	expect_no_store("cannot be opened: Is a directory");
	struct store *s;
	struct error e;
	assert_true(store_open(&s, path, STORE_READ_ONLY, &e));
	assert_non_null(strstr(told, "is not shown: "));
	store_close(s);
	assert_int_equal(rmdir(p), 0);
	free(p);
}

/* Every length at which a write can have been broken off. */
static void test_every_prefix_gives_what_is_whole(void **state)
{
	(void)state;
	begin_files();
	put_delivery(0, 1);
	size_t first = files[0].len;
	put_delivery(0, 2);
	size_t second = files[0].len;
	for (size_t len = JOURNAL_HEAD; len <= second; len += len == first - 1 || len == first ? 1 : 13) {
		char command[100];
		snprintf(command, sizeof command, "rm -rf %s/sub", folder);
		assert_int_equal(system(command), 0);
		*told = 0;
		add_row(0);
		write_files(len);
		struct store *s = open_store();
		assert_int_equal(number_of(s, "SELECT count(*) FROM delivery"), len >= second  ? 2
										: len >= first ? 1
											       : 0);
		bool whole = len == JOURNAL_HEAD || len == first || len == second;
		/* A few zero bytes of a record's head may pass for its end. */
		bool may_be = len > JOURNAL_HEAD && len < JOURNAL_HEAD + 4;
		may_be |= len > first && len < first + 4;
		if (!may_be) {
			if (damaged_files() != !whole)
				fail_msg("%zu of %zu, %zu", len, first, second);
			assert_int_equal(*told != 0, !whole);
		}
		assert_false(file_is_there(0));
		store_close(s);
	}
}

/* After a power cut any page that was not synced may be as it was before. What stands before the first of them is
 * whole, and nothing that stands after it passes for something else. */
static void test_any_pages_may_be_missing(void **state)
{
	enum { PAGE = 512, COUNT = 40 };
	size_t ends[COUNT];
	uint32_t random = 7;
	(void)state;
	for (int round = 0; round < 60; round++) {
		char command[100];
		snprintf(command, sizeof command, "rm -rf %s/sub", folder);
		assert_int_equal(system(command), 0);
		begin_files();
		for (int n = 0; n < COUNT; n++) {
			put_delivery(0, (uint8_t)(n + 1));
			ends[n] = files[0].len;
		}
		size_t whole = files[0].len;
		for (size_t page = 1; page < files[0].len / PAGE; page++) {
			random = random * 1664525 + 1013904223;
			if (random >> 28 > 2)
				continue;
			/* An earlier lap's bytes, or none. */
			memset(files[0].at + page * PAGE, random & 0x10000 ? 0 : 0x5a, PAGE);
			whole = page * PAGE < whole ? page * PAGE : whole;
		}
		add_row(0);
		write_files(SIZE_MAX);
		struct store *s = open_store();
		int64_t expected = 0;
		while (expected < COUNT && ends[expected] <= whole)
			expected++;
		assert_int_equal(number_of(s, "SELECT count(*) FROM delivery"), expected);
		assert_int_equal(number_of(s, "SELECT count(*) FROM delivery WHERE length(event_id) = 16"), expected);
		store_close(s);
	}
}

static void test_a_living_client_keeps_its_own(void **state)
{
	(void)state;
	begin_files();
	put_delivery(0, 1);
	add_row(0);
	write_files(SIZE_MAX);
	char *p = file_path(0);
	int fd = open(p, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	struct store *s = open_store();
	assert_int_equal(number_of(s, "SELECT count(*) FROM delivery"), 0);
	assert_true(file_is_there(0));
	store_close(s);
	close(fd);
	s = open_store();
	assert_int_equal(number_of(s, "SELECT count(*) FROM delivery"), 1);
	store_close(s);
	free(p);
}

/* Two programs that start at once: one brings it in, the other waits for that. */
static void test_of_two_at_once_one_brings_it_in(void **state)
{
	(void)state;
	begin_files();
	for (uint8_t n = 1; n < 200; n++)
		put_delivery(0, n);
	add_row(0);
	write_files(SIZE_MAX);
	pid_t children[3];
	for (int i = 0; i < 3; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			struct store *s = open_store();
			_exit(number_of(s, "SELECT count(*) FROM delivery") == 199 ? 0 : 1);
		}
	}
	for (int i = 0; i < 3; i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
}

static void test_a_row_without_files_is_forgotten(void **state)
{
	(void)state;
	add_row(0);
	struct store *s = open_store();
	assert_int_equal(number_of(s, "SELECT count(*) FROM journal"), 0);
	store_close(s);
}

static int end(void **state)
{
	for (int i = 0; i < JOURNAL_FILES; i++)
		buffer_free(&files[i]);
	store_watch_journals(NULL);
	return remove_folder(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_left_comes_in, make_folder, end),
		cmocka_unit_test_setup_teardown(test_a_reader_sees_it_too, make_folder, end),
		cmocka_unit_test_setup_teardown(test_what_is_applied_is_not_applied_again, make_folder, end),
		cmocka_unit_test_setup_teardown(test_both_files_are_read_in_their_order, make_folder, end),
		cmocka_unit_test_setup_teardown(test_an_earlier_lap_is_not_read, make_folder, end),
		cmocka_unit_test_setup_teardown(test_what_was_safe_and_is_damaged_is_told, make_folder, end),
		cmocka_unit_test_setup_teardown(test_a_head_that_is_damaged_is_told, make_folder, end),
		cmocka_unit_test_setup_teardown(test_records_that_are_missing_before_it_are_told, make_folder, end),
		cmocka_unit_test_setup_teardown(test_what_is_missing_between_two_files_is_told, make_folder, end),
		cmocka_unit_test_setup_teardown(test_a_newer_file_may_be_cut_at_its_first_record, make_folder, end),
		cmocka_unit_test_setup_teardown(test_what_was_not_safe_may_be_missing, make_folder, end),
		cmocka_unit_test_setup_teardown(test_what_the_database_never_takes_is_passed_over, make_folder, end),
		cmocka_unit_test_setup_teardown(test_another_versions_is_left_alone, make_folder, end),
		cmocka_unit_test_setup_teardown(test_one_that_cannot_be_opened_is_told, make_folder, end),
		cmocka_unit_test_setup_teardown(test_every_prefix_gives_what_is_whole, make_folder, end),
		cmocka_unit_test_setup_teardown(test_any_pages_may_be_missing, make_folder, end),
		cmocka_unit_test_setup_teardown(test_a_living_client_keeps_its_own, make_folder, end),
		cmocka_unit_test_setup_teardown(test_of_two_at_once_one_brings_it_in, make_folder, end),
		cmocka_unit_test_setup_teardown(test_a_row_without_files_is_forgotten, make_folder, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
