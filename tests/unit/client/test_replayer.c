/* Replays: by itself against an app on a socket, and through a client, played by the test; and what a client makes of
 * the jobs it finds. */
#include "client/record/recorder_private.h"
#include "client/replay/replayer.h"
#include "shared/http/headers.h"
#include "shared/store/store_filter.h"
#include "shared/store/store_jobs.h"
#include "tests/unit/shared/store_fixture.h"

#include <arpa/inet.h>
#include <sys/wait.h>
#include <time.h>

#define ANSWER "HTTP/1.1 201 Made\r\nContent-Length: 4\r\nX-App: yes\r\n\r\nfine"

struct app {
	uv_tcp_t server, peers[8];
	size_t calls;
	int port;
	struct buffer seen;
	uv_write_t writes[8];
	bool silent; /* never answers */
};

struct test {
	uv_loop_t loop;
	struct app app;
	struct store *store;
	struct replayer *replayer;
	struct forward_options forward;
	struct replayer_options options;
	char url[60];
	struct replayed result;
	struct error error;
	int done;
	bool failed;
};

static void on_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf)
{
	static char room[65536];
	(void)h;
	(void)size;
	*buf = uv_buf_init(room, sizeof room);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct app *a = s->data;
	if (n < 0) {
		uv_read_stop(s);
		return;
	}
	assert_true(buffer_append(&a->seen, buf->base, (size_t)n));
	/* Every request here ends in these three bytes. */
	bool whole = a->seen.len > 3 && memcmp(a->seen.at + a->seen.len - 3, "END", 3) == 0;
	if (!whole || a->silent)
		return;
	uv_buf_t out = uv_buf_init(ANSWER, sizeof ANSWER - 1);
	uv_write(&a->writes[a->calls], s, &out, 1, NULL);
	a->calls++;
}

static void on_connection(uv_stream_t *server, int status)
{
	struct app *a = server->data;
	static size_t next;
	uv_tcp_t *peer = &a->peers[next++ % 8];
	assert_int_equal(status, 0);
	uv_tcp_init(server->loop, peer);
	peer->data = a;
	assert_int_equal(uv_accept(server, (uv_stream_t *)peer), 0);
	uv_read_start((uv_stream_t *)peer, on_alloc, on_read);
}

static void app_open(struct test *t)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int len = sizeof here;
	uv_tcp_init(&t->loop, &t->app.server);
	t->app.server.data = &t->app;
	assert_int_equal(uv_tcp_bind(&t->app.server, (struct sockaddr *)&here, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&t->app.server, 8, on_connection), 0);
	assert_int_equal(uv_tcp_getsockname(&t->app.server, (struct sockaddr *)&here, &len), 0);
	t->app.port = ntohs(here.sin_port);
	snprintf(t->url, sizeof t->url, "http://127.0.0.1:%d/hooks?a=1", t->app.port);
}

static void begin(struct test *t)
{
	struct error e;
	memset(t, 0, sizeof *t);
	assert_int_equal(uv_loop_init(&t->loop), 0);
	app_open(t);
	t->store = open_store();
	t->forward = (struct forward_options){ 5000, 0, "rewrite", NULL, false, false, false, NULL };
	t->options = (struct replayer_options){ .db = path, .forward = &t->forward };
	t->replayer = replayer_new(&t->loop, &t->options, &e);
	if (!t->replayer)
		fail_msg("%s", e.text);
}

static void close_handle(uv_handle_t *h, void *user)
{
	(void)user;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

static void on_closed(void *user)
{
	*(bool *)user = true;
}

static void end(struct test *t)
{
	bool closed = false;
	replayer_close(t->replayer, on_closed, &closed);
	while (!closed)
		uv_run(&t->loop, UV_RUN_ONCE);
	uv_walk(&t->loop, close_handle, NULL);
	uv_run(&t->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&t->loop), 0);
	store_close(t->store);
	buffer_free(&t->app.seen);
}

/* Options that were changed since: a replayer has its own. */
static void use_options(struct test *t)
{
	struct error e;
	bool closed = false;
	replayer_close(t->replayer, on_closed, &closed);
	while (!closed)
		uv_run(&t->loop, UV_RUN_ONCE);
	t->replayer = replayer_new(&t->loop, &t->options, &e);
	if (!t->replayer)
		fail_msg("%s", e.text);
}

