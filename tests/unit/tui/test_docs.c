/* Text, hex, forms, header fields, and documents joined. */
#include "tests/unit/tui/doc_fixture.h"
#include "tui/bodies/doc_body.h"
#include "tui/documents/doc_make.h"
#include "tests/unit/shared/json_random.h"

static struct doc *form_of(struct bytes text, uint64_t total)
{
	struct body b;
	body_open(&b, bytes_of("Content-Type: application/x-www-form-urlencoded\r\n"), text, BODY_MOST);
	struct doc *d = doc_form(&b, total);
	body_free(&b);
	assert_non_null(d);
	return d;
}

static void test_text_lines(void **state)
{
	static const struct {
		const char *body, *shown, *about;
	} cases[] = {
		{ "", "", "text, 0 lines" },
		{ "a", "a\n", "text, 1 line" },
		{ "a\n", "a\n", "text, 1 line" },
		{ "a\n\nb", "a\n\nb\n", "text, 3 lines" },
		{ "\n\n", "\n\n", "text, 2 lines" },
		{ "a\r\nb\r\n", "a\nb\n", "text, 2 lines, CRLF" },
		{ "a\r\nb\n", "a^M\nb\n", "text, 2 lines" },
		{ "a\r\nb\r", "a\nb^M\n", "text, 2 lines, CRLF" },
		{ "a\tb\n\tc", "a       b\n        c\n", "text, 2 lines" },
		{ "\x1b]52;c;QUJD\x07", "^[]52;c;QUJD^G\n", "text, 1 line" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct doc *d = doc_text(bytes_of(cases[i].body), strlen(cases[i].body));
		doc_expect(d, cases[i].shown);
		assert_string_equal(d->about, cases[i].about);
		doc_free(d);
	}
}

static void test_cut_is_said(void **state)
{
	static const struct {
		uint64_t total;
		const char *note;
	} cases[] = {
		{ 4, "shown 3 of 4 bytes\n" },
		{ 2048, "shown 3 bytes of 2.0 KiB\n" },
		{ (uint64_t)96 << 20, "shown 3 bytes of 96 MiB\n" },
		{ UINT64_MAX, "shown 3 bytes of 16777216 TiB\n" },
	};
	char expected[100];
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct doc *d = doc_text(bytes_of("abc"), cases[i].total);
		snprintf(expected, sizeof expected, "abc\n%s", cases[i].note);
		doc_expect(d, expected);
		doc_expect_value(d, 1, false, NULL);
		doc_free(d);
		d = form_of(bytes_of("abc"), cases[i].total);
		doc_expect(d, expected);
		doc_free(d);
		d = doc_hex(bytes_of("abc"), cases[i].total, 80);
		assert_int_equal(d->ops->count(d), 2);
		char *note = doc_line_text(d, 1, true);
		assert_memory_equal(note, cases[i].note, strlen(note));
		free(note);
		doc_free(d);
	}
	struct buffer mib = { 0 };
	assert_true(buffer_reserve(&mib, 1 << 20));
	memset(mib.at, 'a', 1 << 20);
	mib.len = 1 << 20;
	struct doc *d = doc_text(buffer_view(&mib), (uint64_t)96 << 20);
	char *last = doc_line_text(d, d->ops->count(d) - 1, true);
	assert_string_equal(last, "shown 1.0 of 96 MiB");
	free(last);
	doc_free(d);
	buffer_free(&mib);
}

/* Whatever the bytes: each row has at most DOC_LINE_MAX cells, rows after one another hold all of the text, and a row
 * in the middle is the same whether read alone or in order. */
static void check_rows(struct bytes body)
{
	static struct cell cells[DOC_LINE_MAX];
	struct doc *d = doc_text(body, body.len);
	size_t count = d->ops->count(d), bytes = 0;
	struct buffer value = { 0 };
	assert_non_null(d);
	for (size_t i = 0; i < count; i++) {
		size_t n = d->ops->line(d, i, cells, DOC_LINE_MAX);
		assert_true(n <= DOC_LINE_MAX);
		value.len = 0;
		assert_true(d->ops->value(d, i, false, &value));
		assert_true(value.len == 0 || memcmp(value.at, body.at + bytes, value.len) == 0);
		bytes += value.len;
		if (bytes < body.len && body.at[bytes] == '\n')
			bytes++;
		if (value.len == 0)
			assert_true(bytes > 0 && body.at[bytes - 1] == '\n');
	}
	assert_int_equal(bytes, body.len);
	buffer_free(&value);
	doc_free(d);
}

