/* What a body is shown as: its bytes decide first. */
#include <zlib.h>

#include "shared/content/decode.h"
#include "tests/unit/tui/doc_fixture.h"
#include "tui/bodies/doc_body.h"

static struct doc *body_of(const char *headers, const void *body, size_t len)
{
	struct doc *d = doc_body(bytes_of(headers), bytes_make(body, len), len, 80);
	assert_non_null(d);
	return d;
}

static void test_sniffing(void **state)
{
	static const struct {
		const char *headers, *body, *about;
	} cases[] = {
		{ "", "{\"a\":1}", "JSON" },
		{ "Content-Type: text/plain\r\n", " [1]", "JSON" },
		{ "content-type: application/json\r\n", "17", "JSON" },
		{ "Content-Type: application/vnd.api+json; charset=utf-8\r\n", "\"x\"", "JSON" },
		{ "Content-Type: application/json\r\n", "{\"a\":1", "invalid JSON, line 1 column 7" },
		{ "", "{\n\"a\" 1}", "invalid JSON, line 2 column 5" },
		{ "", "[info] started", "text, 1 line" },
		{ "Content-Type: application/x-www-form-urlencoded\r\n", "a=1&b=2", "form, 2 pairs" },
		{ "Content-Type: application/x-www-form-urlencoded\r\n", "{\"a\":1}", "JSON" },
		{ "Content-Type: text/html; charset=utf-8\r\n", "<p>\n</p>", "HTML" },
		{ "", "<?xml version=\"1.0\"?><a/>", "XML" },
		{ "Content-Type: application/soap+xml\r\n", "<a/>", "XML" },
		{ "Content-Type: text/plain\r\n", "\n<a><b/></a>", "XML" },
		{ "", "<!DOCTYPE html><p>", "HTML" },
		{ "", "<a><b></a>", "text, 1 line" },
		{ "", "<13>Nov 25 host app: started", "text, 1 line" },
		{ "Content-Type: text/xml\r\n", "<a>\n<b></a>", "invalid XML, line 2 column 4" },
		{ "Content-Type: text/xml\r\n", "none", "XML, 1 line" },
		{ "Content-Type: text/plain\r\n", "caf\xe9 au lait, s'il vous pla\xeet", "text, 1 line, WINDOWS-1252" },
		{ "Content-Type: text/plain\r\n", "\xff\xd8\xff\xe0\x01\x02", "hex, 6 bytes" },
		{ "", "1\n2\n", "text, 2 lines" },
		{ "Content-Type: application/json\r\n", "{\"a\":1}\n{\"a\":2}\n", "JSON, 2 values" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct doc *d = body_of(cases[i].headers, cases[i].body, strlen(cases[i].body));
		if (strcmp(d->about, cases[i].about) != 0)
			fail_msg("%s: %s", cases[i].body, d->about);
		doc_free(d);
	}
	struct doc *d = body_of("", "a\0b", 3);
	assert_string_equal(d->about, "hex, 3 bytes");
	doc_free(d);
	d = body_of("", "", 0);
	doc_expect(d, "no body\n");
	doc_free(d);
	d = doc_body(bytes_of(""), bytes_of(""), 5, 80);
	doc_expect(d, "shown 0 of 5 bytes\n");
	doc_free(d);
}

static void test_charsets(void **state)
{
	struct doc *d = body_of("Content-Type: text/plain; charset=iso-8859-1\r\n", "caf\xe9", 4);
	(void)state;
	doc_expect(d, "iso-8859-1, 4 bytes received, shown in UTF-8\ncaf\xc3\xa9\n");
	doc_free(d);
	/* Text that says nothing of it; other types are not guessed at, nor is what has no characters there. */
	d = body_of("Content-Type: text/plain\r\n",
		    "Gr\xfc\xdf"
		    "e",
		    5);
	doc_expect(d, "WINDOWS-1252, 5 bytes received, shown in UTF-8\nGr\xc3\xbc\xc3\x9f"
		      "e\n");
	doc_free(d);
	d = body_of("Content-Type: text/plain\r\n",
		    "Gr\xc3\xbc\xc3\x9f"
		    "e",
		    7);
	doc_expect(d, "Gr\xc3\xbc\xc3\x9f"
		      "e\n");
	doc_free(d);
	d = body_of("Content-Type: text/plain\r\n",
		    "what is written here is Gr\x81\x9d"
		    "e",
		    29);
	doc_expect(d, "what is written here is Gr<81><9d>e\n");
	doc_free(d);
	d = body_of("Content-Type: text/plain\r\n",
		    "what is written here is Gr\xfc\xdf"
		    "e\x1b[2J",
		    33);
	doc_expect(d, "what is written here is Gr<fc><df>e^[[2J\n");
	doc_free(d);
	d = body_of("", "[\0001\0]\0", 6);
	doc_expect(d, "UTF-16LE, 6 bytes received, shown in UTF-8\nv [\n    1\n  ]\n");
	assert_string_equal(d->about, "JSON, UTF-16LE");
	doc_free(d);
	/* A byte order mark of UTF-8 is nothing to speak of. */
	d = body_of("", "\xef\xbb\xbf[1]", 6);
	doc_expect(d, "v [\n    1\n  ]\n");
	doc_free(d);
	/* Parts have charsets of their own. */
	static const char parts[] = "--b\r\nContent-Type: text/plain; charset=windows-1252\r\n\r\n\x80\r\n--b--\r\n";
	d = body_of("Content-Type: multipart/mixed; boundary=b\r\n", parts, sizeof parts - 1);
	doc_expect(d, "part 1, 1 byte\nContent-Type: text/plain; charset=windows-1252\n"
		      "windows-1252, 1 byte received, shown in UTF-8\n<U+20AC>\n");
	doc_free(d);
}

static void test_invalid_json_is_marked(void **state)
{
	static struct cell cells[DOC_LINE_MAX];
	struct doc *d = body_of("", "{\n\t\"a\": 1,\n\t\"b\": \xc3\xa9\n}", 21);
	(void)state;
	doc_expect(
	    d, "invalid JSON, line 3 column 7: a value is missing\n{\n        \"a\": 1,\n        \"b\": \xc3\xa9\n}\n");
	size_t n = d->ops->line(d, 3, cells, DOC_LINE_MAX);
	assert_int_equal(n, 14);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(cells[i].role == ROLE_5XX, i == 13);
	doc_free(d);
	d = doc_body(bytes_of("Content-Type: application/json\r\n"), bytes_of("{\"a\":[1,"), 5000, 80);
	doc_expect(d, "JSON, cut: shown as received\n{\"a\":[1,\nshown 8 bytes of 4.9 KiB\n");
	doc_free(d);
}

static struct doc *text_of(const char *headers, const char *body)
{
	return body_of(headers, body, strlen(body));
}

static void test_markup(void **state)
{
	(void)state;
	struct doc *d = text_of("Content-Type: text/xml\r\n", "<a><b>1</b><c/></a>");
	doc_expect(d, "<a>\n  <b>1</b>\n  <c/>\n</a>\n");
	struct doc_place p;
	assert_true(doc_find(d, 0, -1, false, "<C/>", &p));
	assert_int_equal(p.line, 2);
	assert_int_equal(p.column, 2);
	doc_free(d);
	d = text_of("", "<a><b>1</b>\x1b</a>");
	doc_expect(d, "<a>\n  <b>1</b>^[</a>\n");
	doc_free(d);
	d = text_of("Content-Type: application/xml\r\n", "<a><b></a>");
	doc_expect(d, "invalid XML, line 1 column 7: the end tag is not that of the element\n<a><b></a>\n");
	doc_free(d);
	d = doc_body(bytes_of("Content-Type: application/xml\r\n"), bytes_of("<a><b>"), 5000, 80);
	doc_expect(d, "XML, cut: shown as received\n<a><b>\nshown 6 bytes of 4.9 KiB\n");
	doc_free(d);
	d = doc_body(bytes_of("Content-Type: text/html\r\n"), bytes_of("<p><b></p>"), 5000, 80);
	doc_expect(d, "<p>\n  <b></p>\nshown 10 bytes of 4.9 KiB\n");
	doc_free(d);
}

/* Longer than is laid out unasked. */
static void test_long_markup(void **state)
{
	size_t len = (8u << 20) + 8;
	char *text = test_malloc(len);
	(void)state;
	memset(text, ' ', len);
	memcpy(text, "<a>", 3);
	memcpy(text + len - 4, "</a>", 4);
	struct doc *d = body_of("Content-Type: text/xml\r\n", text, len);
	char *first = doc_line_text(d, 0, true);
	assert_string_equal(first, "XML of 8.0 MiB: shown as received, p shows it pretty");
	free(first);
	doc_free(d);
	memcpy(text + 3, "<b/>", 4);
	d = doc_markup(bytes_of("Content-Type: text/xml\r\n"), bytes_make(text, len), len, true);
	doc_expect(d, "<a>\n  <b/>\n</a>\n");
	doc_free(d);
	assert_null(doc_markup(bytes_of(""), bytes_make(text, len), len, false));
	assert_null(doc_markup(bytes_of(""), bytes_of("none"), 4, true));
	test_free(text);
}

static void test_deep_json(void **state)
{
	size_t deep = 100000;
	char *text = malloc(deep * 2);
	(void)state;
	assert_non_null(text);
	memset(text, '[', deep);
	memset(text + deep, ']', deep);
	struct doc *d = body_of("Content-Type: application/json\r\n", text, deep * 2);
	assert_string_equal(d->about, "invalid JSON, line 1 column 513");
	char *first = doc_line_text(d, 0, true);
	assert_string_equal(first, "invalid JSON, line 1 column 513: it is nested deeper than 512");
	free(first);
	assert_true(d->ops->count(d) > deep * 2 / DOC_LINE_MAX);
	doc_free(d);
	free(text);
}

/* Larger than what is shown pretty. */
static void test_large_json(void **state)
{
	size_t len = (8u << 20) + 1;
	char *text = malloc(len);
	(void)state;
	assert_non_null(text);
	memset(text, ' ', len);
	text[0] = '[';
	text[len - 1] = ']';
	struct doc *d = body_of("Content-Type: application/json\r\n", text, len);
	char *first = doc_line_text(d, 0, true);
	assert_non_null(strstr(first, "shown as received, p shows it pretty"));
	free(first);
	doc_free(d);
	d = body_of("", text + 1, 0);
	doc_free(d);
	free(text);
}

static size_t squeeze(const void *in, size_t len, int bits, uint8_t *out, size_t cap)
{
	z_stream z = {
		.next_in = (Bytef *)(uintptr_t)in, .avail_in = (uInt)len, .next_out = out, .avail_out = (uInt)cap
	};
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return cap - z.avail_out;
}

/* {"hello":"brotli"} by brotli 1.0.9, quality 11. */
static const uint8_t br[] = { 0x8b, 0x08, 0x80, 0x7b, 0x22, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x22,
			      0x3a, 0x22, 0x62, 0x72, 0x6f, 0x74, 0x6c, 0x69, 0x22, 0x7d, 0x03 };

static void test_codings(void **state)
{
	static const char json[] = "{\"a\":1}", shown[] = "v {\n    \"a\": 1\n  }\n";
	static const struct {
		const char *headers, *name;
		int bits;
	} cases[] = {
		{ "Content-Encoding: gzip\r\n", "gzip", 31 },
		{ "content-encoding: X-GZIP\r\n", "gzip", 31 },
		{ "", "gzip", 31 },
		{ "Content-Encoding: deflate\r\n", "deflate", 15 },
		{ "Content-Encoding: deflate\r\n", "deflate", -15 },
	};
	uint8_t packed[200];
	char expected[200];
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = squeeze(json, sizeof json - 1, cases[i].bits, packed, sizeof packed);
		struct doc *d = body_of(cases[i].headers, packed, len);
		snprintf(expected, sizeof expected, "%s, %zu bytes received, shown decoded\n%s", cases[i].name, len,
			 shown);
		doc_expect(d, expected);
		snprintf(expected, sizeof expected, "JSON, %s", cases[i].name);
		assert_string_equal(d->about, expected);
		doc_free(d);
	}
	struct doc *d = body_of("Content-Encoding: br\r\n", br, sizeof br);
	doc_expect(d, "br, 22 bytes received, shown decoded\nv {\n    \"hello\": \"brotli\"\n  }\n");
	doc_free(d);
	/* One around the other: undone from the last one on. */
	uint8_t twice[300];
	size_t len = squeeze(json, sizeof json - 1, 15, packed, sizeof packed);
	len = squeeze(packed, len, 31, twice, sizeof twice);
	d = body_of("Content-Encoding: deflate, gzip\r\n", twice, len);
	assert_string_equal(d->about, "JSON, deflate, gzip");
	doc_free(d);
}

