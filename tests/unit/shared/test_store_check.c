/* What creel doctor asks of a store (shared/upkeep/store_check.h). */
#include "shared/upkeep/store_check.h"
#include "tests/unit/shared/store_fixture.h"

#include <fcntl.h>

static void fill(int count)
{
	struct store *s = open_store();
	struct error e;
	uint8_t body[9000];
	memset(body, 'b', sizeof body);
	for (int i = 0; i < count; i++) {
		int64_t id;
		bool duplicate;
		struct store_delivery d = sample((uint8_t)i);
		d.body = bytes_make(body, sizeof body);
		d.body_size = sizeof body;
		assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
	}
	store_close(s);
}

static void test_whole(void **state)
{
	struct store_check c;
	struct error e = { EXIT_DONE, "" };
	(void)state;
	assert_false(store_check(path, 3000, &c, &e));
	assert_int_equal(e.code, EXIT_STORE);
	assert_int_equal(access(path, F_OK), -1); /* looking made none */
	fill(3);
	assert_true(store_check(path, 3000, &c, &e));
	assert_true(c.whole);
	assert_false(c.busy);
	assert_string_equal(c.fault, "");
	assert_int_equal(c.deliveries, 3);
}

static void test_time_is_up(void **state)
{
	struct store_check c;
	struct error e;
	(void)state;
	fill(250);
	assert_true(store_check(path, -1, &c, &e));
	assert_false(c.whole);
	assert_string_equal(c.fault, "");
}

static void test_damage(void **state)
{
	struct store_check c;
	struct error e;
	uint8_t junk[16384];
	(void)state;
	fill(50);
	memset(junk, 0xa5, sizeof junk);
	int fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	off_t middle = lseek(fd, 0, SEEK_END) / 2;
	assert_int_equal(pwrite(fd, junk, sizeof junk, middle), sizeof junk);
	close(fd);
	assert_true(store_check(path, 3000, &c, &e));
	assert_true(*c.fault);
}

static void test_locked(void **state)
{
	struct store_check c;
	struct error e;
	(void)state;
	fill(1);
	struct store *s = open_store();
	assert_int_equal(sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_true(store_check(path, 50, &c, &e));
	assert_true(c.busy);
	assert_int_equal(sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_true(store_check(path, 50, &c, &e));
	assert_false(c.busy);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_time_is_up, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_damage, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_locked, make_folder, remove_folder),
	};
	return RUN(tests);
}