static void test_long_lines(void **state)
{
	static const char *const fill[] = {
		"x",    "\xff",         "\t",  "\xe4\xb8\xad", "e\xcc\x81",       "\xcc\x81", "\xf3\xa0\x81\x81",
		"\x1b", "\xe2\x80\xae", "a\n", "\xef\xb8\x8f", "\xf0\x9f\x98\x80"
	};
	size_t len = 300000;
	uint8_t *body = malloc(len);
	uint32_t random = 5;
	(void)state;
	assert_non_null(body);
	for (size_t f = 0; f < sizeof fill / sizeof *fill; f++) {
		size_t n = strlen(fill[f]);
		for (size_t i = 0; i < len; i++)
			body[i] = (uint8_t)fill[f][i % n];
		check_rows(bytes_make(body, len));
	}
	for (size_t i = 0; i < len; i++) {
		body[i] = (uint8_t)json_random_next(&random);
		if (body[i] == '\n' && json_random_next(&random) % 64)
			body[i] = '\t';
	}
	check_rows(bytes_make(body, len));
	free(body);
}

static void test_ten_megabytes_in_a_line(void **state)
{
	size_t len = 10u << 20;
	uint8_t *body = malloc(len);
	struct doc_place p;
	(void)state;
	assert_non_null(body);
	memset(body, 'a', len);
	memcpy(body + len - 6, "Needle", 6);
	memcpy(body + 4030, "bcd", 3); /* across the first break */
	struct doc *d = doc_text(bytes_make(body, len), len);
	assert_non_null(d);
	size_t count = d->ops->count(d);
	assert_true(count > len / DOC_LINE_MAX && count < len / (DOC_LINE_MAX - 100) + 2);
	assert_true(doc_find(d, 0, -1, false, "nEEDLE", &p));
	assert_int_equal(p.line, count - 1);
	char *hit = doc_hit_text(d, p);
	assert_string_equal(hit, "Needle");
	free(hit);
	assert_true(doc_find(d, count - 1, 0, true, "abcd", &p));
	assert_int_equal(p.line, 0);
	assert_true(doc_find(d, p.line, p.column, true, "needle", &p));
	assert_int_equal(p.line, count - 1);
	char *second = doc_line_text(d, 1, true);
	assert_memory_equal(second, "~ ", 2);
	free(second);
	doc_free(d);
	free(body);
}

static void test_text_find(void **state)
{
	struct doc *d = doc_text(bytes_of("one\ttwo\n\xe4\xb8\xad two\nTWO two\n"), 24);
	struct doc_place p = { 0 };
	static const struct doc_place hits[] = { { 0, 8, 3 }, { 1, 3, 3 }, { 2, 0, 3 }, { 2, 4, 3 } };
	(void)state;
	assert_non_null(d);
	p.column = -1;
	for (size_t n = 0; n < 9; n++) { /* and round again */
		assert_true(doc_find(d, p.line, p.column, false, "two", &p));
		assert_int_equal(p.line, hits[n % 4].line);
		assert_int_equal(p.column, hits[n % 4].column);
		assert_int_equal(p.columns, hits[n % 4].columns);
	}
	p = (struct doc_place){ 0, 0, 0 };
	for (size_t n = 0; n < 9; n++) {
		assert_true(doc_find(d, p.line, p.column, true, "two", &p));
		assert_int_equal(p.line, hits[3 - n % 4].line);
		assert_int_equal(p.column, hits[3 - n % 4].column);
	}
	assert_true(doc_find(d, 1, 0, false, "\xe4\xb8\xad", &p));
	assert_int_equal(p.line, 1);
	assert_int_equal(p.columns, 2);
	assert_false(doc_find(d, 0, 0, false, "three", &p));
	assert_false(doc_find(d, 0, 0, true, "", &p));
	doc_free(d);
	d = doc_text(bytes_of(""), 0);
	assert_false(doc_find(d, 0, -1, false, "a", &p));
	assert_false(doc_find(d, 0, -1, true, "a", &p));
	doc_free(d);
}

