/* Two requests compared: what is shown, unified and side by side. */
#include "tests/unit/tui/doc_fixture.h"
#include "tui/compare/doc_diff.h"
#include "tests/unit/shared/json_random.h"

static struct doc_diff_side side(const char *summary, const char *headers, const char *body)
{
	struct bytes b = bytes_of(body);
	return (struct doc_diff_side){ bytes_of(summary), bytes_of(headers), b, b.len };
}

static struct doc *compare(const char *headers_a, const char *a, const char *headers_b, const char *b,
			   struct doc_diff_options o)
{
	struct doc_diff_side sa = side("#1  200", headers_a, a), sb = side("#2  500", headers_b, b);
	struct doc *d = doc_diff(&sa, &sb, &o);
	assert_non_null(d);
	return d;
}

static void test_unified_json(void **state)
{
	struct doc_diff_options o = { .context = 1, .columns = 80 };
	struct doc *d = compare(
	    "A: 1\r\nDate: x\r\nC: 1\r\n", "{\"a\":1,\"b\":2,\"c\":{\"d\":[1,2,{\"e\":\"x\"}],\"f\":1}}",
	    "c: 1\r\nA: 2\r\nDate: y\r\nNew: n\r\n", "{\"c\":{\"f\":1,\"d\":[1,2,{\"e\":\"y\"}]},\"b\":2,\"a\":1}", o);
	(void)state;
	doc_expect(d, "--- #1  200\n"
		      "+++ #2  500\n"
		      "Headers: 2 differ, 1 alike, 1 volatile not shown (i)\n"
		      "- A: 1\n"
		      "+ A: 2\n"
		      "+ New: n\n"
		      "Body: JSON, 1 difference\n"
		      "@@ 7 lines alike, c.d[2] @@\n"
		      "        {\n"
		      "-         \"e\": \"x\"\n"
		      "+         \"e\": \"y\"\n"
		      "        }\n"
		      "@@ 4 lines alike @@\n");
	assert_string_equal(d->about, "3 differences");
	assert_int_equal(doc_diff_hunk(d, 0, false), 3);
	assert_int_equal(doc_diff_hunk(d, 3, false), 9);
	assert_int_equal(doc_diff_hunk(d, 9, false), 9);
	assert_int_equal(doc_diff_hunk(d, 12, true), 9);
	assert_int_equal(doc_diff_hunk(d, 9, true), 3);
	assert_int_equal(doc_diff_hunk(d, 3, true), 3);
	assert_int_equal(doc_diff_hunk(d, 99, true), 99);
	doc_expect_value(d, 10, false, "y");
	doc_expect_value(d, 9, false, "x");
	doc_expect_value(d, 10, true, "c.d[2].e");
	doc_expect_value(d, 4, false, "2");
	doc_expect_value(d, 5, true, "New");
	doc_expect_value(d, 6, false, NULL);
	struct doc_place p;
	assert_true(doc_find(d, 0, -1, false, "\"e\": \"Y\"", &p));
	assert_int_equal(p.line, 10);
	assert_int_equal(p.column, 10);
	assert_false(doc_find(d, 0, -1, false, "alike", &p)); /* ours */
	doc_free(d);
}

static void test_options(void **state)
{
	struct doc_diff_options o = { .context = 0, .columns = 80 };
	static const char a[] = "{\"a\":1,\"created\":5}", b[] = "{\"created\":6,\"a\":1}";
	(void)state;
	struct doc *d = compare("", a, "", b, o);
	doc_expect(d, "--- #1  200\n+++ #2  500\nHeaders: 0 differ, 0 alike\n"
		      "Body: JSON that says the same, 1 volatile not shown (i)\n");
	assert_string_equal(d->about, "no differences");
	doc_free(d);
	o.volatile_too = true;
	d = compare("Date: 1\r\n", a, "Date: 2\r\n", b, o);
	doc_expect(d, "--- #1  200\n+++ #2  500\nHeaders: 1 differs, 0 alike\n- Date: 1\n+ Date: 2\n"
		      "Body: JSON, 1 difference\n@@ 2 lines alike @@\n-   \"created\": 5\n+   \"created\": 6\n"
		      "@@ 1 line alike @@\n");
	doc_free(d);
	o.key_order = true;
	d = compare("", "{\"a\":1,\"b\":5}", "", "{\"b\":5,\"a\":1}", o);
	doc_expect(d, "--- #1  200\n+++ #2  500\nHeaders: 0 differ, 0 alike\n"
		      "Body: JSON, 2 differences, the order of keys counts (o)\n@@ 1 line alike @@\n-   \"a\": 1\n"
		      "@@ 1 line alike @@\n+   \"a\": 1\n@@ 1 line alike @@\n");
	doc_free(d);
	o = (struct doc_diff_options){ .all_context = true, .columns = 80 };
	d = compare("A: 1\r\nB: 2\r\n", "{\"a\":[]}", "A: 1\r\nB: 3\r\n", "{\"a\":{\"x\":1}}", o);
	doc_expect(d, "--- #1  200\n+++ #2  500\nHeaders: 1 differs, 1 alike\n  A: 1\n- B: 2\n+ B: 3\n"
		      "Body: JSON, 1 difference\n  {\n-   \"a\": []\n+   \"a\": {\n+     \"x\": 1\n+   }\n  }\n");
	doc_free(d);
}

