/* What differs: sequences, lines, header fields, JSON by structure. */
#include "shared/compare/diff.h"
#include "tests/unit/shared/json_random.h"
#include "tests/unit/unit.h"

#include <time.h>

/* "=a -b +c": kinds with the line they stand for. */
static char *rows_as_text(const struct diff_lines *a, const struct diff_lines *b, const struct diff_rows *rows)
{
	struct buffer out = { 0 };
	for (size_t i = 0; i < rows->count; i++) {
		const struct diff_row *r = &rows->at[i];
		struct bytes line = r->a != DIFF_NONE ? diff_line(a, r->a) : diff_line(b, r->b);
		assert_true(buffer_printf(&out, "%s%c%.*s", i ? " " : "", "=-+~"[r->kind], (int)line.len, line.at));
	}
	char *text = bytes_dup_text(buffer_view(&out));
	buffer_free(&out);
	return text;
}

static void check_text(const char *a, const char *b, const char *expected)
{
	struct diff_lines la, lb;
	struct diff_rows rows = { 0 };
	assert_true(diff_lines_split(bytes_of(a), &la));
	assert_true(diff_lines_split(bytes_of(b), &lb));
	assert_true(diff_text(&la, &lb, &rows));
	char *text = rows_as_text(&la, &lb, &rows);
	assert_string_equal(text, expected);
	assert_int_equal(rows.differences == 0, strcmp(a, b) == 0);
	free(text);
	diff_rows_free(&rows);
	diff_lines_free(&la);
	diff_lines_free(&lb);
}

static void test_lines(void **state)
{
	(void)state;
	check_text("", "", "");
	check_text("a\nb\n", "a\nb\n", "=a =b");
	check_text("a\nb\nc\n", "a\nc\n", "=a -b =c");
	check_text("a\nc\n", "a\nb\nc\n", "=a +b =c");
	check_text("a\nb\nc\n", "a\nx\nc\n", "=a -b +x =c");
	check_text("", "a\n", "+a");
	check_text("a\n", "", "-a");
	check_text("a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n", "-a +c =b -c =a =b -b =a +c");
	check_text("a\nb", "a\nb\n", "=a -b +b"); /* the end of the last line counts */
	check_text("a\r\n", "a\n", "-a\r +a");
}

/* Length of the longest common subsequence, the plain way. */
static size_t common(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
	size_t *row = calloc(m + 1, sizeof *row), result;
	assert_non_null(row);
	for (size_t i = 0; i < n; i++) {
		size_t corner = 0;
		for (size_t j = 0; j < m; j++) {
			size_t above = row[j + 1];
			row[j + 1] = a[i] == b[j] ? corner + 1 : above > row[j] ? above : row[j];
			corner = above;
		}
	}
	result = row[m];
	free(row);
	return result;
}

/* The rows rebuild both sides; gives how many are the same. */
static size_t check_rows(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
	struct diff_rows rows = { 0 };
	size_t i = 0, j = 0, same = 0;
	assert_true(diff_sequences(a, n, b, m, &rows));
	for (size_t k = 0; k < rows.count; k++) {
		const struct diff_row *r = &rows.at[k];
		if (r->kind == DIFF_SAME)
			assert_int_equal(a[r->a], b[r->b]);
		if (r->kind != DIFF_ADDED)
			assert_int_equal(r->a, i++);
		else
			assert_int_equal(r->a, DIFF_NONE);
		if (r->kind != DIFF_REMOVED)
			assert_int_equal(r->b, j++);
		same += r->kind == DIFF_SAME;
	}
	assert_int_equal(i, n);
	assert_int_equal(j, m);
	assert_int_equal(rows.differences, n + m - 2 * same);
	diff_rows_free(&rows);
	return same;
}

static void test_sequences_are_shortest(void **state)
{
	uint32_t seed = 12345, a[60], b[60];
	(void)state;
	for (int round = 0; round < 3000; round++) {
		size_t n = json_random_next(&seed) % 60, m = json_random_next(&seed) % 60;
		uint32_t letters = 1 + json_random_next(&seed) % 12;
		for (size_t i = 0; i < n; i++)
			a[i] = json_random_next(&seed) % letters;
		for (size_t i = 0; i < m; i++)
			b[i] = json_random_next(&seed) % letters;
		assert_int_equal(check_rows(a, n, b, m), common(a, n, b, m));
	}
}

/* Two long sequences with hardly anything in order: the bound on D cuts the search, and the rows still rebuild both. */
static void test_sequences_bounded(void **state)
{
	size_t n = 200000;
	uint32_t seed = 99, *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b);
	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	for (size_t i = 0; i < n; i++) {
		a[i] = json_random_next(&seed) % 1000;
		b[i] = json_random_next(&seed) % 1000;
	}
	clock_t start = clock();
	assert_true(check_rows(a, n, b, n) > n / 100);
	/* Unbounded this takes minutes; the figure is for a build with sanitizers. */
	assert_true((clock() - start) / CLOCKS_PER_SEC < 30);
	free(a);
	free(b);
}