static void test_hex(void **state)
{
	static const char body[] = "Hello,\0 W\xffrld! \xde\xad\xbe";
	struct doc_place p;
	(void)state;
	struct doc *d = doc_hex(bytes_make(body, sizeof body - 1), sizeof body - 1, 80);
	doc_expect(d, "00000000 | 48 65 6c 6c 6f 2c 00 20 57 ff 72 6c 64 21 20 de | Hello,. W.rld! .\n"
		      "00000010 | ad be                                           | ..\n");
	assert_string_equal(d->about, "hex, 18 bytes");
	assert_true(doc_find(d, 0, -1, false, "w\xff", &p));
	assert_int_equal(p.line, 0);
	assert_int_equal(p.column, 11 + 8 * 3);
	assert_int_equal(p.columns, 5);
	assert_true(doc_find(d, 0, -1, false, "hex:de ad", &p)); /* across lines */
	assert_int_equal(p.line, 0);
	assert_int_equal(p.column, 11 + 15 * 3);
	assert_int_equal(p.columns, 2);
	assert_true(doc_find(d, 0, p.column, false, "hex:ADbe", &p));
	assert_int_equal(p.line, 1);
	assert_true(doc_find(d, 1, 11, false, "hex:6c", &p)); /* from the beginning again */
	assert_int_equal(p.column, 11 + 2 * 3);
	assert_true(doc_find(d, 0, p.column, false, "hex:6c", &p));
	assert_int_equal(p.column, 11 + 3 * 3);
	assert_true(doc_find(d, 0, p.column, true, "hex:6c", &p));
	assert_int_equal(p.column, 11 + 2 * 3);
	assert_false(doc_find(d, 0, -1, false, "hex:4c", &p)); /* exact: 'L' is not 'l' */
	assert_true(doc_find(d, 0, -1, false, "L", &p));
	assert_false(doc_find(d, 0, -1, false, "hex:6", &p));
	assert_false(doc_find(d, 0, -1, false, "hex:", &p));
	doc_expect_value(d, 1, false, "ad be");
	doc_expect_value(d, 1, true, "0x10");
	doc_free(d);
	/* Bytes and their text are seen together on every screen that is wide enough for any: 40, less the margin. */
	for (int columns = 39; columns <= 200; columns++)
		assert_true(13 + 4 * doc_hex_bytes(columns) <= columns);
	d = doc_hex(bytes_of("123456789"), 9, 77);
	doc_expect(d, "00000000 | 31 32 33 34 35 36 37 38 | 12345678\n00000008 | 39                      | 9\n");
	doc_free(d);
	assert_int_equal(doc_hex_bytes(78), 16);
	assert_int_equal(doc_hex_bytes(143), 16);
	assert_int_equal(doc_hex_bytes(144), 32);
	d = doc_hex(bytes_of("1234567890123456789012345678901234"), 34, 200);
	char *line = doc_line_text(d, 0, true);
	assert_int_equal(strlen(line), 141);
	free(line);
	doc_free(d);
}

static void test_form(void **state)
{
	struct doc *d = form_of(bytes_of("a=1&b+c=%41%zz%4&&=x&flag&e=%1b%0a%C3%A9"), 40);
	(void)state;
	doc_expect(d, "a = 1\nb c = A%zz%4\n = x\nflag\ne = ^[^J\xc3\xa9\n");
	assert_string_equal(d->about, "form, 5 pairs");
	doc_expect_value(d, 1, false, "A%zz%4");
	doc_expect_value(d, 1, true, "b c");
	doc_free(d);
	d = form_of(bytes_of(""), 0);
	doc_expect(d, "");
	doc_free(d);
	/* GitHub and Slack send JSON in a pair. */
	d = form_of(bytes_of("token=x&payload=%7B%22a%22%3A%5B1%5D%7D&last={broken"), 50);
	doc_expect(d, "token = x\npayload\nv {\n  v \"a\": [\n      1\n    ]\n  }\nlast = {broken\n");
	assert_string_equal(d->about, "form, 3 pairs");
	assert_int_equal(d->ops->fold(d, 3, DOC_FOLD_TOGGLE), 3);
	assert_int_equal(d->ops->count(d), 6);
	doc_expect_value(d, 3, true, "a");
	doc_free(d);
}

