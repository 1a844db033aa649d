/* What the inspector does to the record: marks, deletes, exports; and its replays, whose calls test_replayer.c
 * looks at. */
#include "client/inspect/inspect_deeds.h"
#include "shared/query/store_filter.h"
#include "tests/unit/shared/store_fixture.h"

struct test {
	uv_loop_t loop;
	struct store *store;
	struct inspect_deeds *deeds;
	struct replay_progress last;
	char trouble[400];
	int told, over, finished;
	size_t sent; /* of the last that finished */
	bool closed;
};

static void begin(struct test *t)
{
	static const struct forward_options forward = { .timeout_ms = 2000,
							.wait_for_target_ms = 0,
							.host_header = "rewrite" };
	memset(t, 0, sizeof *t);
	assert_int_equal(uv_loop_init(&t->loop), 0);
	t->store = open_store();
	t->deeds = inspect_deeds_new(&t->loop, path, &forward, NULL);
	assert_non_null(t->deeds);
}

static void on_closed(void *user)
{
	*(bool *)user = true;
}

static void end(struct test *t)
{
	bool closed = false;
	inspect_deeds_close(t->deeds, on_closed, &closed);
	uv_run(&t->loop, UV_RUN_DEFAULT);
	assert_true(closed);
	assert_int_equal(uv_loop_close(&t->loop), 0);
	store_close(t->store);
}

static int64_t add(struct test *t, uint8_t n, const char *body, const char *url)
{
	struct store_delivery d = sample(n);
	struct error e;
	bool duplicate;
	int64_t id;
	d.headers = bytes_of("Host: x\r\nAuthorization: Bearer s3cret\r\nX-A: it's\r\n");
	d.body = bytes_of(body);
	d.body_size = d.body.len;
	assert_true(store_batch_ops.begin(t->store, &e));
	assert_true(store_insert_delivery(t->store, &d, &id, &duplicate, &e));
	struct store_attempt a = { .delivery_id = id, .result = ATTEMPT_OK, .status = 200, .url = bytes_of(url) };
	assert_true(!url || store_insert_attempt(t->store, &a, &e));
	assert_true(store_batch_ops.commit(t->store, &e));
	return id;
}

static void count_row(void *user, const struct delivery_row *row)
{
	(void)row;
	++*(int *)user;
}

static int count(struct test *t, const char *text)
{
	struct filter_error fe;
	struct error e;
	int n = 0;
	struct filter *f = filter_parse(text, 0, &fe);
	struct store_search search = { .filter = f, .limit = 100, .row = count_row, .user = &n };
	assert_non_null(f);
	assert_true(store_filter(t->store, &search, &e));
	filter_free(f);
	return n;
}

