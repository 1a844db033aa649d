#include "shared/store.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[128];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/creel-store-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/sub/creel.db", folder);
	return 0;
}

static int remove_folder(void **state)
{
	char command[200];
	(void)state;
	snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", folder, folder);
	return system(command);
}

static struct store_delivery sample(uint8_t n)
{
	struct store_delivery d = {
		.received_at_us = 1795438954000000u + n,
		.state = DELIVERY_SENDING,
		.has_body = true,
		.tunnel = bytes_of("dev"),
		.method = bytes_of("POST"),
		.target = bytes_of("/hooks?a=1"),
		.prefix = bytes_of("/dev"),
		.peer = bytes_of("127.0.0.1:9"),
		.headers = bytes_of("Host: x\r\nX-Bin: \xff\r\n"),
		.body = bytes_make("a\0b", 3),
		.body_size = 3,
	};
	memset(d.event_id, n, UUID_LEN);
	return d;
}

static struct store *open_store(void)
{
	struct store *s;
	struct error e;
	if (!store_open(&s, path, STORE_READ_WRITE, &e))
		fail_msg("%s", e.text);
	return s;
}

static int64_t insert(struct store *s, uint8_t n, bool *duplicate)
{
	struct store_delivery d = sample(n);
	struct error e;
	int64_t id;
	assert_true(store_batch_ops.begin(s, &e));
	if (!store_insert_delivery(s, &d, &id, duplicate, &e))
		fail_msg("%s", e.text);
	assert_true(store_batch_ops.commit(s, &e));
	return id;
}

static struct delivery_row seen;
static char seen_path[64];
static int seen_count;

static void on_row(void *user, const struct delivery_row *row)
{
	(void)user;
	seen = *row;
	seen_count++;
	snprintf(seen_path, sizeof seen_path, "%.*s", (int)row->path.len, (const char *)row->path.at);
}

static void test_bytes_come_back_exactly(void **state)
{
	struct store *s = open_store();
	struct message m;
	struct error e;
	struct stat st;
	bool duplicate, has_body, https;
	(void)state;
	int64_t id = insert(s, 1, &duplicate);
	assert_false(duplicate);
	assert_int_equal(insert(s, 1, &duplicate), id);
	assert_true(duplicate);
	assert_true(store_get_request(s, id, &m, &has_body, &https, &e));
	assert_true(bytes_equal(buffer_view(&m.body), bytes_make("a\0b", 3)));
	assert_true(bytes_equal(buffer_view(&m.headers), bytes_of("Host: x\r\nX-Bin: \xff\r\n")));
	assert_true(has_body && !https);
	store_message_free(&m);
	assert_true(store_get(s, id, on_row, NULL, &e));
	assert_string_equal(seen_path, "/hooks");
	assert_int_equal(seen.state, DELIVERY_SENDING);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	store_close(s);
}

static void test_attempts_make_the_summary(void **state)
{
	struct store *s = open_store();
	struct message m;
	struct error e;
	bool duplicate;
	(void)state;
	int64_t id = insert(s, 2, &duplicate);
	struct store_attempt a = { .delivery_id = id, .result = ATTEMPT_TIMEOUT, .error = bytes_of("slow"), .total_us = 5 };
	assert_true(store_insert_attempt(s, &a, &e));
	assert_true(store_get(s, id, on_row, NULL, &e));
	assert_true(seen.state == DELIVERY_FAILED && seen.timed_out && seen.attempts == 1 && seen.status == 0);
	struct store_attempt b = { .delivery_id = id, .status = 201, .body = bytes_of("ok"), .body_size = 2, .total_us = 9 };
	assert_true(store_insert_attempt(s, &b, &e));
	assert_true(store_get(s, id, on_row, NULL, &e));
	assert_true(seen.state == DELIVERY_DELIVERED && seen.status == 201 && seen.attempts == 2 && seen.took_us == 9);
	assert_true(store_get_response(s, id, 0, &m, &e));
	assert_true(bytes_equal(buffer_view(&m.body), bytes_of("ok")));
	store_message_free(&m);
	assert_false(store_get_response(s, id, 3, &m, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	b.delivery_id = 999;
	assert_false(store_insert_attempt(s, &b, &e));
	store_close(s);
}

static void test_resolve(void **state)
{
	struct store *s = open_store();
	struct error e;
	bool duplicate;
	int64_t id;
	(void)state;
	int64_t first = insert(s, 0x11, &duplicate);
	assert_true(store_resolve(s, "#1", &id, &e) && id == first);
	assert_true(store_resolve(s, "11111111-1111", &id, &e) && id == first);
	assert_true(store_resolve(s, "11111111", &id, &e) && id == first);
	assert_false(store_resolve(s, "1111111", &id, &e));
	assert_false(store_resolve(s, "99", &id, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_false(store_resolve(s, "x'; DROP TABLE delivery", &id, &e));
	store_close(s);
}

static void test_rollback_leaves_nothing(void **state)
{
	struct store *s = open_store();
	struct store_delivery d = sample(7);
	struct error e;
	bool duplicate;
	int64_t id;
	(void)state;
	assert_true(store_batch_ops.begin(s, &e));
	assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
	store_batch_ops.rollback(s);
	seen_count = 0;
	assert_true(store_list(s, 0, 10, on_row, NULL, &e));
	assert_int_equal(seen_count, 0);
	store_close(s);
}

static void expect_refused(enum store_mode mode, const char *says)
{
	struct store *s;
	struct error e;
	assert_false(store_open(&s, path, mode, &e));
	assert_int_equal(e.code, EXIT_STORE);
	assert_non_null(strstr(e.text, path));
	if (!strstr(e.text, says))
		fail_msg("\"%s\" does not say %s", e.text, says);
}

static void test_bad_files(void **state)
{
	(void)state;
	expect_refused(STORE_READ_ONLY, "creel listen");
	store_close(open_store());
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 400; i++)
		fputs("this is not a database\n", f);
	fclose(f);
	expect_refused(STORE_READ_WRITE, "not a database");
	expect_refused(STORE_READ_ONLY, "not a database");
}

static void test_other_schemas(void **state)
{
	sqlite3 *db;
	(void)state;
	store_close(open_store());
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	expect_refused(STORE_READ_WRITE, "newer creel");
	unlink(path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE mine (x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	expect_refused(STORE_READ_WRITE, "another program");
}

int main(void)
{
#define IN_FOLDER(t) cmocka_unit_test_setup_teardown(t, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_bytes_come_back_exactly), IN_FOLDER(test_attempts_make_the_summary),
		IN_FOLDER(test_resolve),                 IN_FOLDER(test_rollback_leaves_nothing),
		IN_FOLDER(test_bad_files),               IN_FOLDER(test_other_schemas),
	};
	return RUN(tests);
}
