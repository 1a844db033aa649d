/* The store's file: who may read it, what is refused, several programs at once. */
#include "shared/query/store_filter.h"
#include "tests/unit/shared/index_fixture.h"
#include "shared/query/store_index.h"
#include "shared/query/store_query.h"

#include <fcntl.h>
#include <sys/wait.h>

static int mode_of(const char *file)
{
	struct stat st;
	return stat(file, &st) == 0 ? (int)(st.st_mode & 0777) : -1;
}

static void test_nobody_else_may_read(void **state)
{
	static const mode_t umasks[] = { 0, 0777 };
	char file[160];
	bool duplicate;
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%zu.db", folder, i);
		mode_t old = umask(umasks[i]);
		struct store *s = open_store();
		insert(s, 1, &duplicate);
		umask(old);
		for (const char *const *end = (const char *const[]){ "", "-wal", "-shm", NULL }; *end; end++) {
			snprintf(file, sizeof file, "%s%s", path, *end);
			assert_int_equal(mode_of(file), 0600);
		}
		store_close(s);
	}
	snprintf(path, sizeof path, "%s/a/creel.db", folder);
	mode_t old = umask(0);
	store_close(open_store());
	umask(old);
	snprintf(file, sizeof file, "%s/a", folder);
	assert_int_equal(mode_of(file), 0700);
	snprintf(path, sizeof path, "%s/empty.db", folder); /* as `touch` leaves it */
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	chmod(path, 0644);
	store_close(open_store());
	assert_int_equal(mode_of(path), 0600);
}

/* SQLite reads ":memory:" and "file:…" as more than names: what was recorded there would be gone at the end. */
static void test_a_name_is_a_file(void **state)
{
	static const char *const names[] = { ":memory:", "file:x.db?mode=memory" };
	char before[1024];
	(void)state;
	assert_non_null(getcwd(before, sizeof before));
	assert_int_equal(chdir(folder), 0);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s", names[i]);
		bool duplicate;
		struct store *s = open_store();
		insert(s, 1, &duplicate);
		store_close(s);
		s = open_store();
		insert(s, 1, &duplicate);
		assert_true(duplicate);
		store_close(s);
	}
	assert_int_equal(chdir(before), 0);
}

