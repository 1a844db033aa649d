/* A store that syncs apart from its commits, and the log that it writes: through the VFS that gathers writes. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "shared/disk/wal_gather.h"
#include "tests/unit/shared/store_fixture.h"

static int64_t number(struct store *s, const char *sql)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(s->db));
	int64_t value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return value;
}

static bool is_whole(struct store *s)
{
	sqlite3_stmt *st;
	assert_int_equal(sqlite3_prepare_v2(s->db, "PRAGMA integrity_check", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	bool ok = strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;
	sqlite3_finalize(st);
	return ok;
}

static bool insert_many(struct store *s, const struct batch_ops *ops, int from, int count, size_t body_len)
{
	struct error e;
	uint8_t *body = calloc(1, body_len + 1);
	assert_non_null(body);
	bool fine = ops->begin(s, &e);
	for (int i = from; i < from + count && fine; i++) {
		struct store_delivery d = sample(1);
		int64_t id;
		bool duplicate;
		memcpy(d.event_id, &i, sizeof i);
		memcpy(body, &i, sizeof i < body_len ? sizeof i : body_len);
		d.body = bytes_make(body, body_len);
		d.body_size = body_len;
		fine = store_insert_delivery(s, &d, &id, &duplicate, &e);
	}
	fine = fine && ops->commit(s, &e);
	if (!fine)
		ops->rollback(s);
	free(body);
	return fine && (!ops->sync || ops->sync(s, &e));
}

static off_t log_size(void)
{
	char name[200];
	struct stat st;
	snprintf(name, sizeof name, "%s-wal", path);
	return stat(name, &st) == 0 ? st.st_size : 0;
}

static struct store *open_apart(void)
{
	struct error e;
	struct store *s = open_store();
	assert_true(store_sync_apart(s, &e));
	return s;
}

static int sync_flags;

static int note_sync(sqlite3_file *f, int flags)
{
	(void)f;
	sync_flags = flags;
	return SQLITE_OK;
}

/* On macOS all else leaves the bytes in the drive's cache. */
static void test_the_drive_is_told_as_well(void **state)
{
	const sqlite3_io_methods methods = { .iVersion = 1, .xSync = note_sync };
	sqlite3_file noting = { &methods };
	struct error e;
	(void)state;
	struct store *s = open_apart();
	assert_int_equal(number(s, "PRAGMA fullfsync"), 1);
	sqlite3_file *real = s->log;
	s->log = &noting;
	assert_true(store_sync_apart_ops.sync(s, &e));
	s->log = real;
	assert_int_equal(sync_flags, SQLITE_SYNC_FULL);
	store_close(s);
}

static void test_others_see_what_is_committed(void **state)
{
	(void)state;
	struct store *s = open_apart(), *other = open_store();
	assert_true(insert_many(s, &store_sync_apart_ops, 0, 10, 100));
	assert_int_equal(number(other, "SELECT count(*) FROM delivery"), 10);
	store_close(s);
	assert_int_equal(number(other, "SELECT count(*) FROM delivery"), 10);
	store_close(other);
}

/* The log is moved while the writer goes on, and begins anew: under traffic without a pause it does not grow for ever.
 */
static void test_the_log_is_shortened(void **state)
{
	(void)state;
	struct store *s = open_apart(), *own = open_store();
	off_t most = 0;
	int n = 0, times = 0;
	for (int turn = 0; turn < 400; turn++) {
		assert_true(insert_many(s, &store_sync_apart_ops, n, 50, 4000));
		n += 50;
		if (store_log_is_long(s)) {
			store_shorten_log(own, s);
			times++;
		}
		if (log_size() > most)
			most = log_size();
	}
	assert_true(times >= 3);
	assert_true(most < 32 << 20); /* 80 MiB were written */
	assert_int_equal(number(own, "SELECT count(*) FROM delivery"), n);
	assert_true(is_whole(own));
	store_close(own);
	store_close(s);
}

static off_t database_size(void)
{
	struct stat st;
	return stat(path, &st) == 0 ? st.st_size : 0;
}

/* The log was moved to its end, and then a large body comes: whoever waits for its commit does not wait until its pages
 * are moved as well. */
static void test_a_long_commit_is_moved_later(void **state)
{
	(void)state;
	struct store *s = open_apart(), *own = open_store();
	int n = 0;
	for (; !store_log_is_long(s); n += 50)
		assert_true(insert_many(s, &store_sync_apart_ops, n, 50, 4000));
	store_shorten_log(own, s);
	off_t before = database_size();
	assert_true(insert_many(s, &store_sync_apart_ops, n, 1, 10 << 20));
	assert_int_equal(database_size(), before);
	/* As well where it began before the log was moved: then it stands in the same log. */
	for (n++; !store_log_is_long(s); n += 50)
		assert_true(insert_many(s, &store_sync_apart_ops, n, 50, 4000));
	struct error e;
	int64_t id;
	bool duplicate;
	uint8_t *body = calloc(1, 10 << 20);
	struct store_delivery d = sample(1);
	memcpy(d.event_id, &n, sizeof n);
	d.body = bytes_make(body, 10 << 20);
	assert_true(store_sync_apart_ops.begin(s, &e));
	assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
	store_shorten_log(own, s);
	before = database_size();
	assert_true(store_sync_apart_ops.commit(s, &e));
	assert_int_equal(database_size(), before);
	assert_true(store_log_is_long(s)); /* to be moved by the other one */
	free(body);
	store_close(own);
	store_close(s);
}

