/* A recorder with a journal: what it says it has is in the journal when this process is killed, and in the database
 * once it is closed; each once, in order. */
#include "client/record/recorder_private.h"

#include <dirent.h>
#include <sys/wait.h>

#include "shared/store/store_journal.h"
#include "tests/unit/shared/store_fixture.h"

static int committed, duplicates, synced, numbered, kept, done;
static int64_t first_id, last_number;
static bool closed;
static struct answered given;

static void on_committed(void *user, int64_t id, bool duplicate)
{
	(void)user;
	committed++;
	duplicates += duplicate;
	if (!first_id)
		first_id = id;
}

static void on_done(void *user, const struct error *e)
{
	(void)user;
	assert_null(e);
	synced++;
}

static void on_numbered(void *user, int64_t id)
{
	(void)user;
	assert_true(id > last_number);
	last_number = id;
	if (first_id < 0)
		first_id = id;
	numbered++;
}

static const struct record_delivery_ops ops = { on_committed, on_done, on_numbered };

static void on_kept(void *user)
{
	(void)user;
	kept++;
}

static void on_attempt(void *user, const struct error *e)
{
	(void)user;
	assert_null(e);
	done++;
}

static void on_closed(void *user)
{
	(void)user;
	closed = true;
}

static int begin(void **state)
{
	committed = duplicates = synced = numbered = kept = done = 0;
	first_id = last_number = 0;
	closed = false;
	return make_folder(state);
}

static struct recorder *start(uv_loop_t *loop)
{
	struct error e;
	assert_int_equal(uv_loop_init(loop), 0);
	struct recorder *r = recorder_new(loop, path, &e);
	assert_non_null(r);
	recorder_use_journal(r);
	return r;
}

static void finish(uv_loop_t *loop, struct recorder *r)
{
	recorder_close(r, on_closed, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	assert_true(closed);
	assert_int_equal(uv_loop_close(loop), 0);
}

static void insert_number(struct recorder *r, int n)
{
	struct store_delivery d = sample(1);
	memcpy(d.event_id, &n, sizeof n);
	recorder_insert_delivery(r, &d, &ops, NULL);
}

static void insert_attempt(struct recorder *r, int n, int64_t id)
{
	struct store_attempt a = {
		.delivery_id = id, .number = 1, .status = 200, .body = bytes_of("yes"), .body_size = 3
	};
	memset(a.event_id, 1, sizeof a.event_id);
	memcpy(a.event_id, &n, sizeof n);
	recorder_insert_attempt(r, &a, &given, on_kept, on_attempt, NULL);
}

static int64_t read_sql(const char *sql)
{
	struct store *s = open_store();
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(s->db));
	int64_t value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	store_close(s);
	return value;
}

static int journal_files(void)
{
	char sub[100];
	int count = 0;
	snprintf(sub, sizeof sub, "%s/sub", folder);
	DIR *d = opendir(sub);
	assert_non_null(d);
	for (struct dirent *f; (f = readdir(d));)
		count += strncmp(f->d_name, "creel.log.", 10) == 0;
	closedir(d);
	return count;
}

static void run_until(uv_loop_t *loop, const int *what, int least)
{
	while (*what < least)
		uv_run(loop, UV_RUN_ONCE);
}

static void test_what_is_recorded_is_in_the_database_at_last(void **state)
{
	uv_loop_t loop;
	(void)state;
	struct recorder *r = start(&loop);
	assert_int_equal(journal_files(), 2);
	for (int i = 1; i <= 300; i++)
		insert_number(r, i);
	run_until(&loop, &committed, 300);
	insert_attempt(r, 1, first_id);
	recorder_add_tag(r, first_id, "early");
	run_until(&loop, &numbered, 300);
	run_until(&loop, &done, 1);
	assert_int_equal(kept, 1);
	assert_int_equal(last_number, 300);
	run_until(&loop, &synced, 300);
	assert_int_equal(read_sql("SELECT count(*) FROM delivery"), 300);
	assert_int_equal(read_sql("SELECT count(*) FROM attempt WHERE id = 4097"), 1);
	finish(&loop, r);
	assert_int_equal(read_sql("SELECT count(*) FROM tag WHERE delivery_id = 1 AND name = 'early'"), 1);
	assert_int_equal(read_sql("SELECT count(*) FROM journal"), 0);
	assert_int_equal(journal_files(), 0);
}

