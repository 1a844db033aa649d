/* HTTP/1.1 read in pieces of every size: what is taken, what is refused and why. That llhttp reads the same is shown by
 * fuzz_http1.c. */
#include "shared/http/headers.h"
#include "shared/http/http1.h"
#include "tests/unit/unit.h"

#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: h\r\n"
#define STATUS "HTTP/1.1 200 OK\r\n"

struct row {
	const char *text;
	enum http1_fault fault; /* of head or framing */
};

/* The head, shown `step` bytes more each time. */
static enum http1_state read_in_steps(struct http1_head *h, enum http1_kind kind, struct bytes in, size_t step)
{
	enum http1_state state = HTTP1_MORE;
	http1_head_begin(h, kind);
	for (size_t seen = 0; state == HTTP1_MORE && seen < in.len;) {
		seen = in.len - seen < step ? in.len : seen + step;
		state = http1_head_read(h, bytes_make(in.at, seen));
	}
	return state;
}

static enum http1_fault judge(enum http1_kind kind, const char *text, size_t step)
{
	struct http1_head h;
	struct http1_body b;
	enum http1_state state = read_in_steps(&h, kind, bytes_of(text), step);
	if (state == HTTP1_BAD)
		return h.fault;
	assert_int_equal(state, HTTP1_WHOLE);
	return kind == HTTP1_REQUEST ? http1_request_body(&h, 1000, &b) : http1_response_body(&h, false, &b);
}

static void expect(enum http1_kind kind, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum http1_fault got = judge(kind, rows[i].text, strlen(rows[i].text));
		if (got != rows[i].fault)
			fail_msg("%s: fault %d, not %d", rows[i].text, got, rows[i].fault);
		for (size_t step = 1; step < strlen(rows[i].text); step++)
			if ((judge(kind, rows[i].text, step) == HTTP1_FINE) != (got == HTTP1_FINE))
				fail_msg("%s: read otherwise in steps of %zu", rows[i].text, step);
	}
}