static void test_hunks(void **state)
{
	struct diff_row at[20] = { 0 };
	struct diff_rows rows = { .at = at, .count = 20 };
	size_t start, end;
	(void)state;
	assert_false(diff_hunk(&rows, 0, 3, &start, &end));
	at[5].kind = at[6].kind = DIFF_ADDED;
	at[15].kind = DIFF_REMOVED;
	assert_true(diff_hunk(&rows, 0, 3, &start, &end));
	assert_int_equal(start, 2);
	assert_int_equal(end, 10);
	assert_true(diff_hunk(&rows, end, 3, &start, &end));
	assert_int_equal(start, 12);
	assert_int_equal(end, 19);
	assert_false(diff_hunk(&rows, end, 3, &start, &end));
	assert_true(diff_hunk(&rows, 0, 4, &start, &end)); /* they touch */
	assert_int_equal(start, 1);
	assert_int_equal(end, 20);
	assert_true(diff_hunk(&rows, 0, SIZE_MAX, &start, &end));
	assert_int_equal(start, 0);
	assert_int_equal(end, 20);
	assert_true(diff_hunk(&rows, 0, 0, &start, &end));
	assert_int_equal(start, 5);
	assert_int_equal(end, 7);
}

static void check_headers(const char *a, const char *b, bool no_volatile, const char *expected)
{
	struct diff_fields f;
	struct buffer out = { 0 };
	assert_true(diff_headers(bytes_of(a), bytes_of(b), no_volatile, &f));
	for (size_t i = 0; i < f.count; i++)
		assert_true(buffer_printf(&out, "%s%c%.*s:%.*s:%.*s", i ? " " : "", "=-+~"[f.at[i].kind],
					  (int)f.at[i].name.len, f.at[i].name.at, (int)f.at[i].a.len,
					  f.at[i].a.len ? (const char *)f.at[i].a.at : "", (int)f.at[i].b.len,
					  f.at[i].b.len ? (const char *)f.at[i].b.at : ""));
	if (!bytes_equal(buffer_view(&out), bytes_of(expected)))
		fail_msg("%.*s", (int)out.len, (char *)out.at);
	buffer_free(&out);
	diff_fields_free(&f);
}

static void test_headers(void **state)
{
	(void)state;
	check_headers("", "", false, "");
	check_headers("A: 1\r\nB: 2\r\n", "b: 2\r\na: 1\r\n", false, "=A:1:1 =B:2:2");
	check_headers("A: 1\r\nB: 2\r\n", "A: 3\r\nC: 4\r\n", false, "~A:1:3 -B:2: +C::4");
	/* Of several with one name those with equal values are partners, whatever their order. */
	check_headers("S: x\r\nS: y\r\n", "S: y\r\n", false, "-S:x: =S:y:y");
	check_headers("S: x\r\nS: y\r\n", "S: y\r\nS: z\r\n", false, "~S:x:z =S:y:y");
	check_headers("S: x\r\n", "S: x\r\nS: x\r\n", false, "=S:x:x +S::x");
	check_headers("Date: 1\r\nX-Hub-Signature-256: a\r\nE: 1\r\n", "Date: 2\r\nX-Hub-Signature-256: b\r\nE: 2\r\n",
		      true, "=Date:1:2 =X-Hub-Signature-256:a:b ~E:1:2");
	check_headers("Stripe-Signature: a\r\n", "", true, "=Stripe-Signature:a:");
}

static void test_volatile_names(void **state)
{
	static const char *const headers[] = { "date",
					       "X-Request-ID",
					       "Stripe-Signature",
					       "X-Shopify-Hmac-Sha256",
					       "X-GitHub-Delivery",
					       "webhook-timestamp",
					       "traceparent",
					       "X-Slack-Request-Timestamp",
					       "svix-id",
					       "CF-Ray" };
	static const char *const keys[] = { "\"created\"",    "\"created_at\"",      "\"updatedAt\"",
					    "\"request_id\"", "\"event_timestamp\"", "\"nonce\"" };
	static const char *const not_keys[] = { "\"format\"", "\"id\"", "\"data\"", "\"at\"", "\"THAT\"", "\"\"" };
	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		if (!diff_is_volatile_header(bytes_of(headers[i])))
			fail_msg("%s", headers[i]);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (!diff_is_volatile_key(bytes_of(keys[i])))
			fail_msg("%s", keys[i]);
	for (size_t i = 0; i < sizeof not_keys / sizeof *not_keys; i++)
		if (diff_is_volatile_key(bytes_of(not_keys[i])))
			fail_msg("%s", not_keys[i]);
	assert_false(diff_is_volatile_header(bytes_of("Content-Type")));
	assert_false(diff_is_volatile_header(bytes_of("Sign")));
}