static void in_transaction(struct store *s, bool fine, const struct error *e)
{
	struct error ignored;
	if (!fine)
		fail_msg("%s", e->text);
	assert_true(store_batch_ops.commit(s, &ignored));
}

static int64_t add_original(struct test *t, bool was_sent)
{
	struct store_delivery d = sample(1);
	struct error e;
	bool duplicate;
	int64_t id;
	d.headers = bytes_of("Host: x\r\nX-Order: 1\r\nContent-Length: 7\r\n");
	d.body = bytes_of("{}  END");
	d.body_size = d.body.len;
	assert_true(store_batch_ops.begin(t->store, &e));
	bool fine = store_insert_delivery(t->store, &d, &id, &duplicate, &e);
	struct store_attempt a = { .delivery_id = id, .result = ATTEMPT_OK, .status = 500, .url = bytes_of(t->url) };
	in_transaction(t->store, fine && (!was_sent || store_insert_attempt(t->store, &a, &e)), &e);
	return id;
}

static void on_done(void *user, const struct replayed *result, const struct error *e)
{
	struct test *t = user;
	t->result = *result;
	t->failed = e != NULL;
	if (e)
		t->error = *e;
	t->done++;
}

static void wait_done(struct test *t, int count)
{
	while (t->done < count)
		uv_run(&t->loop, UV_RUN_ONCE);
}

static void replay(struct test *t, int64_t id, const struct replay_change *change)
{
	int before = t->done;
	assert_non_null(replayer_start(t->replayer, id, change, on_done, t));
	assert_int_equal(t->done, before);
	wait_done(t, before + 1);
}

static void copy_row(void *user, const struct delivery_row *row)
{
	*(struct delivery_row *)user = *row;
}

static struct delivery_row row_of(struct test *t, int64_t id)
{
	struct delivery_row row;
	struct error e;
	if (!store_get(t->store, id, copy_row, &row, &e))
		fail_msg("%s", e.text);
	return row;
}

static bool seen(const struct test *t, const char *text)
{
	return memmem(t->app.seen.at, t->app.seen.len, text, strlen(text)) != NULL;
}

static void count_row(void *user, const struct delivery_row *row)
{
	(void)row;
	++*(int *)user;
}

static int edited(struct test *t)
{
	struct filter_error fe;
	struct error e;
	int n = 0;
	struct filter *f = filter_parse("is:edited", 0, &fe);
	struct store_search search = { .filter = f, .limit = 100, .row = count_row, .user = &n };
	assert_non_null(f);
	assert_true(store_filter(t->store, &search, &e));
	filter_free(f);
	return n;
}

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

static void copy_verdict(void *user, const struct delivery_row *row)
{
	snprintf(user, 16, "%.*s", (int)row->signature.len, (const char *)row->signature.at);
}

/* What the replay of `id` is said to be signed like. */
static void check_verdict(struct test *t, int64_t id, const struct replay_change *change, const char *wanted)
{
	char verdict[16];
	struct error e;
	replay(t, id, change);
	assert_true(store_get(t->store, t->result.id, copy_verdict, verdict, &e));
	assert_string_equal(verdict, wanted);
}

static int64_t add_signed(struct test *t, uint8_t n, const char *verdict, struct bytes headers)
{
	struct store_delivery d = sample(n);
	struct error e;
	bool duplicate;
	int64_t id;
	d.headers = headers;
	d.body = bytes_of("{}  END");
	d.body_size = d.body.len;
	d.signature = bytes_of(verdict);
	assert_true(store_batch_ops.begin(t->store, &e));
	bool fine = store_insert_delivery(t->store, &d, &id, &duplicate, &e);
	struct store_attempt a = { .delivery_id = id, .result = ATTEMPT_OK, .status = 500, .url = bytes_of(t->url) };
	in_transaction(t->store, fine && store_insert_attempt(t->store, &a, &e), &e);
	return id;
}

