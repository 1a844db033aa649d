/* Replays: sent by the replayer itself to an app on a socket, or by a client, which the test plays. */
#include "shared/base/clock.h"
#include "shared/query/store_query.h"
#include "shared/store/store_jobs.h"
#include "tests/unit/client/replayer_fixture.h"

static void test_alone(void **state)
{
	struct test t;
	struct message m;
	struct error e;
	bool has_body, https;
	(void)state;
	begin(&t);
	int64_t id = add_original(&t, true);
	replay(&t, id, NULL);
	assert_false(t.failed);
	assert_int_equal(t.result.original, id);
	assert_int_equal(t.result.status, 201);
	assert_false(t.result.by_client);
	assert_int_equal(t.app.calls, 1);
	assert_true(seen(&t, "POST /hooks?a=1 HTTP/1.1\r\n"));
	assert_true(seen(&t, "X-Order: 1\r\n"));
	struct delivery_row row = row_of(&t, t.result.id);
	assert_int_equal(row.replay_of, id);
	assert_int_equal(row.origin, ORIGIN_REPLAY);
	assert_int_equal(row.state, DELIVERY_DELIVERED);
	assert_true(store_get_response(t.store, t.result.id, 0, &m, &e));
	assert_memory_equal(m.body.at, "fine", 4);
	store_message_free(&m);
	assert_int_equal(edited(&t), 0);
	/* With another body, and all of it another. */
	struct replay_change body = { .has_body = true, .body = bytes_of("another END") };
	replay(&t, id, &body);
	assert_true(seen(&t, "Content-Length: 11\r\n"));
	assert_int_equal(edited(&t), 1);
	struct replay_change whole = { .whole = true,
				       .method = bytes_of("PUT"),
				       .target = bytes_of("/other"),
				       .headers = bytes_of("X-New: 2\r\n"),
				       .body = bytes_of("new END") };
	t.app.seen.len = 0;
	replay(&t, id, &whole);
	assert_false(t.failed);
	assert_true(seen(&t, "PUT /other HTTP/1.1\r\n"));
	assert_true(seen(&t, "X-New: 2\r\n"));
	assert_false(seen(&t, "X-Order"));
	assert_true(store_get_request(t.store, t.result.id, &m, &has_body, &https, &e));
	assert_memory_equal(m.body.at, "new END", 7);
	store_message_free(&m);
	assert_int_equal(edited(&t), 2);
	end(&t);
}

static int recorded;

static void on_recorded(void *user)
{
	struct test *t = user;
	recorded++;
	assert_int_equal(t->done, 0);
	assert_int_equal(t->app.calls, 0);
}

static void test_says_when_it_is_on_record(void **state)
{
	struct test t;
	(void)state;
	recorded = 0;
	begin(&t);
	int64_t id = add_original(&t, true);
	struct replay *p = replayer_start(t.replayer, id, NULL, on_done, &t);
	replayer_tell_recorded(p, on_recorded);
	wait_done(&t, 1);
	assert_int_equal(recorded, 1);
	/* One that cannot be. */
	p = replayer_start(t.replayer, id + 1000, NULL, on_done, &t);
	replayer_tell_recorded(p, on_recorded);
	wait_done(&t, 2);
	assert_true(t.failed);
	assert_int_equal(recorded, 1);
	end(&t);
}

static void test_refused_in_words(void **state)
{
	struct test t;
	(void)state;
	begin(&t);
	int64_t id = add_original(&t, false);
	replay(&t, id, NULL);
	assert_true(t.failed);
	assert_int_equal(t.error.code, EXIT_USAGE);
	assert_non_null(strstr(t.error.text, "start `creel listen PORT`"));
	assert_int_equal(t.result.id, 0);
	replay(&t, 77, NULL);
	assert_true(t.failed);
	assert_int_equal(t.error.code, EXIT_USAGE);
	end(&t);
}

static void test_several_and_stopped(void **state)
{
	struct test t;
	(void)state;
	begin(&t);
	int64_t id = add_original(&t, true);
	t.app.silent = true;
	struct replay *first = replayer_start(t.replayer, id, NULL, on_done, &t);
	struct replay *second = replayer_start(t.replayer, id, NULL, on_done, &t);
	replayer_stop(second); /* before it began */
	assert_int_equal(t.done, 1);
	assert_int_equal(t.error.code, EXIT_INTERRUPTED);
	assert_int_equal(t.result.id, 0);
	while (t.app.seen.len == 0)
		uv_run(&t.loop, UV_RUN_ONCE);
	replayer_stop(first);
	wait_done(&t, 2);
	assert_int_equal(t.error.code, EXIT_INTERRUPTED);
	assert_int_equal(row_of(&t, t.result.id).state, DELIVERY_FAILED);
	end(&t);
}