static void test_text_and_binary(void **state)
{
	struct doc_diff_options o = { .context = 1, .columns = 80 };
	(void)state;
	struct doc *d = compare("", "one\ntwo\nthree\nfour\n", "", "one\n2\nthree\nfour", o);
	doc_expect(d, "--- #1  200\n+++ #2  500\nHeaders: 0 differ, 0 alike\nBody: text, 4 lines differ\n"
		      "  one\n- two\n+ 2\n  three\n- four\n+ four (no line end)\n");
	doc_expect_value(d, 6, false, "2");
	doc_free(d);
	d = compare("", "a\x1b[31m rings\x07", "", "b\xe2\x80\xae", o);
	doc_expect(d, "--- #1  200\n+++ #2  500\nHeaders: 0 differ, 0 alike\nBody: text, 2 lines differ\n"
		      "- a^[[31m rings^G\n+ b<202e>\n");
	doc_free(d);
	d = compare("", "same", "", "same", o);
	doc_expect(d, "--- #1  200\n+++ #2  500\nHeaders: 0 differ, 0 alike\nBody: the same 4 bytes\n");
	doc_free(d);
	d = compare("", "", "", "", o);
	doc_expect(d, "--- #1  200\n+++ #2  500\nHeaders: 0 differ, 0 alike\nBody: none\n");
	doc_free(d);
	uint8_t bytes_a[40] = { 0 }, bytes_b[42] = { 0 };
	bytes_b[20] = 'x';
	struct doc_diff_side a = { bytes_of("a"), bytes_of(""), { bytes_a, 40 }, 40 };
	struct doc_diff_side b = { bytes_of("b"), bytes_of(""), { bytes_b, 42 }, 42 };
	d = doc_diff(&a, &b, &o);
	doc_expect(d, "--- a\n+++ b\nHeaders: 0 differ, 0 alike\n"
		      "Body: binary, 40 and 42 bytes, first difference at 0x14\n"
		      "  00000000 | 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 | ................\n"
		      "- 00000010 | 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 | ................\n"
		      "+ 00000010 | 00 00 00 00 78 00 00 00 00 00 00 00 00 00 00 00 | ....x...........\n"
		      "- 00000020 | 00 00 00 00 00 00 00 00                         | ........\n"
		      "+ 00000020 | 00 00 00 00 00 00 00 00 00 00                   | ..........\n");
	doc_free(d);
}

static void test_side_by_side(void **state)
{
	struct doc_diff_options o = { .context = 1, .columns = 43, .side_by_side = true };
	(void)state;
	struct doc *d =
	    compare("A: 1\r\n", "{\"a\":1,\"b\":[1],\"k\":0}", "B: 2\r\n", "{\"a\":2,\"b\":true,\"k\":0}", o);
	doc_expect(d, "#1  200                #2  500\n"
		      "Headers: 2 differ, 0 alike\n"
		      "A: 1                 <\n"
		      "                     > B: 2\n"
		      "Body: JSON, 2 differences\n"
		      "{                      {\n"
		      "  \"a\": 1             |   \"a\": 2\n"
		      "  \"b\": [             |   \"b\": true\n"
		      "    1                <\n"
		      "  ]                  <\n"
		      "  \"k\": 0                 \"k\": 0\n"
		      "@@ 1 line alike @@\n");
	struct doc_place p;
	assert_true(doc_find(d, 0, -1, false, "\"B\": TRUE", &p));
	assert_int_equal(p.line, 7);
	assert_int_equal(p.column, 25);
	assert_int_equal(p.columns, 9);
	assert_true(doc_find(d, 7, 25, true, "\"b\"", &p));
	assert_int_equal(p.column, 2);
	assert_false(doc_find(d, 0, -1, false, "differ", &p));
	assert_int_equal(doc_diff_hunk(d, 0, false), 2);
	assert_int_equal(doc_diff_hunk(d, 2, false), 6);
	assert_int_equal(doc_diff_hunk(d, 11, true), 6);
	doc_free(d);
	/* What is longer than its half goes on below. */
	d = compare("", "short\nx", "", "a line that is longer than twenty columns\nx", o);
	doc_expect(d, "#1  200                #2  500\n"
		      "Headers: 0 differ, 0 alike\n"
		      "Body: text, 2 lines differ\n"
		      "short                | a line that is longe\n"
		      "                     | r than twenty column\n"
		      "                     | s\n"
		      "x                      x\n");
	doc_free(d);
	/* A narrow caller, a wide character at the edge. */
	d = compare("", "\xe4\xb8\xad\xe4\xb8\xad\n", "", "b", o);
	struct cell cells[50];
	assert_int_equal(d->ops->line(d, 3, cells, 3), 2);
	doc_free(d);
}