static void test_marks(void **state)
{
	struct test t;
	struct error e;
	(void)state;
	begin(&t);
	int64_t a = add(&t, 1, "{}", NULL), b = add(&t, 2, "{}", NULL);
	assert_true(inspect_deed_ops.tag(t.deeds, a, "marked", true, &e));
	assert_true(inspect_deed_ops.tag(t.deeds, a, "marked", true, &e));
	assert_true(inspect_deed_ops.tag(t.deeds, b, "marked", true, &e));
	assert_int_equal(count(&t, "is:marked"), 2);
	assert_true(inspect_deed_ops.tag(t.deeds, a, "marked", false, &e));
	assert_int_equal(count(&t, "is:marked"), 1);
	/* Of one that is gone: told, and nothing is held. */
	assert_false(inspect_deed_ops.tag(t.deeds, 99, "marked", true, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_string_equal(e.text, "delivery 99 is no longer on record");
	assert_true(inspect_deed_ops.tag(t.deeds, b, "marked", false, &e));
	assert_int_equal(count(&t, "is:marked"), 0);
	end(&t);
}

static void test_labels(void **state)
{
	struct test t;
	struct store_labels l = { 0 };
	struct error e;
	(void)state;
	begin(&t);
	int64_t a = add(&t, 1, "{}", NULL);
	assert_true(inspect_deed_ops.set_note(t.deeds, a, bytes_of("ask Anna"), &e));
	assert_true(inspect_deed_ops.set_tags(t.deeds, a, bytes_of("late bug"), &e));
	assert_true(inspect_deed_ops.labels(t.deeds, a, &l, &e));
	assert_true(bytes_equal(buffer_view(&l.note), bytes_of("ask Anna")));
	assert_true(bytes_equal(buffer_view(&l.tags), bytes_of("bug late")));
	assert_int_equal(count(&t, "note:anna tag:late"), 1);
	/* Of one that is gone: told, and nothing is held. */
	assert_false(inspect_deed_ops.set_note(t.deeds, 99, bytes_of("x"), &e));
	assert_string_equal(e.text, "delivery 99 is no longer on record");
	assert_false(inspect_deed_ops.set_tags(t.deeds, 99, bytes_of("x"), &e));
	assert_true(inspect_deed_ops.set_tags(t.deeds, a, bytes_of(""), &e));
	assert_int_equal(count(&t, "has:tag"), 0);
	store_labels_free(&l);
	end(&t);
}

static bool take_target(void *user, const char *target, struct error *e)
{
	snprintf(user, 40, "%s", target);
	return strcmp(target, "bad") != 0 || error_set(e, EXIT_USAGE, "it is bad");
}

/* The client's own inspector alone can change it. */
static void test_target(void **state)
{
	struct test t;
	struct error e;
	char target[40] = "";
	(void)state;
	begin(&t);
	assert_false(inspect_deed_ops.retarget(t.deeds, "4000", &e));
	assert_non_null(strstr(e.text, "creel listen"));
	inspect_deeds_set_retarget(t.deeds, take_target, target);
	assert_true(inspect_deed_ops.retarget(t.deeds, "4000", &e));
	assert_string_equal(target, "4000");
	assert_false(inspect_deed_ops.retarget(t.deeds, "bad", &e));
	assert_string_equal(e.text, "it is bad");
	end(&t);
}

static void test_delete(void **state)
{
	struct test t;
	struct error e;
	int64_t ids[3];
	(void)state;
	begin(&t);
	for (uint8_t n = 0; n < 3; n++)
		ids[n] = add(&t, (uint8_t)(n + 1), "{}", NULL);
	assert_true(inspect_deed_ops.delete(t.deeds, ids, 2, &e));
	assert_int_equal(count(&t, ""), 1);
	end(&t);
}

static struct buffer export(struct test *t, int64_t id, const char *format)
{
	struct buffer out = { 0 };
	struct error e;
	if (!inspect_deed_ops.export(t->deeds, &id, 1, format, NULL, &out, &e))
		fail_msg("%s: %s", format, e.text);
	assert_true(buffer_put_u8(&out, 0));
	return out;
}

static void assert_export(struct test *t, int64_t id, const char *format, const char *expected)
{
	struct buffer out = export(t, id, format);
	assert_string_equal((char *)out.at, expected);
	buffer_free(&out);
}

static void test_export(void **state)
{
	struct test t;
	struct error e;
	struct buffer out;
	char file[200], text[200] = "";
	struct stat st;
	(void)state;
	begin(&t);
	int64_t id = add(&t, 1, "{\"a\":1}", "http://localhost:3000/base/hooks?a=1");
	assert_export(&t, id, "url", "http://localhost:3000/base/hooks?a=1");
	assert_export(&t, id, "body", "{\"a\":1}");
	assert_export(&t, id, "headers", "Host: x\r\nAuthorization: Bearer s3cret\r\nX-A: it's\r\n");
	assert_export(
	    &t, id, "raw",
	    "POST /hooks?a=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer s3cret\r\nX-A: it's\r\n\r\n{\"a\":1}");
	assert_export(&t, id, "http",
		      "POST /hooks?a=1 HTTP/1.1\nHost: x\nAuthorization: Bearer s3cret\nX-A: it's\n\n{\"a\":1}");
	out = export(&t, id, "curl");
	assert_non_null(strstr((char *)out.at, "http://localhost:3000/base/hooks?a=1"));
	assert_null(strstr((char *)out.at, "s3cret"));
	buffer_free(&out);
	out = export(&t, id, "har");
	assert_memory_equal(out.at, "{\"log\":", 7);
	buffer_free(&out);
	out = export(&t, id, "ndjson");
	assert_string_equal(strchr((char *)out.at, '\n'), "\n"); /* one line */
	buffer_free(&out);
	out = export(&t, id, "curl-secrets");
	assert_non_null(strstr((char *)out.at, "s3cret"));
	buffer_free(&out);
	/* To a file, once. */
	snprintf(file, sizeof file, "%s/out", folder);
	assert_true(inspect_deed_ops.export(t.deeds, &id, 1, "body", file, NULL, &e));
	FILE *f = fopen(file, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof text, f));
	fclose(f);
	assert_string_equal(text, "{\"a\":1}");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_false(inspect_deed_ops.export(t.deeds, &id, 1, "body", file, NULL, &e));
	assert_non_null(strstr(e.text, file));
	/* What cannot be exported leaves no file. */
	snprintf(file, sizeof file, "%s/none", folder);
	assert_false(inspect_deed_ops.export(t.deeds, &id, 1, "papyrus", file, NULL, &e));
	assert_int_equal(stat(file, &st), -1);
	int64_t gone = 99;
	struct buffer none = { 0 };
	assert_false(inspect_deed_ops.export(t.deeds, &gone, 1, "body", NULL, &none, &e));
	buffer_free(&none);
	end(&t);
}

/* ---- replays ---- */

static void on_progress(void *user, const struct replay_progress *p)
{
	struct test *t = user;
	t->last = *p;
	t->told++;
	t->over += p->over;
	snprintf(t->trouble, sizeof t->trouble, "%s", p->trouble ? p->trouble : "");
}

static void wait_over(struct test *t, int over)
{
	while (t->over < over)
		uv_run(&t->loop, UV_RUN_ONCE);
}

/* Nobody listens there: all fail, each is on record. */
static void test_replays(void **state)
{
	struct test t;
	struct error e;
	int64_t ids[10];
	(void)state;
	begin(&t);
	for (uint8_t n = 0; n < 10; n++)
		ids[n] = add(&t, (uint8_t)(n + 1), "{}", "http://127.0.0.1:1/hooks?a=1");
	struct replay_request r = { .ids = ids, .count = 10 };
	assert_true(inspect_deed_ops.replay(t.deeds, &r, on_progress, &t, &e) > 0);
	assert_int_equal(t.told, 0);
	wait_over(&t, 1);
	assert_int_equal(t.last.total, 10);
	assert_int_equal(t.last.sent, 10);
	assert_int_equal(t.last.failed, 10);
	assert_true(t.last.last_id > ids[9]);
	assert_non_null(strstr(t.trouble, "127.0.0.1:1"));
	assert_in_range(t.last.trouble_id, ids[0], ids[9]);
	assert_int_equal(count(&t, "is:replay status:err"), 10);
	/* What is edited, and what cannot be done. */
	r = (struct replay_request){ .ids = ids, .count = 1, .edited = bytes_of("PUT /new HTTP/1.1\nX-B: 2\n\nnew") };
	assert_true(inspect_deed_ops.replay(t.deeds, &r, on_progress, &t, &e) > 0);
	wait_over(&t, 2);
	assert_int_equal(count(&t, "method:PUT path:/new header:x-b=2 body:/new/"), 1);
	r.edited = bytes_of("not a request line");
	assert_int_equal(inspect_deed_ops.replay(t.deeds, &r, on_progress, &t, &e), 0);
	assert_non_null(strstr(e.text, "line 1"));
	r = (struct replay_request){ .ids = ids, .count = 1, .resign = true };
	assert_int_equal(inspect_deed_ops.replay(t.deeds, &r, on_progress, &t, &e), 0);
	assert_non_null(strstr(e.text, "cannot be signed"));
	end(&t);
}

static void test_stopped(void **state)
{
	struct test t;
	struct error e;
	int64_t ids[10];
	(void)state;
	begin(&t);
	for (uint8_t n = 0; n < 10; n++)
		ids[n] = add(&t, (uint8_t)(n + 1), "{}", "http://127.0.0.1:1/hooks?a=1");
	struct replay_request r = { .ids = ids, .count = 10 };
	int64_t handle = inspect_deed_ops.replay(t.deeds, &r, on_progress, &t, &e);
	inspect_deed_ops.stop(t.deeds, handle);
	wait_over(&t, 1);
	assert_true(t.last.sent < 10);
	assert_int_equal(count(&t, "is:replay"), (int)t.last.sent);
	inspect_deed_ops.stop(t.deeds, handle); /* it is over */
	/* Closing ends what is under way; whoever asked learns it, and lets go of what he keeps for it. */
	assert_true(inspect_deed_ops.replay(t.deeds, &r, on_progress, &t, &e) > 0);
	int over = t.over;
	end(&t);
	assert_int_equal(t.over, over + 1);
}

static void on_over(void *user, const struct replay_progress *p)
{
	struct test *t = user;
	assert_true(p->over);
	t->finished++;
	t->sent = p->sent;
}

static void on_left(void *user)
{
	((struct test *)user)->closed = true;
}

/* Left to themselves they go on to the end, are told once each, and then all is freed; or they are stopped on the
 * way. */
static void test_left(void **state)
{
	struct error e;
	int64_t ids[10];
	(void)state;
	for (int stop = 0; stop < 2; stop++) {
		struct test t;
		begin(&t);
		for (uint8_t n = 0; n < 10; n++)
			ids[n] = add(&t, (uint8_t)(n + 1 + 20 * stop), "{}", "http://127.0.0.1:1/hooks?a=1");
		struct replay_request r = { .ids = ids, .count = 10 };
		assert_true(inspect_deed_ops.replay(t.deeds, &r, on_progress, &t, &e) > 0);
		r.count = 1;
		assert_true(inspect_deed_ops.replay(t.deeds, &r, on_progress, &t, &e) > 0);
		struct replay_progress left = inspect_deeds_under_way(t.deeds);
		assert_int_equal(left.total, 11);
		assert_int_equal(left.sent, 0);
		inspect_deeds_leave(t.deeds, on_over, on_left, &t);
		if (stop)
			inspect_deeds_stop(t.deeds);
		uv_run(&t.loop, UV_RUN_DEFAULT);
		assert_true(t.closed);
		assert_int_equal(t.finished, 2);
		assert_true(stop ? t.sent < 10 : t.sent == 10 || t.sent == 1);
		if (!stop)
			assert_int_equal(count(&t, "is:replay"), 11);
		assert_int_equal(uv_loop_close(&t.loop), 0);
		store_close(t.store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_FOLDER(test_marks),   IN_FOLDER(test_labels), IN_FOLDER(test_target),
					    IN_FOLDER(test_delete),  IN_FOLDER(test_export), IN_FOLDER(test_replays),
					    IN_FOLDER(test_stopped), IN_FOLDER(test_left) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
