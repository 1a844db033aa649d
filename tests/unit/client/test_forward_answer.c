/* What an app answers, in whatever pieces it comes, when it comes early, late or after 101. */
#include "tests/unit/client/forwarder_fixture.h"

/* Whatever piece the answer comes in, it is the same answer. */
static void test_every_cut(void **state)
{
	static const struct {
		const char *answer, *head, *body, *trailers;
		bool close;
	} rows[] = {
		{ "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 Fine\r\nX-A:  1 \r\n"
		  "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\none\r\n4\r\n two\r\n0\r\nX-Sum: 7\r\n\r\n",
		  "X-A:  1 \r\nTransfer-Encoding: chunked\r\n", "one two", "X-Sum: 7\r\n", false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nX-Fold: a\r\n b\r\n\r\none two",
		  "Content-Length: 7\r\nX-Fold: a b\r\n", "one two", "", false },
		{ "HTTP/1.0 200\r\n\r\none two", "", "one two", "", true },
	};
	struct forward_request r = { .method = bytes_of("GET"),
				     .target = bytes_of("/"),
				     .headers = bytes_of("Host: h\r\n") };
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t cut = 1; cut < strlen(rows[i].answer); cut++) {
			struct app a;
			struct call c = { .pauses = (int)(cut % 2) };
			app_open(&a, rows[i].answer);
			a.cut = cut;
			a.close_after = rows[i].close;
			struct forwarder *f = make_forwarder((struct forward_options){ 0 });
			call_and_keep_head(f, a.port, &r, &c);
			if (c.result.result != ATTEMPT_OK || c.status != 200)
				fail_msg("row %zu cut at %zu: %d, %s", i, cut, c.status, c.result.error);
			assert_true(bytes_equal(buffer_view(&c.head), bytes_of(rows[i].head)));
			assert_true(bytes_equal(buffer_view(&c.body), bytes_of(rows[i].body)));
			assert_true(bytes_equal(buffer_view(&c.trailers), bytes_of(rows[i].trailers)));
			buffer_free(&c.head);
			buffer_free(&c.body);
			buffer_free(&c.trailers);
			app_close(&a, f);
		}
}

/* An app that has answered and gone need not have read the request. */
static void test_early_answer(void **state)
{
	static uint8_t large[8u << 20];
	struct app a;
	struct call c = { 0 };
	struct forward_request r = { .has_body = true,
				     .method = bytes_of("POST"),
				     .target = bytes_of("/"),
				     .headers = bytes_of("Host: h\r\n"),
				     .body = bytes_make(large, sizeof large) };
	(void)state;
	app_open(&a, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
	a.early = a.close_after = true;
	struct forwarder *f = make_forwarder((struct forward_options){ 0 });
	call(f, a.port, &r, &c);
	assert_int_equal(c.result.result, ATTEMPT_OK);
	assert_int_equal(c.status, 413);
	assert_true(bytes_equal(buffer_view(&c.body), bytes_of("no")));
	buffer_free(&c.body);
	app_close(&a, f);
}

/* After 101 the bytes of both sides pass as they are. */
static void test_upgrade(void **state)
{
	struct app a;
	struct call c = { 0 };
	struct forward_request r = { .method = bytes_of("GET"),
				     .target = bytes_of("/"),
				     .upgrade = true,
				     .headers = bytes_of("Host: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n") };
	(void)state;
	app_open(&a, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nfrom the app");
	a.early = a.close_after = true;
	struct forwarder *f = make_forwarder((struct forward_options){ 0 });
	assert_true(buffer_append_text(&c.sent, "from the sender"));
	call(f, a.port, &r, &c);
	assert_int_equal(c.upgrades, 1);
	assert_int_equal(c.result.result, ATTEMPT_OK);
	assert_int_equal(c.result.status, 101);
	assert_true(bytes_equal(buffer_view(&c.body), bytes_of("from the app")));
	assert_int_equal(c.sent.len, 0);
	buffer_free(&c.body);
	buffer_free(&c.sent);
	app_close(&a, f);
}

/* What came before a reset is read, and so is the reset, though both are there at once. */
static void test_reset_behind_bytes(void **state)
{
	struct app a;
	struct call c = { 0 };
	struct forward_request r = { .method = bytes_of("GET"),
				     .target = bytes_of("/"),
				     .headers = bytes_of("Host: h\r\n") };
	(void)state;
	app_open(&a, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome");
	a.reset_after = true;
	struct forwarder *f = make_forwarder((struct forward_options){ .timeout_ms = 3000 });
	call(f, a.port, &r, &c);
	assert_int_equal(c.result.result, ATTEMPT_ABORTED);
	assert_int_equal(c.status, 200);
	assert_true(bytes_equal(buffer_view(&c.body), bytes_of("some")));
	assert_non_null(strstr(c.result.error, "broke off in the middle"));
	buffer_free(&c.body);
	app_close(&a, f);
}

/* The phase that was late is the one that is told. */
static void test_late_phases(void **state)
{
	static const struct {
		const char *answer, *words;
		bool live;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\nX: y\r\n", "did not answer within", false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome", "did not end its answer", false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome", "did not go on with its answer", true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct app a;
		struct call c = { 0 };
		struct forward_request r = { .method = bytes_of("GET"),
					     .target = bytes_of("/"),
					     .live = rows[i].live,
					     .headers = bytes_of("Host: h\r\n") };
		app_open(&a, rows[i].answer);
		struct forwarder *f = make_forwarder((struct forward_options){ .timeout_ms = 100 });
		call(f, a.port, &r, &c);
		assert_int_equal(c.result.result, ATTEMPT_TIMEOUT);
		if (!strstr(c.result.error, rows[i].words))
			fail_msg("%s", c.result.error);
		buffer_free(&c.body);
		app_close(&a, f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),   cmocka_unit_test(test_early_answer),
		cmocka_unit_test(test_upgrade),     cmocka_unit_test(test_reset_behind_bytes),
		cmocka_unit_test(test_late_phases),
	};
	return RUN(tests);
}