/* Rows are the same, whichever way they are shown: every line of both sides comes once, in order. */
static void test_all_is_there(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 60; seed++) {
		struct buffer a = { 0 }, b = { 0 };
		uint32_t random = seed;
		for (int i = 0; i < 40; i++) {
			assert_true(buffer_printf(&a, "l%u\n", json_random_next(&random) % 9));
			assert_true(buffer_printf(&b, "l%u\n", json_random_next(&random) % 9));
		}
		struct doc_diff_side sa = { bytes_of("a"), bytes_of(""), buffer_view(&a), a.len };
		struct doc_diff_side sb = { bytes_of("b"), bytes_of(""), buffer_view(&b), b.len };
		struct doc_diff_options o = { .all_context = true, .columns = 80 };
		struct doc *d = doc_diff(&sa, &sb, &o);
		struct buffer old = { 0 }, new = { 0 };
		assert_non_null(d);
		for (size_t i = 4; i < d->ops->count(d); i++) {
			char *line = doc_line_text(d, i, true);
			if (line[0] != '+')
				assert_true(buffer_printf(&old, "%s\n", line + 2));
			if (line[0] != '-')
				assert_true(buffer_printf(&new, "%s\n", line + 2));
			free(line);
		}
		assert_true(bytes_equal(buffer_view(&old), buffer_view(&a)));
		assert_true(bytes_equal(buffer_view(&new), buffer_view(&b)));
		buffer_free(&old);
		buffer_free(&new);
		doc_free(d);
		buffer_free(&a);
		buffer_free(&b);
	}
}

/* Random JSON, both ways of showing it, odd widths: nothing falls over, and a hit is where it says. */
static void test_random_json(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 120; seed++) {
		struct buffer a = { 0 }, b = { 0 };
		json_random(&a, seed, true);
		json_random(&b, seed * 7, false);
		struct doc_diff_side sa = { bytes_of("a"), bytes_of("A: 1\r\n"), buffer_view(&a), a.len };
		struct doc_diff_side sb = { bytes_of("b"), bytes_of("B: 1\r\n"), buffer_view(&b), b.len };
		struct doc_diff_options o = { .side_by_side = seed % 2,
					      .key_order = seed % 3 == 0,
					      .context = (int)(seed % 4),
					      .columns = (int)(seed % 150),
					      .volatile_too = seed % 5 == 0 };
		struct doc *d = doc_diff(&sa, &sb, &o);
		struct doc_place p;
		assert_non_null(d);
		char *text = doc_dump(d);
		if (doc_find(d, 0, -1, false, "id", &p)) {
			char *hit = doc_hit_text(d, p);
			assert_string_equal(hit, "id");
			free(hit);
		}
		free(text);
		doc_free(d);
		buffer_free(&a);
		buffer_free(&b);
	}
}

static void test_bounds(void **state)
{
	size_t len = 3u << 20;
	char *a = malloc(len), *b = malloc(len);
	struct doc_diff_options o = { .context = 3, .columns = 120, .side_by_side = true };
	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	memset(a, 'a', len);
	memset(b, 'a', len);
	b[len - 1] = 'b';
	struct doc_diff_side sa = { bytes_of("a"), bytes_of(""), { (uint8_t *)a, len }, len };
	struct doc_diff_side sb = { bytes_of("b"), bytes_of(""), { (uint8_t *)b, len }, len };
	struct doc *d = doc_diff(&sa, &sb, &o);
	doc_expect(d, "a                                                            b\n"
		      "Headers: 0 differ, 0 alike\nBody: the same text\n"
		      "compared are the first 2 MiB; what follows (1048576 and 1048576 bytes) is different\n");
	assert_string_equal(d->about, "1 difference");
	doc_free(d);
	/* A line of 2 MiB in halves ends after some lines, and says so. */
	b[0] = 'b';
	d = doc_diff(&sa, &sb, &o);
	assert_true(d->ops->count(d) < 100);
	char *text = doc_dump(d);
	assert_non_null(strstr(text, "what is longer than 64 lines is not shown side by side"));
	free(text);
	doc_free(d);
	o.side_by_side = false;
	d = doc_diff(&sa, &sb, &o);
	assert_true(d->ops->count(d) > (2u << 20) * 2 / DOC_LINE_MAX);
	doc_free(d);
	/* Recorded in part only, and not as long. */
	sa.body.len = sb.body.len = 4;
	b[0] = 'a';
	sa.total = 10;
	sb.total = 12;
	d = doc_diff(&sa, &sb, &o);
	text = doc_dump(d);
	assert_non_null(strstr(text, "First body: shown 4 of 10 bytes\nSecond body: shown 4 of 12 bytes\n"));
	assert_string_equal(d->about, "1 difference");
	free(text);
	doc_free(d);
	free(a);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unified_json),    cmocka_unit_test(test_options),
		cmocka_unit_test(test_text_and_binary), cmocka_unit_test(test_side_by_side),
		cmocka_unit_test(test_all_is_there),    cmocka_unit_test(test_random_json),
		cmocka_unit_test(test_bounds),
	};
	return RUN(tests);
}