static void test_codings_gone_wrong(void **state)
{
	uint8_t packed[4000], text[3000];
	uint32_t random = 7;
	(void)state;
	/* Not coded at all, whatever the field says. */
	static const char *const names[] = { "gzip", "deflate", "br" };
	for (size_t i = 0; i < 3; i++) {
		char headers[60];
		snprintf(headers, sizeof headers, "Content-Encoding: %s\r\n", names[i]);
		struct doc *d = body_of(headers, "{\"a\":1}", 7);
		assert_string_equal(d->about, "JSON");
		doc_free(d);
	}
	for (size_t i = 0; i < sizeof text; i++) {
		random = random * 1103515245 + 12345;
		text[i] = (uint8_t)('a' + (random >> 16) % 26);
	}
	size_t len = squeeze(text, sizeof text, 31, packed, sizeof packed);
	struct doc *d = body_of("", packed, len / 2);
	char *first = doc_line_text(d, 0, true);
	assert_non_null(strstr(first, "damaged: shown as far as it could be decoded"));
	free(first);
	assert_string_equal(d->about, "text, 1 line, gzip");
	doc_free(d);
	d = doc_body(bytes_of(""), bytes_make(packed, len / 2), len, 80);
	first = doc_line_text(d, 0, true);
	assert_non_null(strstr(first, "cut: shown as far as it could be decoded"));
	free(first);
	doc_free(d);
	d = body_of("Content-Encoding: frob\r\n", "\x28\xb5\x2f\xfd\0\0", 6);
	first = doc_line_text(d, 0, true);
	assert_string_equal(first, "Content-Encoding unknown could not be undone: shown as received");
	free(first);
	doc_free(d);
}