static void test_requests(void **state)
{
	static const struct row rows[] = {
		{ LINE HOST "\r\n", HTTP1_FINE },
		{ "\r\n" LINE HOST "\r\n", HTTP1_FINE },
		{ "\r\n\r\n\r\n\r\n\r\n" LINE HOST "\r\n", HTTP1_BAD_START },
		{ "purge /a%zz?b#c\xff HTTP/1.1\r\n" HOST "\r\n", HTTP1_FINE },
		{ "GET / HTTP/1.0\r\n\r\n", HTTP1_FINE },
		{ "GET http://h.example:80/a HTTP/1.1\r\n" HOST "\r\n", HTTP1_FINE },
		{ "GET http://h?x HTTP/1.1\r\n" HOST "\r\n", HTTP1_FINE },
		{ "GET http://u@h/ HTTP/1.1\r\n" HOST "\r\n", HTTP1_BAD_TARGET },
		{ "GET http:///a HTTP/1.1\r\n" HOST "\r\n", HTTP1_BAD_TARGET },
		{ "GET ftp://h/a HTTP/1.1\r\n" HOST "\r\n", HTTP1_BAD_TARGET },
		{ "CONNECT h:443 HTTP/1.1\r\n" HOST "\r\n", HTTP1_BAD_TARGET },
		{ "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", HTTP1_BAD_TARGET },
		{ "GET  / HTTP/1.1\r\n" HOST "\r\n", HTTP1_BAD_START },
		{ "GET / HTTP/1.1 \r\n" HOST "\r\n", HTTP1_BAD_START },
		{ "GET /a\x7f HTTP/1.1\r\n" HOST "\r\n", HTTP1_BAD_TARGET },
		{ " GET / HTTP/1.1\r\n" HOST "\r\n", HTTP1_NOT_HTTP },
		{ "GET\r\n\r\n", HTTP1_BAD_START },
		{ "GET /a\r\n\r\n", HTTP1_BAD_START },
		{ "G(T / HTTP/1.1\r\n" HOST "\r\n", HTTP1_BAD_METHOD },
		{ "GET / HTTP/2.0\r\n" HOST "\r\n", HTTP1_BAD_VERSION },
		{ "GET / HTTP/1.2\r\n" HOST "\r\n", HTTP1_BAD_VERSION },
		{ "GET / HTTP/01.1\r\n" HOST "\r\n", HTTP1_BAD_START },
		{ "GET / http/1.1\r\n" HOST "\r\n", HTTP1_BAD_START },
		{ LINE "\r\n", HTTP1_BAD_HOST },
		{ LINE HOST HOST "\r\n", HTTP1_BAD_HOST },
		{ LINE "Host: a b\r\n\r\n", HTTP1_BAD_HOST },
		{ LINE "Host: u@h\r\n\r\n", HTTP1_BAD_HOST },
		{ LINE "Host: h:8x\r\n\r\n", HTTP1_BAD_HOST },
		{ LINE "Host: :80\r\n\r\n", HTTP1_BAD_HOST },
		{ LINE "Host: [::1]:80\r\n\r\n", HTTP1_FINE },
		{ LINE "Host: [::1\r\n\r\n", HTTP1_BAD_HOST },
		{ LINE "Host:\r\n\r\n", HTTP1_FINE },
		{ LINE HOST "X-A:b\r\nX-B:\t b \t\r\nX-C:\r\n\r\n", HTTP1_FINE },
		{ LINE HOST "X-A : b\r\n\r\n", HTTP1_BAD_FIELD },
		{ LINE HOST "X-(a): b\r\n\r\n", HTTP1_BAD_FIELD },
		{ LINE HOST ": b\r\n\r\n", HTTP1_BAD_FIELD },
		{ LINE HOST "X\r\n\r\n", HTTP1_BAD_FIELD },
		{ LINE HOST "X-A: b\x01\r\n\r\n", HTTP1_BAD_FIELD },
		{ LINE HOST "X-A: b\r\n c\r\n\r\n", HTTP1_FOLDED },
		{ LINE " X-A: b\r\n" HOST "\r\n", HTTP1_FOLDED },
		{ LINE HOST "X-A: b\n\r\n", HTTP1_BAD_LINE_END },
		{ LINE HOST "X-A: b\rc\r\n\r\n", HTTP1_BAD_LINE_END },
		{ LINE HOST "X-A: b\r\r\n\r\n", HTTP1_BAD_LINE_END },
		{ LINE HOST "X-A: b\r\n\n", HTTP1_BAD_LINE_END },
		{ LINE HOST "Content-Length: 0005\r\n\r\n", HTTP1_FINE },
		{ LINE HOST "Content-Length: 1000\r\n\r\n", HTTP1_FINE },
		{ LINE HOST "Content-Length: 1001\r\n\r\n", HTTP1_BODY_TOO_LARGE },
		{ LINE HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", HTTP1_BAD_LENGTH },
		{ LINE HOST "Content-Length: 5, 5\r\n\r\n", HTTP1_BAD_LENGTH },
		{ LINE HOST "Content-Length: -1\r\n\r\n", HTTP1_BAD_LENGTH },
		{ LINE HOST "Content-Length:\r\n\r\n", HTTP1_BAD_LENGTH },
		{ LINE HOST "Content-Length: 18446744073709551621\r\n\r\n", HTTP1_BAD_LENGTH },
		{ LINE HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_LENGTH_AND_CODING },
		{ LINE HOST "Transfer-Encoding: cHuNkEd \t\r\n\r\n", HTTP1_FINE },
		{ LINE HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_BAD_CODING },
		{ LINE HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", HTTP1_BAD_CODING },
		{ LINE HOST "Transfer-Encoding: identity\r\n\r\n", HTTP1_BAD_CODING },
		{ LINE HOST "Transfer-Encoding:\r\n\r\n", HTTP1_BAD_CODING },
		{ "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_BAD_CODING },
	};
	(void)state;
	expect(HTTP1_REQUEST, rows, sizeof rows / sizeof *rows);
}

static void test_responses(void **state)
{
	static const struct row rows[] = {
		{ STATUS "\r\n", HTTP1_FINE },
		{ "HTTP/1.1 200\r\n\r\n", HTTP1_FINE },
		{ "HTTP/1.1 200 \r\n\r\n", HTTP1_FINE },
		{ "HTTP/1.0 299 Gr\xc3\xbc\xdf\x65 \r\n\r\n", HTTP1_FINE },
		{ "HTTP/1.1 20 OK\r\n\r\n", HTTP1_BAD_START },
		{ "HTTP/1.1 2000 OK\r\n\r\n", HTTP1_BAD_START },
		{ "HTTP/1.1  200 OK\r\n\r\n", HTTP1_BAD_START },
		{ "HTTP/1.1 099 OK\r\n\r\n", HTTP1_BAD_START },
		{ "HTTP/2 200 OK\r\n\r\n", HTTP1_BAD_START },
		{ "HTTP/2.0 200 OK\r\n\r\n", HTTP1_BAD_VERSION },
		{ "ICY 200 OK\r\n\r\n", HTTP1_NOT_HTTP },
		{ "\x15\x03\x03", HTTP1_NOT_HTTP },
		{ "\r\n" STATUS "\r\n", HTTP1_NOT_HTTP },
		{ STATUS "X-A : b\r\nX-F: a\r\n\tb\r\n\r\n", HTTP1_FINE },
		{ STATUS " b\r\n\r\n", HTTP1_BAD_FIELD },
		{ STATUS "Content-Length: 1\r\n 0\r\n\r\n", HTTP1_BAD_FIELD },
		{ STATUS "X-N: d\re\r\n\r\n", HTTP1_BAD_LINE_END },
		{ STATUS "X: a\n\r\n", HTTP1_BAD_LINE_END },
		{ STATUS "X: \x02\r\n\r\n", HTTP1_BAD_FIELD },
		{ STATUS "no field\r\n\r\n", HTTP1_BAD_FIELD },
		{ STATUS "Content-Length: 2\r\nContent-Length: 3\r\n\r\n", HTTP1_BAD_LENGTH },
		{ STATUS "Content-Length: 2\r\nContent-Length: 2, 2\r\n\r\n", HTTP1_FINE },
		{ STATUS "Content-Length: two\r\n\r\n", HTTP1_BAD_LENGTH },
		{ STATUS "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_FINE },
		{ STATUS "Transfer-Encoding: gzip\r\n\r\n", HTTP1_BAD_CODING },
	};
	(void)state;
	expect(HTTP1_RESPONSE, rows, sizeof rows / sizeof *rows);
}

static void test_what_a_head_says(void **state)
{
	const char text[] = "POST /a?b HTTP/1.1\r\nhost:  h.example \r\nX-A:b\r\nConnection: Keep-Alive, close\r\n"
			    "Expect: 100-Continue\r\nContent-Length: 3\r\n\r\nxyz";
	struct bytes in = bytes_make(text, sizeof text - 1);
	struct http1_head h;
	struct http1_body b;
	struct bytes target, authority;
	struct buffer spare = { 0 };
	(void)state;
	assert_int_equal(read_in_steps(&h, HTTP1_REQUEST, in, in.len), HTTP1_WHOLE);
	assert_int_equal(h.size, in.len - 3);
	assert_true(bytes_equal(http1_at(in, h.method), bytes_of("POST")));
	assert_true(bytes_equal(http1_at(in, h.host), bytes_of("h.example")));
	assert_int_equal(h.fields, 5);
	assert_int_equal(h.block.at + h.block.len + 2, h.size);
	assert_true(h.expects_continue && h.close && !http1_head_persists(&h));
	assert_int_equal(http1_request_body(&h, 3, &b), HTTP1_FINE);
	assert_int_equal(b.left, 3);
	assert_true(http1_target(&h, in, &spare, &target, &authority));
	assert_true(bytes_equal(target, bytes_of("/a?b")) && authority.len == 0);

	struct bytes absolute = bytes_of("GET HTTPS://H.example:8?q HTTP/1.1\r\nX: 1\r\nHost: other\r\n\r\n");
	assert_int_equal(read_in_steps(&h, HTTP1_REQUEST, absolute, 7), HTTP1_WHOLE);
	assert_true(http1_target(&h, absolute, &spare, &target, &authority));
	assert_true(bytes_equal(target, bytes_of("/?q")));
	assert_true(bytes_equal(authority, bytes_of("H.example:8")));
	struct buffer block = { 0 };
	assert_true(http1_put_host(&block, http1_at(absolute, h.block), authority));
	assert_true(bytes_equal(buffer_view(&block), bytes_of("X: 1\r\nHost: H.example:8\r\n")));
	block.len = 0;
	assert_true(http1_put_host(&block, bytes_of("X: 1\r\n"), authority));
	assert_true(bytes_equal(buffer_view(&block), bytes_of("Host: H.example:8\r\nX: 1\r\n")));
	buffer_free(&block);
	buffer_free(&spare);

	struct bytes socket = bytes_of("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\n"
				       "Upgrade: foo, WebSocket\r\n\r\n");
	assert_int_equal(read_in_steps(&h, HTTP1_REQUEST, socket, 1), HTTP1_WHOLE);
	assert_true(http1_head_asks_for_websocket(&h, socket) && http1_head_persists(&h));
}

static void test_repair(void **state)
{
	struct buffer out = { 0 };
	struct http1_head h;
	struct bytes in = bytes_of(STATUS "X-Fold: a \r\n \tb\r\n  c\r\nX-Sp \t: d\r\nX:e\r\n\r\n");
	(void)state;
	assert_int_equal(read_in_steps(&h, HTTP1_RESPONSE, in, 3), HTTP1_WHOLE);
	assert_true(h.folded && h.spaced);
	assert_true(http1_repair(&out, http1_at(in, h.block)));
	assert_true(bytes_equal(buffer_view(&out), bytes_of("X-Fold: a b c\r\nX-Sp: d\r\nX:e\r\n")));
	buffer_free(&out);
}

static void test_limits(void **state)
{
	struct buffer head = { 0 };
	struct http1_head h;
	(void)state;
	assert_true(buffer_append_text(&head, LINE HOST "X: "));
	while (head.len < HTTP1_HEAD_MOST - 4)
		assert_true(buffer_put_u8(&head, 'a'));
	assert_true(buffer_append_text(&head, "\r\n\r\n"));
	assert_int_equal(read_in_steps(&h, HTTP1_REQUEST, buffer_view(&head), 1000), HTTP1_WHOLE);
	head.len -= 4;
	assert_true(buffer_append_text(&head, "a\r\n\r\n"));
	assert_int_equal(read_in_steps(&h, HTTP1_REQUEST, buffer_view(&head), 1000), HTTP1_BAD);
	assert_int_equal(h.fault, HTTP1_HEAD_TOO_LARGE);
	head.len = 0;
	assert_true(buffer_append_text(&head, LINE HOST));
	for (int i = 1; i < HTTP1_FIELDS_MOST; i++)
		assert_true(buffer_append_text(&head, "A: b\r\n"));
	size_t len = head.len;
	assert_true(buffer_append_text(&head, "\r\n"));
	assert_int_equal(read_in_steps(&h, HTTP1_REQUEST, buffer_view(&head), 1000), HTTP1_WHOLE);
	head.len = len;
	assert_true(buffer_append_text(&head, "A: b\r\n\r\n"));
	assert_int_equal(read_in_steps(&h, HTTP1_REQUEST, buffer_view(&head), 1000), HTTP1_BAD);
	assert_int_equal(h.fault, HTTP1_TOO_MANY_FIELDS);
	buffer_free(&head);
}

/* ---- bodies ---- */

/* Reads a chunked body in steps; "body|trailers|bytes behind" or the fault. */
static enum http1_fault read_chunked(struct bytes in, size_t step, char *out)
{
	struct http1_head h;
	struct http1_body b;
	struct bytes head = bytes_of(LINE HOST "Transfer-Encoding: chunked\r\n\r\n"), piece;
	size_t at = 0, used;
	*out = 0;
	assert_int_equal(read_in_steps(&h, HTTP1_REQUEST, head, head.len), HTTP1_WHOLE);
	assert_int_equal(http1_request_body(&h, 1000, &b), HTTP1_FINE);
	for (;;) {
		size_t n = in.len - at < step ? in.len - at : step;
		enum http1_state state = http1_body_read(&b, bytes_make(in.at + at, n), &used, &piece);
		at += used;
		snprintf(out + strlen(out), 200, "%.*s", (int)piece.len, (const char *)piece.at);
		if (state == HTTP1_BAD)
			break;
		if (state == HTTP1_WHOLE) {
			snprintf(out + strlen(out), 200, "|%.*s|%.*s", (int)b.trailers.len, (char *)b.trailers.at,
				 (int)(in.len - at), (const char *)in.at + at);
			break;
		}
		assert_true(state == HTTP1_PIECE || at < in.len);
	}
	enum http1_fault fault = b.fault;
	http1_body_free(&b);
	return fault;
}

static void test_chunks(void **state)
{
	static const struct {
		const char *text, *out;
		enum http1_fault fault;
	} rows[] = {
		{ "5\r\nhello\r\n0\r\n\r\nrest", "hello||rest", HTTP1_FINE },
		{ "00000005\r\nhello\r\n00\r\n\r\n", "hello||", HTTP1_FINE },
		{ "2;a=\"b\";c\r\nhe\r\nA\r\nlloworld!!\r\n0;x\r\n\r\n", "helloworld!!||", HTTP1_FINE },
		{ "0\r\nX-T: 1\r\nx-Sum:\t9 \r\n\r\nGET", "|X-T: 1\r\nx-Sum:\t9 \r\n|GET", HTTP1_FINE },
		{ "0\r\nMax-Forwards: 40\r\nHost: x\r\nX: 1\r\nauthorization: y\r\nIf-Match: z\r\n\r\n", "|X: 1\r\n|",
		  HTTP1_FINE },
		{ "5\nhello\r\n0\r\n\r\n", NULL, HTTP1_BAD_CHUNK },
		{ "5;a\nhello\r\n0\r\n\r\n", NULL, HTTP1_BAD_CHUNK },
		{ "5;a\rb\r\nhello\r\n0\r\n\r\n", NULL, HTTP1_BAD_CHUNK },
		{ "5;a=\"b\\\";c\"\r\nhello\r\n0\r\n\r\n", "hello||", HTTP1_FINE },
		{ "5;a=\"\r\nhello\r\n0\r\n\r\n", NULL, HTTP1_BAD_CHUNK },
		{ "5;a=\"\\\r\nhello\r\n0\r\n\r\n", NULL, HTTP1_BAD_CHUNK },
		{ "5\r\nhello\n0\r\n\r\n", NULL, HTTP1_BAD_CHUNK },
		{ "5\r\nhello0\r\n\r\n", NULL, HTTP1_BAD_CHUNK },
		{ "0x5\r\n", NULL, HTTP1_BAD_CHUNK },
		{ "-5\r\n", NULL, HTTP1_BAD_CHUNK },
		{ "5 \r\nhello\r\n0\t  \r\n\r\n", "hello||", HTTP1_FINE },
		{ "5 ;a=b\r\nhello\r\n0\t;c\r\n\r\n", "hello||", HTTP1_FINE },
		{ "5 ;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n", NULL, HTTP1_BAD_CHUNK },
		{ " 5\r\nhello\r\n0\r\n\r\n", NULL, HTTP1_BAD_CHUNK },
		{ "5 5\r\nhello\r\n0\r\n\r\n", NULL, HTTP1_BAD_CHUNK },
		{ "5 \nhello\r\n0\r\n\r\n", NULL, HTTP1_BAD_CHUNK },
		{ "5\v\r\nhello\r\n0\r\n\r\n", NULL, HTTP1_BAD_CHUNK },
		{ "\r\nhello", NULL, HTTP1_BAD_CHUNK },
		{ "5x\r\n", NULL, HTTP1_BAD_CHUNK },
		{ "3e9\r\n", NULL, HTTP1_BODY_TOO_LARGE },
		{ "100000005", NULL, HTTP1_BODY_TOO_LARGE },
		{ "10000000000000005\r\n", NULL, HTTP1_BODY_TOO_LARGE },
		{ "3e8\r\n", NULL, HTTP1_FINE },
		{ "0\r\nX-T: 1\n\r\n", NULL, HTTP1_BAD_TRAILER },
		{ "0\r\nX-T : 1\r\n\r\n", NULL, HTTP1_BAD_TRAILER },
		{ "0\r\nX-T: a\r\n b\r\n\r\n", NULL, HTTP1_BAD_TRAILER },
		{ "0\r\n\n", NULL, HTTP1_BAD_TRAILER },
		{ "0\r\nX: a\rb\r\n\r\n", NULL, HTTP1_BAD_TRAILER },
		{ "0\r\nContent-Length: 5\r\n\r\n", NULL, HTTP1_BAD_TRAILER },
		{ "0\r\nX-T: 1\r\ntransfer-encoding: chunked\r\n\r\n", NULL, HTTP1_BAD_TRAILER },
	};
	char out[1000];
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].fault == HTTP1_FINE && !rows[i].out)
			continue;
		for (size_t step = 1; step <= strlen(rows[i].text); step++) {
			enum http1_fault fault = read_chunked(bytes_of(rows[i].text), step, out);
			if (fault != rows[i].fault || (rows[i].out && strcmp(out, rows[i].out) != 0))
				fail_msg("%s in steps of %zu: fault %d, %s", rows[i].text, step, fault, out);
		}
	}
}

static void test_ends(void **state)
{
	struct http1_head h;
	struct http1_body b;
	struct bytes piece;
	size_t used;
	(void)state;
	assert_int_equal(read_in_steps(&h, HTTP1_RESPONSE, bytes_of(STATUS "\r\n"), 1), HTTP1_WHOLE);
	assert_int_equal(http1_response_body(&h, false, &b), HTTP1_FINE);
	assert_int_equal(b.framing, HTTP1_UNTIL_CLOSE);
	assert_int_equal(http1_body_read(&b, bytes_of("abc"), &used, &piece), HTTP1_PIECE);
	assert_int_equal(http1_body_end(&b), HTTP1_WHOLE);
	assert_int_equal(http1_response_body(&h, true, &b), HTTP1_FINE);
	assert_true(http1_body_is_over(&b));
	assert_int_equal(read_in_steps(&h, HTTP1_RESPONSE, bytes_of(STATUS "Content-Length: 2\r\n\r\n"), 1),
			 HTTP1_WHOLE);
	assert_int_equal(http1_response_body(&h, false, &b), HTTP1_FINE);
	assert_int_equal(http1_body_read(&b, bytes_of("a"), &used, &piece), HTTP1_PIECE);
	assert_int_equal(http1_body_end(&b), HTTP1_BAD);
	assert_int_equal(http1_body_read(&b, bytes_of("bc"), &used, &piece), HTTP1_PIECE);
	assert_int_equal(used, 1);
	assert_int_equal(http1_body_read(&b, bytes_of("c"), &used, &piece), HTTP1_WHOLE);
	assert_int_equal(http1_body_end(&b), HTTP1_WHOLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_what_a_head_says),
		cmocka_unit_test(test_repair),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_ends),
	};
	return RUN(tests);
}