/* Somebody reads an old state: the log stays, and is not looked at again with every commit. */
static void test_a_reader_holds_the_log(void **state)
{
	(void)state;
	struct store *s = open_apart(), *own = open_store(), *reader = open_store();
	int n = 0, times = 0;
	assert_true(insert_many(s, &store_sync_apart_ops, n, 10, 100));
	n += 10;
	assert_int_equal(sqlite3_exec(reader->db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(number(reader, "SELECT count(*) FROM delivery"), 10);
	for (int turn = 0; turn < 200; turn++) {
		assert_true(insert_many(s, &store_sync_apart_ops, n, 50, 4000));
		n += 50;
		if (store_log_is_long(s)) {
			store_shorten_log(own, s);
			times++;
		}
	}
	assert_in_range(times, 2, 6);
	assert_true(log_size() > 32 << 20);
	assert_int_equal(number(reader, "SELECT count(*) FROM delivery"), 10);
	assert_int_equal(sqlite3_exec(reader->db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	while (!store_log_is_long(s)) {
		assert_true(insert_many(s, &store_sync_apart_ops, n, 50, 4000));
		n += 50;
	}
	store_shorten_log(own, s);
	assert_true(insert_many(s, &store_sync_apart_ops, n, 1, 100));     /* finishes it */
	assert_true(insert_many(s, &store_sync_apart_ops, n + 1, 1, 100)); /* begins anew */
	assert_true(log_size() <= 64 << 20);
	assert_false(store_log_is_long(s));
	store_close(reader);
	store_close(own);
	store_close(s);
}

/* Without a connection to do it on: later. */
static void test_no_connection_to_shorten_on(void **state)
{
	(void)state;
	struct store *s = open_apart();
	for (int n = 0; !store_log_is_long(s); n += 50)
		assert_true(insert_many(s, &store_sync_apart_ops, n, 50, 4000));
	store_shorten_log(NULL, s);
	assert_false(store_log_is_long(s));
	store_close(s);
}

/* More in a transaction than SQLite keeps in memory goes to the log before the commit, and some of it again. */
static void test_a_transaction_that_spills(void **state)
{
	(void)state;
	struct store *s = open_apart(), *other = open_store();
	assert_int_equal(sqlite3_exec(s->db, "PRAGMA cache_size=20", NULL, NULL, NULL), SQLITE_OK);
	for (int n = 0; n < 1200; n += 300) {
		assert_true(insert_many(s, &store_sync_apart_ops, n, 300, 3000));
		assert_int_equal(number(other, "SELECT count(*) FROM delivery"), n + 300);
	}
	assert_true(is_whole(other));
	assert_true(is_whole(s));
	/* One that is taken back leaves nothing. */
	struct error e;
	assert_true(store_sync_apart_ops.begin(s, &e));
	assert_int_equal(sqlite3_exec(s->db, "UPDATE message SET body = zeroblob(3001)", NULL, NULL, NULL), SQLITE_OK);
	store_sync_apart_ops.rollback(s);
	assert_true(insert_many(s, &store_sync_apart_ops, 1200, 1, 100));
	assert_int_equal(number(other, "SELECT count(*) FROM delivery"), 1201);
	assert_true(is_whole(other));
	store_close(other);
	store_close(s);
}

/* A file that may not grow is what a full disk is: the commit fails, nothing is half there, and it works again. */
static void test_a_log_that_cannot_grow(void **state)
{
	(void)state;
	struct store *s = open_apart(), *other = open_store();
	struct rlimit before, small;
	assert_true(insert_many(s, &store_sync_apart_ops, 0, 10, 100));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = (rlim_t)log_size() + 10000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	bool fine = insert_many(s, &store_sync_apart_ops, 10, 50, 3000);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_false(fine);
	assert_int_equal(number(other, "SELECT count(*) FROM delivery"), 10);
	assert_true(insert_many(s, &store_sync_apart_ops, 10, 50, 3000));
	assert_int_equal(number(other, "SELECT count(*) FROM delivery"), 60);
	assert_true(is_whole(other));
	store_close(other);
	store_close(s);
}

/* What a log holds is the same whichever VFS wrote it: a connection without ours reads and goes on. */
static void test_other_programs_read_the_log(void **state)
{
	(void)state;
	struct store *s = open_apart();
	sqlite3 *plain;
	assert_non_null(wal_gather_name());
	assert_true(insert_many(s, &store_sync_apart_ops, 0, 30, 2000));
	assert_int_equal(sqlite3_open_v2(path, &plain, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
	assert_int_equal(sqlite3_exec(plain, "UPDATE delivery SET path = '/other' WHERE id <= 5", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_true(insert_many(s, &store_sync_apart_ops, 30, 1, 2000));
	assert_int_equal(number(s, "SELECT count(*) FROM delivery WHERE path = '/other'"), 5);
	assert_int_equal(sqlite3_close(plain), SQLITE_OK);
	assert_true(is_whole(s));
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_others_see_what_is_committed), IN_FOLDER(test_the_log_is_shortened),
		IN_FOLDER(test_a_long_commit_is_moved_later), IN_FOLDER(test_a_reader_holds_the_log),
		IN_FOLDER(test_no_connection_to_shorten_on),  IN_FOLDER(test_a_transaction_that_spills),
		IN_FOLDER(test_a_log_that_cannot_grow),       IN_FOLDER(test_other_programs_read_the_log),
		IN_FOLDER(test_the_drive_is_told_as_well),
	};
	return RUN(tests);
}