static struct json_tokens tokens_of(struct bytes text)
{
	struct json_tokens t;
	struct json_error e;
	if (!json_tokenize(text, true, &t, &e))
		fail_msg("%s at %zu of %.*s", e.what, e.at, (int)text.len, text.at);
	return t;
}

/* The lexeme of the key, scalar or bracket a row begins with. */
static void put_token(struct buffer *out, struct bytes text, const struct json_tokens *t, uint32_t i)
{
	struct bytes lexeme = json_lexeme(text, &t->at[i]);
	if (json_is_open(&t->at[i]))
		lexeme.len = 1;
	assert_true(buffer_append_bytes(out, lexeme));
	if (t->at[i].kind == TOKEN_KEY) {
		lexeme = json_lexeme(text, &t->at[i + 1]);
		if (json_is_open(&t->at[i + 1]))
			lexeme.len = 1;
		assert_true(buffer_put_u8(out, ':') && buffer_append_bytes(out, lexeme));
	}
}

static size_t diff_as_text(struct bytes a, struct bytes b, struct diff_json_options o, struct buffer *out,
			   size_t *passed_over)
{
	struct json_tokens ta = tokens_of(a), tb = tokens_of(b);
	struct diff_json_side sa = { a, &ta }, sb = { b, &tb };
	struct diff_rows rows = { 0 };
	assert_true(diff_json(&sa, &sb, &o, &rows));
	for (size_t i = 0; i < rows.count; i++) {
		const struct diff_row *r = &rows.at[i];
		if (r->kind == DIFF_SAME)
			continue;
		assert_true(buffer_printf(out, "%s%u%c", out->len ? " " : "", r->depth, "=-+~"[r->kind]));
		if (r->a != DIFF_NONE)
			put_token(out, a, &ta, r->a);
		if (r->kind == DIFF_CHANGED)
			assert_true(buffer_append_text(out, "/"));
		if (r->b != DIFF_NONE)
			put_token(out, b, &tb, r->b);
	}
	size_t differences = rows.differences;
	*passed_over = rows.passed_over;
	diff_rows_free(&rows);
	json_tokens_free(&ta);
	json_tokens_free(&tb);
	return differences;
}

static void check_json(const char *a, const char *b, struct diff_json_options o, size_t differences,
		       const char *expected)
{
	struct buffer out = { 0 };
	size_t passed_over, count = diff_as_text(bytes_of(a), bytes_of(b), o, &out, &passed_over);
	if (count != differences || !bytes_equal(buffer_view(&out), bytes_of(expected)))
		fail_msg("%s and %s: %zu: %.*s", a, b, count, (int)out.len, (char *)out.at);
	buffer_free(&out);
}

static void test_json(void **state)
{
	struct diff_json_options plain = { 0 }, ordered = { .key_order = true }, quiet = { .no_volatile = true };
	(void)state;
	check_json("{\"a\":1,\"b\":[1,2]}", " { \"b\" : [ 1, 2 ] ,\"a\":1}", plain, 0, "");
	check_json("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", ordered, 2, "1-\"a\":1 1+\"a\":1");
	check_json("{\"a\":1}", "{\"a\":2}", plain, 1, "1~\"a\":1/\"a\":2");
	check_json("{\"a\":1}", "{\"a\":1.0}", plain, 1, "1~\"a\":1/\"a\":1.0"); /* as written */
	check_json("{\"a\":\"\\u0041\"}", "{\"\\u0061\":\"A\"}", plain, 0, "");
	check_json("{\"a\":1}", "{\"b\":1}", plain, 2, "1-\"a\":1 1+\"b\":1");
	check_json("{\"a\":{\"x\":1}}", "{\"a\":[1]}", plain, 1, "1-\"a\":{ 2-\"x\":1 1-} 1+\"a\":[ 2+1 1+]");
	check_json("{\"a\":{}}", "{\"a\":{\"x\":[]}}", plain, 1, "2+\"x\":[");
	check_json("[1,2,3]", "[0,1,2,3]", plain, 1, "1+0");
	check_json("[{\"id\":1},{\"id\":2}]", "[{\"id\":2}]", plain, 1, "1-{ 2-\"id\":1 1-}");
	check_json("[{\"id\":1,\"v\":1}]", "[{\"id\":1,\"v\":2}]", plain, 1, "2~\"v\":1/\"v\":2");
	/* A key twice: the n-th is the partner of the n-th. */
	check_json("{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":3}", plain, 1, "1~\"a\":2/\"a\":3");
	check_json("{\"a\":1,\"a\":2}", "{\"a\":1}", plain, 1, "1-\"a\":2");
	check_json("null", "\"null\"", plain, 1, "0~null/\"null\"");
	check_json("1 2", "1 3", plain, 1, "0~2/3");
	check_json("{\"created\":1,\"x\":1}", "{\"created\":2,\"x\":2}", quiet, 1, "1~\"x\":1/\"x\":2");
	/* What b alone has comes where b has it. */
	check_json("{\"a\":1,\"c\":3}", "{\"a\":1,\"b\":2,\"c\":4}", plain, 2, "1+\"b\":2 1~\"c\":3/\"c\":4");
}

