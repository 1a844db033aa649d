/* Requests as text: what was written is read back as the same bytes, and errors name their line. */
#include "shared/text/base64.h"
#include "shared/http/headers.h"
#include "shared/http/http_text.h"
#include "tests/unit/unit.h"

static void expect_round_trip(struct http_text t)
{
	struct buffer text = { 0 }, headers = { 0 };
	struct http_text back;
	struct error e;
	assert_true(http_text_write(&text, &t));
	if (!http_text_read(buffer_view(&text), &back, &headers, NULL, &e))
		fail_msg("%s", e.text);
	assert_true(bytes_equal(back.method, t.method));
	assert_true(bytes_equal(back.target, t.target));
	assert_true(bytes_equal(back.headers, t.headers));
	assert_true(bytes_equal(back.body, t.body));
	assert_true(bytes_equal(back.body_file, t.body_file));
	buffer_free(&headers);
	/* A body that begins as a reference does is one where no editor was. */
	assert_true(http_text_read_whole(buffer_view(&text), &back, &headers, &e));
	assert_true(bytes_equal(back.target, t.target) && bytes_equal(back.headers, t.headers));
	if (t.body_file.len)
		assert_true(bytes_equal(back.body, bytes_of("< body.bin\n")));
	else
		assert_true(bytes_equal(back.body, t.body));
	buffer_free(&text);
	buffer_free(&headers);
}

static void test_round_trips(void **state)
{
	uint8_t all[256];
	struct http_text t = { .method = bytes_of("POST"), .target = bytes_of("/a?b=c d"), .headers = bytes_of("") };
	(void)state;
	t.target = bytes_of("/a?b#c\xff\\");
	expect_round_trip(t);
	t.headers =
	    bytes_of("Host: x\r\nX-Bin: \xff\t\x80  \r\nx-empty: \r\nX-Lead:   two\r\nHost: again\r\nX: a: b\r\n");
	expect_round_trip(t);
	static const char *const bodies[] = { "a",    "\n",  "\r\n",     "{\n\t\"a\": 1\r\n}\n",
					      "\n\n", "<a>", "a\n< b\n", "Name: value\n\n" };
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		t.body = bytes_of(bodies[i]);
		expect_round_trip(t);
	}
	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	t.body = bytes_make(all, sizeof all);
	expect_round_trip(t);
	t.body = bytes_of("");
	t.body_file = bytes_of("body.bin");
	expect_round_trip(t);
}

static void test_wants_file(void **state)
{
	static const char *const inside[] = {
		"", "{\"a\":1}\n", "a\r\nb\t", "<x/>", "caf\xc3\xa9", "\xc2\xa0\xc3\x9b"
	};
	static const char *const beside[] = { "\xff",
					      "a\x1b[0m",
					      "< x",
					      "\x7f",
					      "a\xc2\x9b"
					      "2J",
					      "\xc2\x80" };
	(void)state;
	for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
		assert_false(http_text_wants_file(bytes_of(inside[i])));
	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
		assert_true(http_text_wants_file(bytes_of(beside[i])));
	assert_true(http_text_wants_file(bytes_make("a\0b", 3)));
	char *large = malloc(HTTP_TEXT_INLINE_MAX + 1);
	assert_non_null(large);
	memset(large, 'a', HTTP_TEXT_INLINE_MAX + 1);
	assert_false(http_text_wants_file(bytes_make(large, HTTP_TEXT_INLINE_MAX)));
	assert_true(http_text_wants_file(bytes_make(large, HTTP_TEXT_INLINE_MAX + 1)));
	free(large);
}

static void test_what_people_write(void **state)
{
	struct buffer headers = { 0 };
	struct http_text t;
	struct error e;
	(void)state;
	assert_true(http_text_read(bytes_of("PUT / HTTP/1.0\r\nA:b\r\nC: d\r\n\r\nx\r\n"), &t, &headers, NULL, &e));
	assert_true(bytes_equal(t.headers, bytes_of("A:b\r\nC: d\r\n")));
	assert_true(bytes_equal(t.body, bytes_of("x\r\n")));
	headers.len = 0;
	assert_true(http_text_read(bytes_of("GET / HTTP/1.1"), &t, &headers, NULL, &e));
	assert_int_equal(t.body.len + t.headers.len, 0);
	buffer_free(&headers);
}

