/* What a running client makes of the replays that others ask of it. */
#include "client/record/recorder_private.h"
#include "shared/base/clock.h"
#include "shared/base/process.h"
#include "shared/store/store_jobs.h"
#include "tests/unit/client/replayer_fixture.h"
#include "shared/upkeep/store_prune.h"

#include <sys/wait.h>

static int64_t ask(struct test *t, uint8_t n, uint64_t at_us)
{
	struct store_delivery d = sample(n);
	struct error e;
	bool duplicate;
	int64_t replay_id, job;
	d.origin = ORIGIN_REPLAY;
	d.state = DELIVERY_WAITING;
	d.replay_of = 1;
	assert_true(store_batch_ops.begin(t->store, &e));
	in_transaction(t->store,
		       store_insert_delivery(t->store, &d, &replay_id, &duplicate, &e) &&
			   store_ask_job(t->store, 1, replay_id, at_us, &job, &e),
		       &e);
	return job;
}

static int64_t check(struct test *t, int64_t job)
{
	struct error e;
	int64_t replay_id;
	assert_true(store_batch_ops.begin(t->store, &e));
	in_transaction(t->store, recorder_check_asked(t->store, job, &replay_id, &e), &e);
	return replay_id;
}

static struct job job_of(struct test *t, int64_t id)
{
	struct job job;
	struct error e;
	bool found;
	assert_true(store_get_job(t->store, id, &job, &found, &e));
	assert_true(found);
	return job;
}

static void set_taken(struct test *t, int64_t job, int64_t pid)
{
	struct error e;
	assert_true(store_batch_ops.begin(t->store, &e));
	in_transaction(t->store, store_take_job(t->store, job, pid, &e), &e);
}

/* Of a process that is no more. */
static int64_t dead_pid(void)
{
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return child;
}

static void test_taken_once(void **state)
{
	struct test t;
	struct error e;
	uint64_t now = (uint64_t)time(NULL) * 1000000;
	(void)state;
	begin(&t);
	add_original(&t, true);
	int64_t job = ask(&t, 10, now);
	int64_t replay_id = check(&t, job);
	assert_int_equal(replay_id, job_of(&t, job).replay_id);
	assert_int_equal(job_of(&t, job).state, JOB_TAKEN);
	assert_int_equal(job_of(&t, job).pid, getpid());
	/* By us, by another that lives, and when it is over: not again. */
	assert_int_equal(check(&t, job), 0);
	set_taken(&t, job, getppid());
	assert_int_equal(check(&t, job), 0);
	struct store_attempt a = { .delivery_id = replay_id, .job = job, .result = ATTEMPT_OK, .status = 200 };
	assert_true(store_batch_ops.begin(t.store, &e));
	in_transaction(t.store, store_insert_attempt(t.store, &a, &e), &e);
	assert_int_equal(job_of(&t, job).state, JOB_DONE);
	assert_int_equal(check(&t, job), 0);
	/* What is over stays so. */
	assert_true(store_end_job(t.store, job, JOB_FAILED, &e));
	assert_int_equal(job_of(&t, job).state, JOB_DONE);
	end(&t);
}

static void test_client_killed(void **state)
{
	struct test t;
	uint64_t now = (uint64_t)time(NULL) * 1000000;
	(void)state;
	begin(&t);
	add_original(&t, true);
	int64_t job = ask(&t, 10, now), dead = dead_pid();
	/* The call that was lost is on record, and it is called again; not for ever. */
	set_taken(&t, job, dead);
	int64_t replay_id = check(&t, job);
	assert_true(replay_id != 0);
	assert_int_equal(row_of(&t, replay_id).attempts, 1);
	assert_int_equal(row_of(&t, replay_id).state, DELIVERY_WAITING);
	set_taken(&t, job, dead);
	assert_int_equal(check(&t, job), replay_id);
	set_taken(&t, job, dead);
	assert_int_equal(check(&t, job), 0);
	assert_int_equal(job_of(&t, job).state, JOB_FAILED);
	assert_int_equal(row_of(&t, replay_id).state, DELIVERY_FAILED);
	/* Asked too long ago: nobody expects it now. */
	job = ask(&t, 11, now - UINT64_C(3600000000));
	assert_int_equal(check(&t, job), 0);
	assert_int_equal(job_of(&t, job).state, JOB_FAILED);
	assert_int_equal(row_of(&t, job_of(&t, job).replay_id).state, DELIVERY_FAILED);
	end(&t);
}

struct takes {
	int64_t found[4];
	int count, done;
	int64_t taken, replay_of;
};

static void on_found(void *user, int64_t job)
{
	struct takes *t = user;
	assert_in_range(t->count, 0, 3);
	t->found[t->count++] = job;
}

static void on_taken(void *user, struct taken *taken, const struct error *e)
{
	struct takes *t = user;
	assert_null(e);
	t->taken = taken ? taken->id : 0;
	t->replay_of = taken ? taken->replay_of : 0;
	t->done++;
	recorder_taken_free(taken);
}