/* ---- through a client ---- */

static void put_client(struct test *t, int64_t pid, const char *tunnel)
{
	struct client_status c = {
		.pid = pid, .started_at_us = clock_now_us(), .state = bytes_of("online"), .tunnel = bytes_of(tunnel)
	};
	struct error e;
	if (!store_put_status(t->store, &c, &e))
		fail_msg("%s", e.text);
}

static void take_job(void *user, const struct job *j)
{
	*(struct job *)user = *j;
}

static struct job wait_for_job(struct test *t)
{
	struct job job = { 0 };
	struct error e;
	while (!job.id) {
		uv_run(&t->loop, UV_RUN_NOWAIT);
		assert_true(store_list_jobs(t->store, bytes_of("dev"), 0, 10, take_job, &job, &e));
	}
	return job;
}

static void test_by_client(void **state)
{
	struct test t;
	struct error e;
	(void)state;
	begin(&t);
	int64_t id = add_original(&t, true);
	put_client(&t, getpid(), "another");
	put_client(&t, getppid(), "dev");
	assert_non_null(replayer_start(t.replayer, id, NULL, on_done, &t));
	struct job job = wait_for_job(&t);
	assert_int_equal(job.state, JOB_ASKED);
	assert_int_equal(job.delivery_id, id);
	assert_int_equal(row_of(&t, job.replay_id).state, DELIVERY_WAITING);
	struct store_attempt a = {
		.delivery_id = job.replay_id, .job = job.id, .result = ATTEMPT_OK, .status = 204, .total_us = 5
	};
	assert_true(store_batch_ops.begin(t.store, &e));
	in_transaction(t.store, store_insert_attempt(t.store, &a, &e), &e);
	wait_done(&t, 1);
	assert_false(t.failed);
	assert_true(t.result.by_client);
	assert_int_equal(t.result.status, 204);
	assert_int_equal(t.result.id, job.replay_id);
	assert_int_equal(t.app.calls, 0);
	/* One that found no app is told in its words. */
	assert_non_null(replayer_start(t.replayer, id, NULL, on_done, &t));
	job = wait_for_job(&t);
	a = (struct store_attempt){ .delivery_id = job.replay_id,
				    .job = job.id,
				    .result = ATTEMPT_UNREACHABLE,
				    .error = bytes_of("nothing listens there") };
	assert_true(store_batch_ops.begin(t.store, &e));
	in_transaction(t.store, store_insert_attempt(t.store, &a, &e), &e);
	wait_done(&t, 2);
	assert_true(t.failed);
	assert_int_equal(t.error.code, EXIT_TARGET);
	assert_string_equal(t.error.text, "nothing listens there");
	end(&t);
}

/* Nobody is left to send it: it is taken back, and says so. */
static void test_client_ends(void **state)
{
	struct test t;
	struct error e;
	struct job job;
	bool found;
	(void)state;
	begin(&t);
	int64_t id = add_original(&t, true);
	put_client(&t, getppid(), "dev");
	assert_non_null(replayer_start(t.replayer, id, NULL, on_done, &t));
	job = wait_for_job(&t);
	assert_true(store_drop_status(t.store, getppid(), &e));
	wait_done(&t, 1);
	assert_true(t.failed);
	assert_int_equal(t.error.code, EXIT_TARGET);
	assert_non_null(strstr(t.error.text, "ended before"));
	assert_true(store_get_job(t.store, job.id, &job, &found, &e));
	assert_int_equal(job.state, JOB_FAILED);
	assert_int_equal(row_of(&t, job.replay_id).state, DELIVERY_FAILED);
	/* Stopped while the client lives and has not taken it. */
	put_client(&t, getppid(), "dev");
	struct replay *p = replayer_start(t.replayer, id, NULL, on_done, &t);
	job = wait_for_job(&t);
	replayer_stop(p);
	wait_done(&t, 2);
	assert_int_equal(t.error.code, EXIT_INTERRUPTED);
	assert_true(store_get_job(t.store, job.id, &job, &found, &e));
	assert_int_equal(job.state, JOB_FAILED);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_FOLDER(test_alone),
					    IN_FOLDER(test_says_when_it_is_on_record),
					    IN_FOLDER(test_refused_in_words),
					    IN_FOLDER(test_several_and_stopped),
					    IN_FOLDER(test_by_client),
					    IN_FOLDER(test_client_ends) };
	return RUN(tests);
}