static void test_errors(void **state)
{
	static const struct {
		const char *text;
		int line;
	} bad[] = {
		{ "", 1 },
		{ "\n\n", 1 },
		{ "POST /", 1 },
		{ "POST HTTP/1.1\n", 1 },
		{ " / HTTP/1.1\n", 1 },
		{ "PO ST / HTTP/1.1\n", 1 },
		{ "PO(ST / HTTP/1.1\n", 1 },
		{ "POST / HTTP/2.0\n", 1 },
		{ "POST /\x1b HTTP/1.1\n", 1 },
		{ "POST / HTTP/1.1\nA: b\nno colon\n\n", 3 },
		{ "POST / HTTP/1.1\n: b\n", 2 },
		{ "POST / HTTP/1.1\nA : b\n", 2 },
		{ "POST / HTTP/1.1\n folded: b\n", 2 },
		{ "POST / HTTP/1.1\nA: b\nC: \x01\n", 3 },
		{ "POST / HTTP/1.1\nA: b\rc\n", 2 },
		{ "POST / HTTP/1.1\n\n< ", 3 },
		{ "POST / HTTP/1.1\n\n< body\nmore\n", 4 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct buffer headers = { 0 };
		struct http_text t;
		struct error e;
		char start[20];
		int line;
		assert_false(http_text_read(bytes_of(bad[i].text), &t, &headers, &line, &e));
		snprintf(start, sizeof start, "line %d: ", bad[i].line);
		if (line != bad[i].line || strncmp(e.text, start, strlen(start)) != 0)
			fail_msg("%zu: line %d, %s", i, line, e.text);
		assert_int_equal(e.code, EXIT_USAGE);
		buffer_free(&headers);
	}
}

static void test_final_newline(void **state)
{
	static const char *const cases[][3] = {
		{ "a", "a\n", "a" }, { "a\n", "a\n", "a\n" }, { "a", "b\n\n", "b\n" }, { "a", "a", "a" },
		{ "a\n", "a", "a" }, { "", "\n", "" },        { "", "", "" },          { "a\n", "a\n\n", "a\n\n" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_true(bytes_equal(http_text_unended(bytes_of(cases[i][0]), bytes_of(cases[i][1])),
					bytes_of(cases[i][2])));
}

static void expect_length(const char *headers, size_t len, const char *expected)
{
	struct buffer out = { 0 };
	assert_true(http_text_fix_length(&out, bytes_of(headers), len));
	assert_true(bytes_equal(buffer_view(&out), bytes_of(expected)));
	buffer_free(&out);
}

static void test_length(void **state)
{
	(void)state;
	expect_length("A: b\r\ncontent-LENGTH: 4\r\nC: d\r\n", 12, "A: b\r\ncontent-LENGTH: 12\r\nC: d\r\n");
	expect_length("A: b\r\n", 3, "A: b\r\nContent-Length: 3\r\n");
	expect_length("A: b\r\n", 0, "A: b\r\n");
}

static void test_base64(void **state)
{
	uint8_t all[300];
	static const char *const bad[] = { "A",    "AA",   "AAA",  "A===",     "AA=A",
					   "AAA*", "AAB=", "AB==", "AA==AAAA", "AAAA\n" };
	(void)state;
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (uint8_t)(i * 7);
	for (size_t len = 0; len <= sizeof all; len++) {
		struct buffer text = { 0 }, back = { 0 };
		assert_true(base64_encode(&text, bytes_make(all, len), 0));
		assert_int_equal(text.len, (len + 2) / 3 * 4);
		assert_true(base64_decode(&back, buffer_view(&text)));
		assert_true(bytes_equal(buffer_view(&back), bytes_make(all, len)));
		buffer_free(&text);
		buffer_free(&back);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct buffer back = { 0 };
		assert_false(base64_decode(&back, bytes_of(bad[i])));
		buffer_free(&back);
	}
	struct buffer text = { 0 };
	assert_true(base64_encode(&text, bytes_of("abcdefg"), 8));
	assert_true(bytes_equal(buffer_view(&text), bytes_of("YWJjZGVm\nZw==\n")));
	buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_wants_file),
		cmocka_unit_test(test_what_people_write),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_final_newline),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_base64),
	};
	return RUN(tests);
}
