/* The forwarder against an app on a bare socket: the exact bytes that reach it, and how calls end. */
#include "tests/unit/client/forwarder_fixture.h"

static void expect_seen(const struct app *a, size_t i, const char *text)
{
	if (i >= a->count)
		fail_msg("the app got %zu requests only", a->count);
	if (!bytes_equal(buffer_view(&a->seen[i]), bytes_of(text)))
		fail_msg("the app got\n%.*s\nnot\n%s", (int)a->seen[i].len, (const char *)a->seen[i].at, text);
}

static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static void test_exact_bytes(void **state)
{
	struct app a;
	struct call c = { 0 };
	char want[600];
	struct forward_request r = {
		.has_body = true,
		.method = bytes_of("PaTCH"),
		.target = bytes_of("/a%2Fb/..//c;x?q=%26&flag"),
		.headers =
		    bytes_of("x-Odd: 1\r\nHOST: hooks.test\r\nX-odd:  two  \r\nX-Empty: \r\nconnection: x-hop\r\n"
			     "X-Hop: gone\r\nContent-LENGTH: 3\r\nX-8bit: \xff\xfe\r\n"),
		.body = bytes_make("\0\xff\n", 3),
	};
	(void)state;
	app_open(&a, ok);
	struct forwarder *f = make_forwarder((struct forward_options){ .no_forwarded = true });
	call(f, a.port, &r, &c);
	int n = snprintf(want, sizeof want,
			 "PaTCH /a%%2Fb/..//c;x?q=%%26&flag HTTP/1.1\r\nx-Odd: 1\r\nHOST: 127.0.0.1:%d\r\n"
			 "X-odd:  two  \r\nX-Empty: \r\nContent-LENGTH: 3\r\nX-8bit: \xff\xfe\r\n\r\n",
			 a.port);
	memcpy(want + n, "\0\xff\n", 3);
	assert_true(bytes_equal(buffer_view(&a.seen[0]), bytes_make(want, (size_t)n + 3)));
	assert_int_equal(c.result.result, ATTEMPT_OK);
	assert_int_equal(c.status, 200);
	assert_true(bytes_equal(buffer_view(&c.body), bytes_of("ok")));
	buffer_free(&c.body);
	app_close(&a, f);
}