/* Closing any descriptor of a file drops all of a process's POSIX locks on it, SQLite's among them. */
static void test_opening_again_keeps_the_locks(void **state)
{
	(void)state;
	struct store *s = open_store();
	bool duplicate;
	insert(s, 1, &duplicate);
	store_close(open_store());
	pid_t child = fork();
	if (child == 0) {
		struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000002, .l_len = 510 };
		int fd = open(path, O_RDWR);
		_exit(fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_RDLCK ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	store_close(s);
}

static void test_clients_started_at_once(void **state)
{
	enum { CLIENTS = 6, ROUNDS = 8 };
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		int gate[2], failed = 0;
		pid_t children[CLIENTS];
		snprintf(path, sizeof path, "%s/%d.db", folder, round);
		assert_int_equal(pipe(gate), 0);
		for (int i = 0; i < CLIENTS; i++) {
			if ((children[i] = fork()) != 0)
				continue;
			struct store *s;
			struct error e;
			char end;
			close(gate[1]);
			ssize_t n = read(gate[0], &end, 1); /* until the parent closes the gate */
			if (n != 0 || !store_open(&s, path, STORE_READ_WRITE, &e)) {
				fprintf(stderr, "%s\n", n ? "no gate" : e.text);
				_exit(1);
			}
			store_close(s);
			_exit(0);
		}
		close(gate[0]);
		close(gate[1]);
		for (int i = 0; i < CLIENTS; i++) {
			int status = 1;
			assert_int_equal(waitpid(children[i], &status, 0), children[i]);
			failed += status != 0;
		}
		assert_int_equal(failed, 0);
	}
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
	expect_refused(STORE_READ_WRITE, "is of a newer creel (schema 99, this one knows 17): update creel");
	unlink(path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE mine (x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	expect_refused(STORE_READ_WRITE, "another program");
}

extern const char store_schema_sql[];

static void copy_verdict(void *user, const struct delivery_row *row)
{
	snprintf(user, 16, "%.*s", (int)row->signature.len, (const char *)row->signature.at);
}

/* A file as the first version made it, with what `rows` inserts. */
static void make_first_version(const char *rows)
{
	const char *second = strstr(store_schema_sql, "\n-- Schema 2:");
	sqlite3 *db;
	assert_non_null(second);
	char *first = strndup(store_schema_sql, (size_t)(second - store_schema_sql));
	store_close(open_store());
	unlink(path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, first, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA application_id=1668441452; PRAGMA user_version=1", NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	free(first);
}

static void note_attempt(void *user, const struct attempt_row *a)
{
	char *notes = user;
	snprintf(notes + strlen(notes), 64 - strlen(notes), "%d: %d, ", a->number, a->status);
}

/* Delivery 7's, whose answers stand where they stood; those that come now do not. */
static void expect_old_attempts(struct store *s)
{
	struct message m;
	struct error e;
	char notes[64] = "";
	assert_true(store_list_attempts(s, 7, note_attempt, notes, &e));
	assert_string_equal(notes, "1: 500, 2: 201, ");
	assert_true(store_get_response(s, 7, 1, &m, &e));
	assert_true(bytes_equal(buffer_view(&m.body), bytes_of("no")));
	store_message_free(&m);
	assert_true(store_get_response(s, 7, 0, &m, &e));
	assert_int_equal(m.body.len, 5000);
	store_message_free(&m);
	struct store_attempt a = { .delivery_id = 7, .status = 202, .body = bytes_of("new"), .body_size = 3 };
	assert_true(store_insert_attempt(s, &a, &e));
	assert_true(store_get_response(s, 7, 3, &m, &e));
	assert_true(bytes_equal(buffer_view(&m.body), bytes_of("new")));
	store_message_free(&m);
	/* They go with their delivery. */
	assert_int_equal(sqlite3_exec(s->db, "DELETE FROM delivery WHERE id = 7", NULL, NULL, NULL), SQLITE_OK);
	notes[0] = 0;
	assert_true(store_list_attempts(s, 7, note_attempt, notes, &e));
	assert_string_equal(notes, "");
}

/* A file as the first version made it is brought up to date, with what is in it. */
static void test_an_older_schema(void **state)
{
	struct error e;
	bool duplicate, more;
	(void)state;
	make_first_version(
	    "INSERT INTO delivery VALUES (7,zeroblob(16),'',0,'','','','','',0,0,'','','',0,0,0,0,"
	    "2,0,0,0,0); INSERT INTO message VALUES (7 * 4096,x'',x'',x'6f6c64'),"
	    "(7 * 4096 + 1,x'',x'',x'6e6f'),(7 * 4096 + 2,x'',x'',CAST(printf('%5000d', 7) AS BLOB));"
	    "INSERT INTO attempt VALUES (7,2,0,0,201,'','','',0,0,0,5000),(7,1,0,0,500,'','','',0,0,0,2);"
	    "INSERT INTO delivery VALUES (4,x'01','',0,'','','','','',0,0,'','','valid',0,0,0,0,0,0,0,0,0),"
	    "(5,x'02','',0,'','','','','',0,0,'','','valid',0,0,0,0,0,0,0,2,4),"
	    "(6,x'03','',0,'','','','','',0,0,'','','invalid',0,0,0,0,0,0,0,3,0)");
	expect_refused(STORE_READ_ONLY, "is of an older creel");
	struct store *s = open_store();
	assert_int_equal(insert(s, 1, &duplicate), 8);
	assert_true(store_index_some(s, &more, &e));
	assert_int_equal(index_has(s, "b", "old"), 1);
	assert_int_equal(index_has(s, "b", "new"), 0);
	/* What it said of a replay, 5, and of an import, 6, was not checked here. */
	static const char *const verdicts[] = { "valid", "unknown", "unknown" };
	for (int i = 0; i < 3; i++) {
		char verdict[16];
		assert_true(store_get(s, 4 + i, copy_verdict, verdict, &e));
		assert_string_equal(verdict, verdicts[i]);
	}
	expect_old_attempts(s);
	store_close(s);
	store_close(open_store()); /* nothing is left to do */
}

struct upgrades {
	int begun, looks, over;
	bool wanted;
};

static void on_begins(void *user)
{
	((struct upgrades *)user)->begun++;
}

static bool on_goes_on(void *user)
{
	struct upgrades *u = user;
	u->looks++;
	return u->wanted;
}

static void on_over(void *user)
{
	((struct upgrades *)user)->over++;
}

/* What takes long is told of, and may be given up: then the file is as it was. */
static void test_an_upgrade_given_up(void **state)
{
	static const struct store_upgrade_ops ops = { on_begins, on_goes_on, on_over };
	struct upgrades u = { 0 };
	struct error e;
	struct store *s;
	(void)state;
	store_watch_upgrades(&ops, &u);
	make_first_version("WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
			   " INSERT INTO delivery SELECT i,cast(i AS BLOB),'',0,'','','','','',0,0,'','','valid',"
			   "0,0,0,0,0,0,0,2,0 FROM n");
	assert_int_equal(u.begun, 0); /* a new file is no upgrade */
	assert_false(store_open(&s, path, STORE_READ_WRITE, &e));
	assert_int_equal(e.code, EXIT_INTERRUPTED);
	assert_non_null(strstr(e.text, "is of an older creel still, nothing in it has changed"));
	assert_int_equal(u.begun, 1);
	assert_int_equal(u.looks, 1);
	assert_int_equal(u.over, 1);
	expect_refused(STORE_READ_ONLY, "is of an older creel");
	u.wanted = true;
	store_close(open_store());
	assert_int_equal(u.over, 2);
	assert_true(u.looks > 1);
	store_watch_upgrades(NULL, NULL);
}

static void ignore_row(void *user, const struct delivery_row *row)
{
	(void)user;
	(void)row;
}

static void test_damaged_file(void **state)
{
	struct store *s = open_store();
	struct stat st;
	struct error e;
	bool duplicate;
	(void)state;
	for (uint8_t n = 1; n < 200; n++)
		insert(s, n, &duplicate);
	store_close(s); /* the last one out brings the -wal into the file */
	assert_int_equal(stat(path, &st), 0);
	FILE *f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, 4096, SEEK_SET);
	for (long i = 4096; i < st.st_size; i++)
		fputc(0xa5, f);
	fclose(f);
	if (store_open(&s, path, STORE_READ_ONLY, &e)) { /* the first page is whole */
		assert_false(store_list(s, 0, 500, ignore_row, NULL, &e));
		store_close(s);
	}
	assert_int_equal(e.code, EXIT_STORE);
	assert_non_null(strstr(e.text, path));
	assert_non_null(strstr(e.text, "damaged"));
}

static void test_held_by_another_program(void **state)
{
	struct store *s = open_store();
	struct error e;
	sqlite3 *db;
	(void)state;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_busy_timeout(s->db, 0);
	assert_false(store_batch_ops.begin(s, &e));
	assert_int_equal(e.code, EXIT_STORE);
	assert_non_null(strstr(e.text, path));
	assert_non_null(strstr(e.text, "another program holds it"));
	sqlite3_close(db);
	assert_true(store_batch_ops.begin(s, &e));
	store_batch_ops.rollback(s);
	store_close(s);
}

static void test_what_may_not_be_opened(void **state)
{
	(void)state;
	store_close(open_store());
	char whole[sizeof path - 2];
	snprintf(whole, sizeof whole, "%s/sub/creel.db", folder);
	snprintf(path, sizeof path, "%s/sub", folder);
	expect_refused(STORE_READ_WRITE, "not a file");
	expect_refused(STORE_READ_ONLY, "not a file");
	snprintf(path, sizeof path, "%s/x", whole); /* a folder that is a file */
	expect_refused(STORE_READ_WRITE, "Not a directory");
	strcpy(path, whole);
	assert_int_equal(chmod(path, 0444), 0);
	bool root = geteuid() == 0; /* to whom nothing is forbidden */
	if (root) {
		assert_int_equal(chown(folder, 65534, 65534), 0);
		assert_int_equal(chown(path, 65534, 65534), 0);
		snprintf(whole, sizeof whole, "%s/sub", folder);
		assert_int_equal(chown(whole, 65534, 65534), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	expect_refused(STORE_READ_WRITE, "read-only");
	assert_int_equal(chmod(path, 0), 0);
	expect_refused(STORE_READ_ONLY, "Permission denied");
	expect_refused(STORE_READ_WRITE, "Permission denied");
	if (root)
		assert_int_equal(seteuid(0), 0);
}

static void test_back_to_wal_after_a_repair(void **state)
{
	sqlite3 *db;
	(void)state;
	store_close(open_store());
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK); /* what .recover makes is not in WAL mode */
	assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	struct store *s = open_store();
	sqlite3_stmt *st;
	assert_int_equal(sqlite3_prepare_v2(s->db, "PRAGMA journal_mode", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_string_equal(sqlite3_column_text(st, 0), "wal");
	sqlite3_finalize(st);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_nobody_else_may_read),
		IN_FOLDER(test_a_name_is_a_file),
		IN_FOLDER(test_opening_again_keeps_the_locks),
		IN_FOLDER(test_clients_started_at_once),
		IN_FOLDER(test_bad_files),
		IN_FOLDER(test_other_schemas),
		IN_FOLDER(test_an_older_schema),
		IN_FOLDER(test_an_upgrade_given_up),
		IN_FOLDER(test_damaged_file),
		IN_FOLDER(test_held_by_another_program),
		IN_FOLDER(test_what_may_not_be_opened),
		IN_FOLDER(test_back_to_wal_after_a_repair),
	};
	return RUN(tests);
}