static void find(struct recorder *r, struct takes *takes, enum recorder_look look)
{
	takes->count = 0;
	recorder_find_asked(r, "dev", look, on_found, takes);
}

static void take(struct test *t, struct recorder *r, int64_t job, struct takes *takes)
{
	int done = takes->done;
	assert_true(recorder_take_asked(r, job, on_taken, takes));
	while (takes->done == done)
		uv_run(&t->loop, UV_RUN_ONCE);
}

static void test_recorder_finds_and_takes(void **state)
{
	struct test t;
	struct takes takes = { 0 };
	struct error e;
	uint64_t now = (uint64_t)time(NULL) * 1000000;
	bool closed = false;
	(void)state;
	begin(&t);
	add_original(&t, true);
	struct recorder *r = recorder_new(&t.loop, path, &e);
	assert_non_null(r);
	find(r, &takes, RECORDER_LOOK_IF_CHANGED);
	assert_int_equal(takes.count, 0);
	int64_t first = ask(&t, 10, now), second = ask(&t, 11, now), third = ask(&t, 12, now);
	find(r, &takes, RECORDER_LOOK_IF_CHANGED);
	assert_int_equal(takes.count, 3);
	assert_int_equal(takes.found[0], first);
	/* Nothing was committed since; looked at all the same when told to. */
	find(r, &takes, RECORDER_LOOK_IF_CHANGED);
	assert_int_equal(takes.count, 0);
	find(r, &takes, RECORDER_LOOK_ALWAYS);
	assert_int_equal(takes.count, 3);
	take(&t, r, first, &takes);
	assert_int_equal(takes.taken, job_of(&t, first).replay_id);
	assert_int_equal(takes.replay_of, 1);
	assert_int_equal(row_of(&t, takes.taken).state, DELIVERY_SENDING);
	take(&t, r, first, &takes);
	assert_int_equal(takes.taken, 0);
	find(r, &takes, RECORDER_LOOK_ALWAYS);
	assert_int_equal(takes.count, 2);
	/* What was to be sent is gone: whoever asked is not left waiting. */
	assert_true(store_batch_ops.begin(t.store, &e));
	in_transaction(t.store, store_delete(t.store, job_of(&t, second).replay_id, &e), &e);
	take(&t, r, second, &takes);
	assert_int_equal(takes.taken, 0);
	assert_int_equal(job_of(&t, second).state, JOB_FAILED);
	recorder_end_asked(r, third);
	recorder_close(r, on_closed, &closed);
	while (!closed)
		uv_run(&t.loop, UV_RUN_ONCE);
	assert_int_equal(job_of(&t, third).state, JOB_DONE);
	end(&t);
}

static int64_t count_clients(struct test *t)
{
	sqlite3_stmt *st;
	assert_int_equal(sqlite3_prepare_v2(t->store->db, "SELECT count(*) FROM client", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	int64_t count = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return count;
}

static void put_client(struct test *t, int64_t pid, uint64_t started_at_us)
{
	const struct client_status c = { .pid = pid, .started_at_us = started_at_us };
	struct error e;
	assert_true(store_put_status(t->store, &c, &e));
}

/* A client's number may be that of another program after it was killed, or of the client that comes next: always 1 in
 * a container. */
static void test_numbers_that_others_got(void **state)
{
	struct test t;
	struct error e;
	uint64_t now = clock_now_us(), minute = 60000000, day = 1440 * minute;
	bool closed = false;
	(void)state;
	if (access("/proc/self/stat", R_OK) != 0)
		skip();
	begin(&t);
	add_original(&t, true);
	int64_t by_other = ask(&t, 10, now - minute), by_earlier = ask(&t, 11, now - minute);
	pid_t other = fork();
	if (other == 0) {
		execlp("sleep", "sleep", "600", (char *)NULL);
		_exit(1);
	}
	while (process_is_alive_since(other, now - minute)) /* until then it has this program's name */
		;
	set_taken(&t, by_other, other);
	set_taken(&t, by_earlier, getpid());
	put_client(&t, dead_pid(), now - 2 * day);
	put_client(&t, other, now - 2 * day - minute);
	put_client(&t, getppid(), now);
	struct recorder *r = recorder_new(&t.loop, path, &e);
	assert_non_null(r);
	while (count_clients(&t) != 1)
		uv_run(&t.loop, UV_RUN_NOWAIT);
	assert_true(check(&t, by_other) != 0);
	assert_true(check(&t, by_earlier) != 0);
	assert_int_equal(check(&t, by_earlier), 0);
	recorder_close(r, on_closed, &closed);
	while (!closed)
		uv_run(&t.loop, UV_RUN_ONCE);
	kill(other, SIGKILL);
	assert_int_equal(waitpid(other, NULL, 0), other);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_FOLDER(test_taken_once), IN_FOLDER(test_client_killed),
					    IN_FOLDER(test_recorder_finds_and_takes),
					    IN_FOLDER(test_numbers_that_others_got) };
	return RUN(tests);
}