/* Without the secret nothing is known of a replay, whatever was said of its original. */
static void check_verdicts(uint8_t n, const char *verdict)
{
	const char *field = "X-Order: 2";
	struct option_values edits = { &field, 1 };
	struct replay_change body = { .has_body = true, .body = bytes_of("another END") };
	struct replay_change unsigned_one = { .whole = true,
					      .method = bytes_of("PUT"),
					      .target = bytes_of("/other"),
					      .headers = bytes_of("X-New: 2\r\n"),
					      .body = bytes_of("new END") };
	struct test t;
	begin(&t);
	int64_t id = add_signed(&t, n, verdict, bytes_of("Host: x\r\nStripe-Signature: t=1,v1=ab\r\n"));
	check_verdict(&t, id, NULL, "unknown");
	check_verdict(&t, t.result.id, NULL, "unknown");
	check_verdict(&t, id, &body, "unknown");
	check_verdict(&t, id, &unsigned_one, "none");
	t.forward.extra_headers = &edits;
	check_verdict(&t, id, NULL, "unknown");
	end(&t);
}

/* What Stripe signs of the body of add_signed, then. */
static void sign_then(int64_t at, struct buffer *headers)
{
	struct signature_input in = { .body = bytes_of("{}  END"), .secret = bytes_of("whsec_x"), .at = at };
	struct signature_sign_out out;
	struct error e;
	assert_true(signature_sign(signature_find("stripe"), &in, &out, &e));
	assert_true(headers_append(headers, bytes_of("Host"), bytes_of("x")) &&
		    buffer_append_bytes(headers, buffer_view(&out.headers)));
	signature_sign_free(&out);
}

/* Where the secret is known the replay is judged as what it is, when it is sent. */
static void test_judged_when_sent(void **state)
{
	static char text[] = "whsec_x", other_text[] = "whsec_y";
	struct secret one = { signature_find("stripe"), text }, other = { signature_find("stripe"), other_text };
	struct secrets known = { &one, 1 }, wrong = { &other, 1 };
	struct replay_change body = { .has_body = true, .body = bytes_of("another END") };
	struct buffer fresh = { 0 }, old = { 0 };
	struct test t;
	(void)state;
	sign_then((int64_t)time(NULL) - 5, &fresh);
	sign_then((int64_t)time(NULL) - 1320, &old);
	begin(&t);
	t.options.secrets = &known;
	t.options.own_only = true;
	use_options(&t);
	int64_t was_fresh = add_signed(&t, 1, "valid", buffer_view(&fresh));
	int64_t was_old = add_signed(&t, 2, "valid", buffer_view(&old));
	check_verdict(&t, was_fresh, NULL, "valid");
	check_verdict(&t, was_fresh, &body, "invalid");
	check_verdict(&t, was_old, NULL, "invalid");
	t.options.resign = true;
	use_options(&t);
	check_verdict(&t, was_old, NULL, "valid");
	check_verdict(&t, was_fresh, &body, "valid");
	t.options.resign = false;
	use_options(&t);
	check_verdict(&t, t.result.id, NULL, "valid"); /* one that was signed anew is sent again */
	t.options.secrets = &wrong;
	use_options(&t);
	check_verdict(&t, was_fresh, NULL, "invalid");
	t.options.secrets = NULL;
	use_options(&t);
	check_verdict(&t, was_fresh, NULL, "unknown");
	buffer_free(&fresh);
	buffer_free(&old);
	end(&t);
}

static void test_verdict(void **state)
{
	(void)state;
	check_verdicts(1, "valid");
	check_verdicts(2, "invalid");
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
	struct client_status c = { .pid = pid, .state = bytes_of("online"), .tunnel = bytes_of(tunnel) };
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

/* ---- a client's side ---- */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_alone),
		IN_FOLDER(test_verdict),
		IN_FOLDER(test_judged_when_sent),
		IN_FOLDER(test_refused_in_words),
		IN_FOLDER(test_several_and_stopped),
		IN_FOLDER(test_by_client),
		IN_FOLDER(test_client_ends),
		IN_FOLDER(test_taken_once),
		IN_FOLDER(test_client_killed),
		IN_FOLDER(test_recorder_finds_and_takes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