/* 1 GiB of zeros in 1 MiB: stops at the bound. */
static void test_bomb(void **state)
{
	size_t len = 100u << 20, cap = 1u << 20;
	uint8_t *zeros = calloc(len, 1), *packed = malloc(cap);
	struct buffer out = { 0 };
	char codings[64];
	(void)state;
	assert_non_null(zeros);
	assert_non_null(packed);
	memset(zeros, 'a', len);
	size_t packed_len = squeeze(zeros, len, 31, packed, cap);
	assert_int_equal(decode_body(bytes_of(""), bytes_make(packed, packed_len), &out, codings), DECODE_CUT);
	assert_int_equal(out.len, DECODE_MOST);
	assert_true(out.cap <= DECODE_MOST * 2);
	struct doc *d = body_of("", packed, packed_len);
	char *first = doc_line_text(d, 0, true);
	assert_non_null(strstr(first, "the first 8 MiB shown decoded"));
	free(first);
	doc_free(d);
	buffer_free(&out);
	free(zeros);
	free(packed);
}

static void test_multipart(void **state)
{
	static const char headers[] = "Content-Type: multipart/form-data; boundary=\"xX\"\r\n";
	static const char body[] =
	    "--xX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{\"k\":1}\r\n"
	    "--xX \r\nContent-Disposition: form-data; name=\"f\"; filename=\"\x1b[31m\"\r\n"
	    "Content-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n\0\r\n--xXno boundary\r\n--xX--\r\n";
	struct doc *d = body_of(headers, body, sizeof body - 1);
	(void)state;
	doc_expect(d, "part 1, 7 bytes\n"
		      "Content-Disposition: form-data; name=\"a\"\n"
		      "v {\n"
		      "    \"k\": 1\n"
		      "  }\n"
		      "part 2, 26 bytes\n"
		      "Content-Disposition: form-data; name=\"f\"; filename=\"^[[31m\"\n"
		      "Content-Type: image/png\n"
		      "00000000 | 89 50 4e 47 0d 0a 1a 0a 00 0d 0a 2d 2d 78 58 6e | .PNG.......--xXn\n"
		      "00000010 | 6f 20 62 6f 75 6e 64 61 72 79                   | o boundary\n");
	assert_string_equal(d->about, "multipart, 2 parts");
	doc_free(d);
	d = body_of("Content-Type: multipart/mixed; boundary=b\r\n", "hi\n--b\n\none\n--b\nX: 1\n\n--b--\nbye", 31);
	doc_expect(d, "3 bytes before the first part\npart 1, 3 bytes\none\npart 2, 0 bytes\nX: 1\nno body\n3 bytes "
		      "after the last part\n");
	doc_free(d);
	/* Parts coded for their transfer, with lines that end in LF or are folded. */
	static const char coded[] =
	    "--b\nContent-Disposition: form-data;\n name=p\nContent-Transfer-Encoding: base64\n\n"
	    "eyJhIjox\nfQ==\n--b\nContent-Transfer-Encoding: quoted-printable\n\na=3Db=\nc\n"
	    "--b\nno field\n\nx\n--b--";
	d = body_of("Content-Type: multipart/mixed; boundary=b\r\n", coded, sizeof coded - 1);
	doc_expect(d, "part 1, 13 bytes, base64, shown decoded\nContent-Disposition: form-data;  name=p\n"
		      "Content-Transfer-Encoding: base64\nv {\n    \"a\": 1\n  }\n"
		      "part 2, 8 bytes, quoted-printable, shown decoded\nContent-Transfer-Encoding: quoted-printable\n"
		      "a=bc\npart 3, 1 byte\nno field\nx\n");
	doc_free(d);
	/* Cut in the second part. */
	d = doc_body(bytes_of("Content-Type: multipart/mixed; boundary=b\r\n"),
		     bytes_of("--b\r\n\r\none\r\n--b\r\n\r\ntw"), 99, 80);
	doc_expect(d, "part 1, 3 bytes\none\npart 2, 2 bytes, cut\ntw\nshown 21 of 99 bytes\n");
	doc_free(d);
	static const char *const no[] = { "Content-Type: multipart/mixed\r\n",
					  "Content-Type: multipart/mixed; boundary=\r\n",
					  "Content-Type: multipart/mixed; boundary=other\r\n" };
	for (size_t i = 0; i < 3; i++) {
		d = body_of(no[i], "--b\n\nx\n--b--", 12);
		assert_string_equal(d->about, "text, 4 lines");
		doc_free(d);
	}
}