static void test_closed_at_once_nothing_is_lost(void **state)
{
	uv_loop_t loop;
	(void)state;
	struct recorder *r = start(&loop);
	for (int i = 1; i <= 50; i++)
		insert_number(r, i);
	finish(&loop, r);
	assert_int_equal(committed, 50);
	assert_int_equal(numbered, 50);
	assert_int_equal(synced, 50);
	assert_int_equal(read_sql("SELECT count(*) FROM delivery"), 50);
	assert_int_equal(journal_files(), 0);
}

/* The n-th delivery's, whether it is in the database yet or not. */
static int64_t id_of(int n)
{
	return first_id < 0 ? -n : n;
}

/* A call that is over before its delivery is in the database goes there with it; not where the delivery's state changed
 * in between, or it would be the one that came after. */
static void test_a_call_goes_with_its_delivery(void **state)
{
	uv_loop_t loop;
	(void)state;
	struct recorder *r = start(&loop);
	for (int i = 1; i <= 3; i++)
		insert_number(r, i);
	run_until(&loop, &committed, 3);
	insert_attempt(r, 1, id_of(1));
	recorder_set_state(r, id_of(2), DELIVERY_WAITING);
	insert_attempt(r, 2, id_of(2));
	insert_attempt(r, 3, id_of(3));
	run_until(&loop, &kept, 3);
	recorder_set_state(r, id_of(3), DELIVERY_WAITING);
	run_until(&loop, &done, 3);
	run_until(&loop, &synced, 3);
	finish(&loop, r);
	assert_int_equal(read_sql("SELECT count(*) FROM attempt WHERE number = 1 AND body = x'796573'"), 3);
	assert_int_equal(read_sql("SELECT count(*) FROM delivery WHERE attempts = 1"), 3);
	assert_int_equal(read_sql("SELECT group_concat(state, '') FROM (SELECT state FROM delivery ORDER BY id)"), 220);
}

/* In the same turn, while the first is on its way, and after it is in the database. */
static void test_what_comes_again_is_known(void **state)
{
	uv_loop_t loop;
	(void)state;
	struct recorder *r = start(&loop);
	insert_number(r, 7);
	insert_number(r, 7);
	run_until(&loop, &committed, 1);
	insert_number(r, 7);
	run_until(&loop, &numbered, 1);
	run_until(&loop, &committed, 3);
	insert_number(r, 7);
	run_until(&loop, &committed, 4);
	assert_int_equal(duplicates, 3);
	run_until(&loop, &synced, 4);
	finish(&loop, r);
	assert_int_equal(read_sql("SELECT count(*) FROM delivery"), 1);
}