static void test_headers(void **state)
{
	struct doc *d = doc_headers(bytes_of("Host: a\r\nX-Odd:  two  \r\nx-odd: \r\nTab: a\tb\r\n"));
	struct doc_place p;
	(void)state;
	doc_expect(d, "Host: a\nX-Odd: two\nx-odd:\nTab: a^Ib\n");
	assert_string_equal(d->about, "4 header fields");
	doc_expect_value(d, 1, false, "two  ");
	doc_expect_value(d, 1, true, "X-Odd");
	assert_true(doc_find(d, 0, -1, false, "odd: ", &p));
	assert_int_equal(p.line, 1);
	assert_int_equal(p.column, 2);
	assert_int_equal(p.columns, 5);
	doc_free(d);
	/* What is no field is shown all the same. */
	d = doc_headers(bytes_of("A: 1\r\nnonsense\n"));
	doc_expect(d, "A: 1\nnonsense^J\n");
	doc_free(d);
	d = doc_headers(bytes_of(""));
	doc_expect(d, "");
	doc_free(d);
}

static void test_join(void **state)
{
	struct doc *parts[] = { doc_headers(bytes_of("A: x\r\n")), doc_text(bytes_of(""), 0),
				doc_json(bytes_of("{\"x\":{\"y\":1}}"), 13), doc_text(bytes_of("x\ny\nx"), 5) };
	struct doc *d = doc_join(parts, 4);
	struct doc_place p = { 0, -1, 0 };
	static const size_t lines[] = { 0, 2, 6, 8 };
	(void)state;
	doc_expect(d, "A: x\nv {\n  v \"x\": {\n      \"y\": 1\n    }\n  }\nx\ny\nx\n");
	for (size_t n = 0; n < 9; n++) {
		assert_true(doc_find(d, p.line, p.column, false, "x", &p));
		assert_int_equal(p.line, lines[n % 4]);
	}
	p = (struct doc_place){ 0, 0, 0 };
	for (size_t n = 0; n < 9; n++) {
		assert_true(doc_find(d, p.line, p.column, true, "x", &p));
		assert_int_equal(p.line, lines[3 - n % 4]);
	}
	assert_int_equal(d->ops->partner(d, 1), 5);
	assert_int_equal(d->ops->partner(d, 6), 6);
	assert_int_equal(d->ops->fold(d, 2, DOC_FOLD_TOGGLE), 2);
	doc_expect(d, "A: x\nv {\n  > \"x\": { 1 key, 7 }\n  }\nx\ny\nx\n");
	/* From the part below it stays on its line, and folds open for a hit. */
	assert_int_equal(d->ops->fold(d, 5, DOC_FOLD_NONE), 7);
	assert_int_equal(d->ops->fold(d, 7, DOC_FOLD_ALL), 5);
	assert_true(doc_find(d, 5, 0, true, "\"y\"", &p));
	assert_int_equal(p.line, 3);
	doc_expect_value(d, 3, true, "x.y");
	doc_expect_value(d, 99, true, NULL);
	assert_int_equal(d->ops->partner(d, 99), 99);
	assert_false(doc_find(d, 99, 0, false, "none", &p));
	assert_true(doc_find(d, 99, 0, false, "x", &p));
	assert_int_equal(p.line, 0);
	doc_free(d);
	/* A part there was no memory for. */
	struct doc *broken[] = { doc_text(bytes_of("a"), 1), NULL };
	assert_null(doc_join(broken, 2));
}

/* A narrower caller gets the beginning, never half of a wide character. */
static void test_narrow(void **state)
{
	struct cell cells[8];
	(void)state;
	struct doc *d = doc_text(bytes_of("a\xe4\xb8\xad\xe4\xb8\xad"), 7);
	for (size_t most = 0; most <= 5; most++) {
		size_t n = d->ops->line(d, 0, cells, most);
		assert_true(n <= most);
		assert_int_equal(n, most >= 5 ? 5 : most >= 3 ? 3 : most >= 1 ? 1 : 0);
	}
	assert_int_equal(d->ops->line(d, 5, cells, 5), 0);
	doc_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_lines), cmocka_unit_test(test_cut_is_said),
		cmocka_unit_test(test_long_lines), cmocka_unit_test(test_ten_megabytes_in_a_line),
		cmocka_unit_test(test_text_find),  cmocka_unit_test(test_hex),
		cmocka_unit_test(test_form),       cmocka_unit_test(test_headers),
		cmocka_unit_test(test_join),       cmocka_unit_test(test_narrow),
	};
	return RUN(tests);
}