/* Were only its Content-Length sent, the app would take the POST for the HEAD's body. */
static void test_head_with_body(void **state)
{
	struct app a;
	struct call c = { 0 }, d = { 0 }, g = { 0 };
	struct forward_request head = {
		.has_body = true,
		.method = bytes_of("HEAD"),
		.target = bytes_of("/h"),
		.headers = bytes_of("Host: h\r\nContent-Length: 5\r\n"),
		.body = bytes_of("hello"),
	};
	struct forward_request plain = { .method = bytes_of("GET"),
					 .target = bytes_of("/g"),
					 .headers = bytes_of("Host: h\r\n") };
	(void)state;
	app_open(&a, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
	struct forwarder *f =
	    make_forwarder((struct forward_options){ .no_forwarded = true, .host_header = "preserve" });
	call(f, a.port, &head, &c);
	expect_seen(&a, 0, "HEAD /h HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
	assert_int_equal(c.result.result, ATTEMPT_OK);
	a.answer = ok;
	call(f, a.port, &plain, &d);
	expect_seen(&a, 1, "GET /g HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_int_equal(a.connections, 2); /* an app that left the body unread must not see it as a request */
	a.answer = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
	head.headers = bytes_of("Host: h\r\n");
	head.trailers = bytes_of("X-Sum: 1\r\n");
	call(f, a.port, &head, &g);
	expect_seen(&a, 2,
		    "HEAD /h HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: "
		    "1\r\n\r\n");
	assert_int_equal(g.result.result, ATTEMPT_OK);
	buffer_free(&d.body);
	app_close(&a, f);
}

static void test_wrong_length_is_not_sent(void **state)
{
	struct app a;
	struct call c = { 0 }, d = { 0 };
	struct forward_request r = {
		.has_body = true,
		.method = bytes_of("POST"),
		.target = bytes_of("/"),
		.headers = bytes_of("Host: h\r\nContent-Length: 9\r\n"),
		.body = bytes_of("hello"),
	};
	(void)state;
	app_open(&a, ok);
	struct forwarder *f =
	    make_forwarder((struct forward_options){ .no_forwarded = true, .host_header = "preserve" });
	call(f, a.port, &r, &c);
	expect_seen(&a, 0, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
	r.has_body = false;
	r.body.len = 0;
	call(f, a.port, &r, &d);
	expect_seen(&a, 1, "POST / HTTP/1.1\r\nHost: h\r\n\r\n");
	buffer_free(&c.body);
	buffer_free(&d.body);
	app_close(&a, f);
}

/* On a kept connection that ends: what the app has read is not sent again, for it may have acted on it. */
static void test_what_was_read_is_not_sent_again(void **state)
{
	struct app a;
	struct call c = { 0 }, d = { 0 };
	struct forward_request r = { .method = bytes_of("GET"),
				     .target = bytes_of("/"),
				     .headers = bytes_of("Host: h\r\n") };
	(void)state;
	app_open(&a, ok);
	a.silent = true;
	struct forwarder *f =
	    make_forwarder((struct forward_options){ .no_forwarded = true, .host_header = "preserve" });
	call(f, a.port, &r, &c);
	r.method = bytes_of("POST");
	r.has_body = true;
	r.body = bytes_of("hello");
	r.trailers = bytes_of("X-Sum: 1\r\n");
	call(f, a.port, &r, &d);
	assert_int_equal(d.result.result, ATTEMPT_ABORTED);
	assert_int_equal(a.count, 2);
	expect_seen(&a, 1,
		    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: "
		    "1\r\n\r\n");
	buffer_free(&c.body);
	buffer_free(&d.body);
	app_close(&a, f);
}

static void test_paused_body_comes_again(void **state)
{
	struct app a;
	struct call c = { .pauses = 2 };
	struct forward_request r = { .method = bytes_of("GET"),
				     .target = bytes_of("/"),
				     .headers = bytes_of("Host: h\r\n") };
	(void)state;
	app_open(&a, "HTTP/1.1 201 Made\r\nContent-Length: 9\r\n\r\nsomething");
	struct forwarder *f = make_forwarder((struct forward_options){ 0 });
	call(f, a.port, &r, &c);
	assert_int_equal(c.pauses, 0);
	assert_int_equal(c.status, 201);
	assert_true(bytes_equal(buffer_view(&c.body), bytes_of("something")));
	buffer_free(&c.body);
	app_close(&a, f);
}

static void test_broken_answers(void **state)
{
	struct app a;
	struct call c = { 0 }, d = { 0 };
	struct forward_request r = { .method = bytes_of("GET"),
				     .target = bytes_of("/"),
				     .headers = bytes_of("Host: h\r\n") };
	(void)state;
	app_open(&a, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome");
	a.close_after = true;
	struct forwarder *f = make_forwarder((struct forward_options){ 0 });
	call(f, a.port, &r, &c);
	assert_int_equal(c.result.result, ATTEMPT_ABORTED);
	assert_int_equal(c.result.status, 200);
	assert_non_null(strstr(c.result.error, "in the middle"));
	a.answer = NULL;
	call(f, a.port, &r, &d);
	assert_int_equal(d.result.result, ATTEMPT_ABORTED);
	assert_int_equal(d.result.status, 0);
	assert_non_null(strstr(d.result.error, "before it answered"));
	buffer_free(&c.body);
	app_close(&a, f);
}

/* Waiting for the app is part of the time allowed for the call. */
static void test_wait_ends_with_the_timeout(void **state)
{
	struct app a;
	struct call c = { 0 };
	struct forward_request r = { .method = bytes_of("GET"),
				     .target = bytes_of("/"),
				     .headers = bytes_of("Host: h\r\n") };
	(void)state;
	app_open(&a, ok);
	int port = a.port;
	struct forwarder *f =
	    make_forwarder((struct forward_options){ .timeout_ms = 200, .wait_for_target_ms = 60000 });
	uv_close((uv_handle_t *)&a.server, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	uint64_t start = clock_steady_ms();
	call(f, port, &r, &c);
	assert_int_equal(c.result.result, ATTEMPT_UNREACHABLE);
	assert_non_null(strstr(c.result.error, "nothing is listening"));
	assert_true(clock_steady_ms() - start < 5000);
	uv_tcp_init(&loop, &a.server);
	app_close(&a, f);
}

static void test_only_loopback(void **state)
{
	struct app a;
	struct call c = { 0 };
	struct error e = { 0 };
	struct forward_request r = { .method = bytes_of("GET"),
				     .target = bytes_of("/"),
				     .headers = bytes_of("Host: h\r\n") };
	(void)state;
	app_open(&a, ok);
	struct forwarder *f = make_forwarder((struct forward_options){ .wait_for_target_ms = 60000 });
	static const char *const outside[] = { "http://10.0.0.1:80", "http://[::ffff:10.0.0.1]:80",
					       "http://0.0.0.0:80" };
	for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
		c = (struct call){ 0 };
		assert_non_null(forward_start(f, outside[i], &r, &ops, &c, &e));
		while (!c.over)
			uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(c.result.result, ATTEMPT_UNREACHABLE);
		assert_non_null(strstr(c.result.error, "loopback only"));
	}
	app_close(&a, f);
}

static void test_user_fields(void **state)
{
	struct error e = { 0 };
	(void)state;
	uv_loop_init(&loop);
	static const char *const bad[] = { "no colon", "Bad Name: x", "X: a\r\nY: b", "Content-Length: 3" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *fields[] = { bad[i] };
		struct option_values v = { .at = fields, .count = 1 };
		if (forwarder_new(&loop, &(struct forward_options){ .extra_headers = &v }, &e))
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(e.code, EXIT_USAGE);
	}
	static const char *const hosts[] = { "a\rX-Admin: 1", "a\r\nX-Admin: 1", "a b",        "a/b",
					     "a@b",           "\x1b[31m",        "gr\xc3\xbc", "a,b" };
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		if (forwarder_new(&loop, &(struct forward_options){ .host_header = hosts[i] }, &e))
			fail_msg("'%s' was taken for a host", hosts[i]);
		assert_int_equal(e.code, EXIT_USAGE);
		assert_non_null(strstr(e.text, "--host-header"));
	}
	assert_int_equal(uv_loop_close(&loop), 0);
}

/* "K:" takes a field away, libcurl's own of that name as well, whether the sender had one or not. */
static void test_user_takes_fields_away(void **state)
{
	static const char *fields[] = { "Accept:", "Content-Type:", "User-Agent:", "Expect:" };
	struct option_values v = { .at = fields, .count = 4 };
	struct app a;
	char want[200];
	(void)state;
	app_open(&a, ok);
	struct forwarder *f = make_forwarder((struct forward_options){ .no_forwarded = true, .extra_headers = &v });
	for (size_t i = 0; i < 2; i++) {
		struct call c = { 0 };
		struct forward_request r = { .has_body = true,
					     .method = bytes_of("POST"),
					     .target = bytes_of("/"),
					     .headers = bytes_of(i ? "Host: h\r\nContent-Length: 2\r\n"
								   : "Host: h\r\nAccept: a\r\nContent-Type: b\r\n"
								     "User-Agent: c\r\nContent-Length: 2\r\n"),
					     .body = bytes_of("hi") };
		call(f, a.port, &r, &c);
		snprintf(want, sizeof want, "POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 2\r\n\r\nhi",
			 a.port);
		expect_seen(&a, i, want);
		buffer_free(&c.body);
	}
	app_close(&a, f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_bytes),
		cmocka_unit_test(test_head_with_body),
		cmocka_unit_test(test_wrong_length_is_not_sent),
		cmocka_unit_test(test_what_was_read_is_not_sent_again),
		cmocka_unit_test(test_paused_body_comes_again),
		cmocka_unit_test(test_broken_answers),
		cmocka_unit_test(test_wait_ends_with_the_timeout),
		cmocka_unit_test(test_only_loopback),
		cmocka_unit_test(test_user_fields),
		cmocka_unit_test(test_user_takes_fields_away),
	};
	return RUN(tests);
}