static void test_multipart_bounds(void **state)
{
	struct buffer many = { 0 }, nested = { 0 };
	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(buffer_append_text(&many, "--b\n\nx\n"));
	struct doc *d = body_of("Content-Type: multipart/mixed; boundary=b\r\n", many.at, many.len);
	assert_string_equal(d->about, "multipart, 64 parts");
	char *last = doc_line_text(d, d->ops->count(d) - 1, true);
	assert_non_null(strstr(last, "after these parts: not listed"));
	free(last);
	doc_free(d);
	for (int i = 0; i < 20; i++)
		assert_true(buffer_append_text(&nested, "--b\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"));
	d = body_of("Content-Type: multipart/mixed; boundary=b\r\n", nested.at, nested.len);
	doc_free(d);
	buffer_free(&many);
	buffer_free(&nested);
}

static void test_event_stream(void **state)
{
	static const char type[] = "Content-Type: text/event-stream; charset=utf-8\r\n";
	struct buffer many = { 0 };
	(void)state;
	struct doc *d = text_of(type, "event: ping\nid: 7\ndata: {\"a\":\ndata: 1}\n\n: he\x1bre\n\ndata: plain\n");
	doc_expect(d, "-- event 1 --\nevent: ping\nid: 7\nv {\n    \"a\": 1\n  }\n-- event 2 --\n: he^[re\n"
		      "-- event 3 --\nplain\nno empty line follows: not a whole event yet\n");
	assert_string_equal(d->about, "3 events");
	assert_true(d->folds);
	doc_free(d);
	for (int i = 0; i < 600; i++)
		assert_true(buffer_append_text(&many, "data: x\n\n"));
	d = body_of(type, many.at, many.len);
	char *last = doc_line_text(d, d->ops->count(d) - 1, true);
	assert_string_equal(last, "900 bytes after these events: p shows them as received");
	free(last);
	doc_free(d);
	buffer_free(&many);
}