/* Shuffles nothing but blanks and escapes: a text is the same as itself written otherwise, and differs from another
 * exactly when the other way round differs too. */
static void test_json_random(void **state)
{
	struct diff_json_options plain = { 0 }, ordered = { .key_order = true };
	(void)state;
	for (uint32_t seed = 1; seed <= 300; seed++) {
		struct buffer a = { 0 }, b = { 0 }, c = { 0 }, out = { 0 };
		size_t passed;
		json_random(&a, seed, false);
		json_random(&b, seed + 1, true);
		json_random(&c, seed, false);
		assert_int_equal(diff_as_text(buffer_view(&a), buffer_view(&c), plain, &out, &passed), 0);
		assert_int_equal(diff_as_text(buffer_view(&a), buffer_view(&c), ordered, &out, &passed), 0);
		assert_int_equal(out.len, 0);
		size_t there = diff_as_text(buffer_view(&a), buffer_view(&b), plain, &out, &passed);
		size_t back = diff_as_text(buffer_view(&b), buffer_view(&a), plain, &out, &passed);
		assert_int_equal(there == 0, back == 0);
		assert_int_equal(there == 0, out.len == 0);
		buffer_free(&a);
		buffer_free(&b);
		buffer_free(&c);
		buffer_free(&out);
	}
}

static void test_first_byte(void **state)
{
	size_t at;
	(void)state;
	assert_false(diff_first_byte(bytes_of("abc"), bytes_of("abc"), &at));
	assert_true(diff_first_byte(bytes_of("abc"), bytes_of("abd"), &at));
	assert_int_equal(at, 2);
	assert_true(diff_first_byte(bytes_of("ab"), bytes_of("abd"), &at));
	assert_int_equal(at, 2);
	assert_true(diff_first_byte(bytes_of(""), bytes_of("x"), &at));
	assert_int_equal(at, 0);
}

/* What the bounds allow is compared as without them; else nothing is said. */
static void check_bounds(const struct diff_rows *bounds, bool goes)
{
	struct bytes ta = bytes_of("[1,2,3]"), tb = bytes_of("[1,4,5,6]");
	struct json_tokens ja = tokens_of(ta), jb = tokens_of(tb);
	struct diff_json_side sa = { ta, &ja }, sb = { tb, &jb };
	struct diff_json_options o = { 0 };
	struct diff_lines la, lb;
	struct diff_rows json = *bounds, text = *bounds;
	assert_true(diff_lines_split(bytes_of("a\nb\nc\n"), &la) && diff_lines_split(bytes_of("x\nb\ny\n"), &lb));
	assert_int_equal(diff_text(&la, &lb, &text), goes);
	assert_int_equal(text.gave_up, !goes);
	assert_int_equal(diff_json(&sa, &sb, &o, &json), goes);
	assert_int_equal(json.gave_up, !goes);
	assert_int_equal(json.differences > 0, goes);
	diff_rows_free(&text);
	diff_rows_free(&json);
	assert_int_equal(text.gave_up, !goes);
	diff_lines_free(&la);
	diff_lines_free(&lb);
	json_tokens_free(&ja);
	json_tokens_free(&jb);
}

static void test_bounds(void **state)
{
	struct deadline late = deadline_in(0), soon = deadline_in(UINT64_C(3600000000)), none = { 0 };
	(void)state;
	check_bounds(&(struct diff_rows){ 0 }, true);
	check_bounds(&(struct diff_rows){ .until = &none, .most = 100 }, true);
	check_bounds(&(struct diff_rows){ .until = &soon, .most = 100 }, true);
	check_bounds(&(struct diff_rows){ .until = &late }, false);
	check_bounds(&(struct diff_rows){ .most = 5 }, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_sequences_are_shortest),
		cmocka_unit_test(test_sequences_bounded),
		cmocka_unit_test(test_hunks),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_volatile_names),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_random),
		cmocka_unit_test(test_first_byte),
	};
	return RUN(tests);
}