/* Killed when it has said so of this many, whatever is in the database by then. */
static void test_killed_what_was_said_is_on_record(void **state)
{
	(void)state;
	for (int most = 1; most <= 64; most *= 8) {
		pid_t child = fork();
		if (child == 0) {
			uv_loop_t loop;
			struct recorder *r = start(&loop);
			for (int i = 1; i <= 64; i++)
				insert_number(r, i + most * 1000);
			run_until(&loop, &committed, 64);
			for (int i = 1; i <= most; i++)
				insert_attempt(r, i + most * 1000, -(int64_t)i);
			run_until(&loop, &kept, most);
			raise(SIGKILL);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		char sql[200];
		assert_int_equal(read_sql("SELECT count(*) FROM delivery"), 64);
		snprintf(sql, sizeof sql, "SELECT count(*) FROM attempt");
		assert_int_equal(read_sql(sql), most);
		assert_int_equal(read_sql("SELECT count(*) FROM delivery WHERE state = 2"), most);
		assert_int_equal(journal_files(), 0);
		assert_int_equal(read_sql("SELECT count(*) FROM journal"), 0);
		struct store *s = open_store();
		assert_int_equal(sqlite3_exec(s->db, "DELETE FROM delivery", NULL, NULL, NULL), SQLITE_OK);
		store_close(s);
	}
}

static void test_two_clients_have_a_journal_each(void **state)
{
	uv_loop_t loop, other_loop;
	struct error e;
	(void)state;
	struct recorder *r = start(&loop), *other = start(&other_loop);
	assert_int_equal(journal_files(), 4);
	for (int i = 1; i <= 20; i++) {
		insert_number(r, 2 * i);
		insert_number(other, 2 * i + 1);
	}
	run_until(&loop, &committed, 20);
	run_until(&other_loop, &committed, 40);
	/* Numbers are given in the order of the database, whoever comes first. */
	struct store *s = open_store();
	bool duplicate;
	assert_true(insert(s, 0xee, &duplicate) > 0);
	store_close(s);
	last_number = 0;
	recorder_close(r, on_closed, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	last_number = 0;
	recorder_close(other, on_closed, NULL);
	uv_run(&other_loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(uv_loop_close(&other_loop), 0);
	(void)e;
	assert_int_equal(read_sql("SELECT count(*) FROM delivery"), 41);
	assert_int_equal(journal_files(), 0);
}

/* A writer that another program holds up for a while: nothing is refused, and the order stays. */
static void test_a_store_that_is_locked_is_waited_for(void **state)
{
	uv_loop_t loop;
	(void)state;
	struct recorder *r = start(&loop);
	struct store *s = open_store();
	assert_int_equal(sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 1; i <= 20; i++)
		insert_number(r, i);
	run_until(&loop, &synced, 20);
	assert_int_equal(numbered, 0);
	assert_int_equal(sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	store_close(s);
	run_until(&loop, &numbered, 20);
	finish(&loop, r);
	assert_int_equal(read_sql("SELECT count(*) FROM delivery"), 20);
}

/* One that is too large for the journal is on its way into a database that takes nothing for now: the small ones do not
 * wait for it, and the large one is known when it comes again meanwhile. */
static void test_a_large_one_holds_up_no_small_one(void **state)
{
	uv_loop_t loop;
	(void)state;
	struct recorder *r = start(&loop);
	struct store *s = open_store();
	static uint8_t bytes[1 << 20];
	struct store_delivery large = sample(0xdd);
	large.body = bytes_make(bytes, sizeof bytes);
	large.body_size = sizeof bytes;
	assert_int_equal(sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	recorder_insert_delivery(r, &large, &ops, NULL);
	for (int i = 1; i <= 20; i++)
		insert_number(r, i);
	recorder_insert_delivery(r, &large, &ops, NULL);
	run_until(&loop, &synced, 20);
	assert_int_equal(committed, 20);
	assert_int_equal(sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	store_close(s);
	run_until(&loop, &synced, 22);
	run_until(&loop, &numbered, 20);
	assert_int_equal(duplicates, 1);
	recorder_insert_delivery(r, &large, &ops, NULL);
	run_until(&loop, &synced, 23);
	assert_int_equal(duplicates, 2);
	finish(&loop, r);
	assert_int_equal(read_sql("SELECT count(*) FROM delivery"), 21);
}

static int refused;

static void on_refused(void *user, const struct error *e)
{
	(void)user;
	refused += e != NULL;
	synced += e == NULL;
}

static const struct record_delivery_ops may_be_refused = { on_committed, on_refused, on_numbered };

/* A database that takes nothing for so long that it counts as failing: what was said stays in the journal, nothing new
 * is accepted, and both end once it takes things again. */
static void test_what_the_database_refuses_is_tried_again(void **state)
{
	uv_loop_t loop;
	(void)state;
	struct recorder *r = start(&loop);
	struct store *s = open_store();
	refused = 0;
	/* Its first job meets the lock, and then the deliveries do: each waits for it as long as that. */
	sqlite3_busy_timeout(r->store->db, 100);
	assert_int_equal(sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	insert_number(r, 1);
	run_until(&loop, &committed, 1);
	insert_attempt(r, 1, first_id);
	run_until(&loop, &kept, 1);
	for (int i = 2; !refused; i++) {
		int before = synced + refused;
		struct store_delivery d = sample(1);
		memcpy(d.event_id, &i, sizeof i);
		recorder_insert_delivery(r, &d, &may_be_refused, NULL);
		while (synced + refused == before)
			uv_run(&loop, UV_RUN_ONCE);
	}
	int said = committed;
	assert_int_equal(numbered, 0);
	assert_int_equal(done, 0);
	assert_int_equal(sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	store_close(s);
	run_until(&loop, &numbered, said);
	run_until(&loop, &done, 1);
	insert_number(r, 1000000);
	run_until(&loop, &committed, said + 1);
	finish(&loop, r);
	assert_int_equal(read_sql("SELECT count(*) FROM delivery"), said + 1);
	assert_int_equal(read_sql("SELECT state FROM delivery WHERE id = 1"), DELIVERY_DELIVERED);
	assert_int_equal(journal_files(), 0);
}

/* Longer than one file is meant to be: the two are used in turn, and do not grow on. */
static void test_the_files_are_written_in_turn(void **state)
{
	static uint8_t body[100000];
	uv_loop_t loop;
	(void)state;
	struct recorder *r = start(&loop);
	int sent = 0;
	for (int round = 0; round < 8; round++) {
		for (int i = 0; i < 20; i++) {
			struct store_delivery d = sample(1);
			sent++;
			memcpy(d.event_id, &sent, sizeof sent);
			d.body = bytes_make(body, sizeof body);
			d.body_size = sizeof body;
			recorder_insert_delivery(r, &d, &ops, NULL);
			run_until(&loop, &committed, sent);
		}
	}
	run_until(&loop, &numbered, sent);
	run_until(&loop, &synced, sent);
	finish(&loop, r);
	assert_int_equal(read_sql("SELECT count(*) FROM delivery"), sent);
	assert_int_equal(journal_files(), 0);
}

#define LARGE (3u << 20)

/* An answer to the first delivery that lies in a file. */
static void insert_large_answer(uv_loop_t *loop, struct recorder *r, struct spill *answer, uv_loop_t *of_spill)
{
	static uint8_t body[LARGE];
	insert_number(r, 1);
	run_until(loop, &committed, 1);
	spill_init_for_record(answer, recorder_bodies(r), of_spill);
	assert_true(spill_append(answer, body, sizeof body));
	struct store_attempt a = { .delivery_id = id_of(1),
				   .number = 1,
				   .status = 200,
				   .body = bytes_make(NULL, LARGE),
				   .spilled = answer,
				   .body_size = LARGE };
	memset(a.event_id, 1, sizeof a.event_id);
	memcpy(a.event_id, &(int){ 1 }, sizeof(int));
	recorder_insert_attempt(r, &a, &given, on_kept, on_attempt, NULL);
}

/* It is on the disk before it is in the journal; the delivery's number may come in between. */
static void test_a_large_answer_is_synced_first(void **state)
{
	uv_loop_t loop;
	struct spill answer;
	(void)state;
	struct recorder *r = start(&loop);
	insert_large_answer(&loop, r, &answer, &loop);
	run_until(&loop, &numbered, 1);
	run_until(&loop, &kept, 1);
	assert_true(spill_file(&answer)->synced);
	run_until(&loop, &done, 1);
	spill_keep(&answer);
	spill_free(&answer);
	finish(&loop, r);
	assert_int_equal(read_sql("SELECT length FROM body_file WHERE id = 4097"), LARGE);
	assert_int_equal(read_sql("SELECT count(*) FROM attempt WHERE id = 4097"), 1);
}

static void test_closed_at_once_a_large_answer_is_not_lost(void **state)
{
	uv_loop_t loop;
	struct spill answer;
	(void)state;
	struct recorder *r = start(&loop);
	insert_large_answer(&loop, r, &answer, NULL);
	finish(&loop, r);
	assert_int_equal(kept, 1);
	assert_int_equal(done, 1);
	spill_keep(&answer);
	spill_free(&answer);
	assert_int_equal(read_sql("SELECT length FROM body_file WHERE id = 4097"), LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_recorded_is_in_the_database_at_last, begin, remove_folder),
		cmocka_unit_test_setup_teardown(test_closed_at_once_nothing_is_lost, begin, remove_folder),
		cmocka_unit_test_setup_teardown(test_a_call_goes_with_its_delivery, begin, remove_folder),
		cmocka_unit_test_setup_teardown(test_what_comes_again_is_known, begin, remove_folder),
		cmocka_unit_test_setup_teardown(test_killed_what_was_said_is_on_record, begin, remove_folder),
		cmocka_unit_test_setup_teardown(test_two_clients_have_a_journal_each, begin, remove_folder),
		cmocka_unit_test_setup_teardown(test_a_store_that_is_locked_is_waited_for, begin, remove_folder),
		cmocka_unit_test_setup_teardown(test_a_large_one_holds_up_no_small_one, begin, remove_folder),
		cmocka_unit_test_setup_teardown(test_what_the_database_refuses_is_tried_again, begin, remove_folder),
		cmocka_unit_test_setup_teardown(test_the_files_are_written_in_turn, begin, remove_folder),
		cmocka_unit_test_setup_teardown(test_a_large_answer_is_synced_first, begin, remove_folder),
		cmocka_unit_test_setup_teardown(test_closed_at_once_a_large_answer_is_not_lost, begin, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