static void test_protobuf(void **state)
{
	static const char message[] =
	    "\x08\x96\x01\x12\x07testing\x1d\0\0\x80\x3f\x21\0\0\0\0\0\0\xf0\x3f\x2a\x04\x08\x01\x12\0\x32\x02\xff\xfe"
	    "\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x42\x03\x1b]0";
	static const char fields[] = "1: 150\n2: \"testing\"\n3: 1065353216  32 bits; as float 1\n"
				     "4: 4607182418800017408  64 bits; as double 1\n5: {\n  1: 1\n  2: \"\"\n}\n"
				     "6: 2 bytes: ff fe\n7: 18446744073709551615  signed -1\n8: 3 bytes: 1b 5d 30\n";
	static const char frames[] = "\0\0\0\0\2\x08\1\1\0\0\0\2\x1f\x8b\x80\0\0\0\x0fgrpc-status:0\r\n\0\0";
	(void)state;
	struct doc *d = body_of("Content-Type: application/x-protobuf\r\n", message, sizeof message - 1);
	doc_expect(d, fields);
	assert_string_equal(d->about, "protobuf");
	doc_free(d);
	d = body_of("Content-Type: application/grpc-web+proto\r\n", frames, sizeof frames - 1);
	doc_expect(d, "-- message 1, 2 bytes --\n1: 1\n-- message 2, 2 bytes, compressed --\n2 bytes: 1f 8b\n"
		      "-- trailers, 15 bytes --\ngrpc-status:0\n2 bytes: 00 00\n");
	doc_free(d);
	d = text_of("Content-Type: application/grpc-web-text\r\n", "AAAAAAIIAQ==");
	doc_expect(d, "-- message 1, 2 bytes --\n1: 1\n");
	doc_free(d);
	/* Neither what only says so, nor what only looks so. */
	d = text_of("Content-Type: application/x-protobuf\r\n", "\x08");
	assert_string_equal(d->about, "hex, 1 byte");
	doc_free(d);
	d = text_of("", "\x08\x01");
	assert_string_equal(d->about, "hex, 2 bytes");
	doc_free(d);
}

/* Messages in one another, deeper than is followed. */
static void test_deep_protobuf(void **state)
{
	struct buffer in = { 0 };
	(void)state;
	assert_true(buffer_append(&in, "\x08\x01", 2));
	for (int i = 0; i < 60; i++) {
		struct buffer out = { 0 };
		assert_true(buffer_put_u8(&out, 0x0a));
		if (in.len >= 128)
			assert_true(buffer_put_u8(&out, (uint8_t)(0x80 | (in.len & 0x7f))));
		assert_true(buffer_put_u8(&out, (uint8_t)(in.len >= 128 ? in.len >> 7 : in.len)));
		assert_true(buffer_append_bytes(&out, buffer_view(&in)));
		buffer_free(&in);
		in = out;
	}
	struct doc *d = body_of("Content-Type: application/protobuf\r\n", in.at, in.len);
	assert_int_equal(d->ops->count(d), 32 * 2 + 1);
	doc_free(d);
	buffer_free(&in);
}

static void test_images_and_tokens(void **state)
{
	(void)state;
	struct doc *d = body_of("", "GIF89a\x20\x03\x58\x02\xf7\0\0", 13);
	doc_expect(d, "GIF image, 800 x 600 pixels, 13 bytes, damaged, so not drawn\n"
		      "00000000 | 47 49 46 38 39 61 20 03 58 02 f7 00 00          | GIF89a .X....\n");
	doc_free(d);
	d = text_of("Content-Type: text/plain\r\n", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLCJleHAiOjEzMDA4MTkzODB9.\n");
	doc_expect(d, "-- Body  JWT, decoded and not verified --\nalg = \"none\"\niss = \"joe\"\n"
		      "exp = 1300819380  2011-03-22 18:43:00 UTC\nno signature\n");
	assert_string_equal(d->about, "JWT");
	doc_free(d);
	d = text_of("", "eyebrows.are.raised");
	assert_string_equal(d->about, "text, 1 line");
	doc_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sniffing),
		cmocka_unit_test(test_charsets),
		cmocka_unit_test(test_invalid_json_is_marked),
		cmocka_unit_test(test_markup),
		cmocka_unit_test(test_long_markup),
		cmocka_unit_test(test_deep_json),
		cmocka_unit_test(test_large_json),
		cmocka_unit_test(test_codings),
		cmocka_unit_test(test_codings_gone_wrong),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_multipart),
		cmocka_unit_test(test_multipart_bounds),
		cmocka_unit_test(test_event_stream),
		cmocka_unit_test(test_protobuf),
		cmocka_unit_test(test_deep_protobuf),
		cmocka_unit_test(test_images_and_tokens),
	};
	return RUN(tests);
}
