/* JSON documents: what is shown is what was received; folds, partners, search. */
#include <time.h>

#include "shared/json/json_tokens.h"
#include "tests/unit/tui/doc_fixture.h"
#include "tui/bodies/doc_body.h"
#include "tests/unit/shared/json_random.h"

static const char sample[] =
    "{\"id\":\"evt_1\",\"n\":1.50e2,\"data\":{\"object\":{\"a\":1,\"a\":2},\"list\":[1,[],{}]},"
    "\"ok\":true}";

static void test_layout(void **state)
{
	struct doc *d = doc_json(bytes_of(sample), sizeof sample - 1);
	(void)state;
	doc_expect(d, "v {\n"
		      "    \"id\": \"evt_1\",\n"
		      "    \"n\": 1.50e2,\n"
		      "  v \"data\": {\n"
		      "    v \"object\": {\n"
		      "        \"a\": 1,\n"
		      "        \"a\": 2\n"
		      "      },\n"
		      "    v \"list\": [\n"
		      "        1,\n"
		      "        [],\n"
		      "        {}\n"
		      "      ]\n"
		      "    },\n"
		      "    \"ok\": true\n"
		      "  }\n");
	assert_string_equal(d->about, "JSON");
	doc_free(d);
}

static void test_folding(void **state)
{
	struct doc *d = doc_json(bytes_of(sample), sizeof sample - 1);
	(void)state;
	assert_non_null(d);
	/* On a member: folds what is around it, and stays on it. */
	assert_int_equal(d->ops->fold(d, 5, DOC_FOLD_TOGGLE), 4);
	doc_expect(d, "v {\n"
		      "    \"id\": \"evt_1\",\n"
		      "    \"n\": 1.50e2,\n"
		      "  v \"data\": {\n"
		      "    > \"object\": { 2 keys, 13 },\n"
		      "    v \"list\": [\n"
		      "        1,\n"
		      "        [],\n"
		      "        {}\n"
		      "      ]\n"
		      "    },\n"
		      "    \"ok\": true\n"
		      "  }\n");
	assert_int_equal(d->ops->partner(d, 3), 10);
	assert_int_equal(d->ops->partner(d, 10), 3);
	assert_int_equal(d->ops->partner(d, 4), 4);
	assert_int_equal(d->ops->partner(d, 7), 7); /* [] is a line of its own partner */
	/* On a closing bracket. */
	assert_int_equal(d->ops->fold(d, 9, DOC_FOLD_TOGGLE), 5);
	assert_int_equal(d->ops->fold(d, 3, DOC_FOLD_TOGGLE), 3);
	doc_expect(d, "v {\n"
		      "    \"id\": \"evt_1\",\n"
		      "    \"n\": 1.50e2,\n"
		      "  > \"data\": { 2 keys, 41 },\n"
		      "    \"ok\": true\n"
		      "  }\n");
	/* What was folded inside stays so. */
	assert_int_equal(d->ops->fold(d, 3, DOC_FOLD_TOGGLE), 3);
	assert_int_equal(d->ops->count(d), 9);
	assert_int_equal(d->ops->fold(d, 5, DOC_FOLD_NONE), 8);
	assert_int_equal(d->ops->count(d), 16);
	assert_int_equal(d->ops->fold(d, 6, DOC_FOLD_ALL), 3);
	assert_int_equal(d->ops->count(d), 6);
	assert_int_equal(d->ops->fold(d, 0, DOC_FOLD_LESS), 0);
	assert_int_equal(d->ops->count(d), 9);
	assert_int_equal(d->ops->fold(d, 0, DOC_FOLD_LESS), 0);
	assert_int_equal(d->ops->count(d), 16);
	assert_int_equal(d->ops->fold(d, 9, DOC_FOLD_MORE), 5);
	assert_int_equal(d->ops->count(d), 9);
	assert_int_equal(d->ops->fold(d, 0, DOC_FOLD_MORE), 0);
	assert_int_equal(d->ops->fold(d, 0, DOC_FOLD_MORE), 0);
	assert_int_equal(d->ops->count(d), 6); /* the outermost stays open */
	assert_int_equal(d->ops->fold(d, 0, DOC_FOLD_TOGGLE), 0);
	doc_expect(d, "> { 4 keys, 84 }\n");
	doc_free(d);
}

static void test_find(void **state)
{
	struct doc *d = doc_json(bytes_of(sample), sizeof sample - 1);
	struct doc_place p;
	(void)state;
	assert_non_null(d);
	d->ops->fold(d, 0, DOC_FOLD_ALL);
	assert_true(doc_find(d, 0, -1, false, "\"A\": 2", &p));
	/* The two folds around it were opened, no other. */
	assert_int_equal(p.line, 6);
	assert_int_equal(d->ops->count(d), 12);
	char *hit = doc_hit_text(d, p);
	assert_string_equal(hit, "\"a\": 2");
	free(hit);
	/* On: nothing else, so the same again. */
	assert_true(doc_find(d, p.line, p.column, false, "\"A\": 2", &p));
	assert_int_equal(p.line, 6);
	assert_true(doc_find(d, 6, p.column, true, "\"a\"", &p));
	assert_int_equal(p.line, 5);
	assert_true(doc_find(d, 5, p.column, true, "\"a\"", &p)); /* from the end again */
	assert_int_equal(p.line, 6);
	/* Our own words are not found, and neither is what is not there. */
	d->ops->fold(d, 0, DOC_FOLD_ALL);
	assert_false(doc_find(d, 0, -1, false, "keys", &p));
	assert_false(doc_find(d, 0, -1, true, "nowhere", &p));
	assert_false(doc_find(d, 0, -1, false, "", &p));
	assert_int_equal(d->ops->count(d), 6);
	assert_true(doc_find(d, 99, 0, true, "e", &p));
	assert_int_equal(p.line, 4); /* tru[e] */
	doc_free(d);
}

static void test_value(void **state)
{
	struct doc *d = doc_json(bytes_of(sample), sizeof sample - 1);
	(void)state;
	assert_non_null(d);
	doc_expect_value(d, 1, false, "evt_1");
	doc_expect_value(d, 1, true, "id");
	doc_expect_value(d, 2, false, "1.50e2");
	doc_expect_value(d, 4, false, "{\"a\":1,\"a\":2}");
	doc_expect_value(d, 7, false, "{\"a\":1,\"a\":2}");
	doc_expect_value(d, 9, true, "data.list[0]");
	doc_expect_value(d, 15, true, "");
	doc_expect_value(d, 16, true, NULL);
	doc_free(d);
}

static void test_invalid(void **state)
{
	char why[80];
	char deep[2000];
	(void)state;
	assert_null(doc_json_or(bytes_of("{\n \"a\": }"), 9, why));
	assert_string_equal(why, "invalid JSON, line 2 column 7: a value is missing");
	memset(deep, '[', sizeof deep);
	assert_null(doc_json_or(bytes_make(deep, sizeof deep), sizeof deep, why));
	assert_string_equal(why, "invalid JSON, line 1 column 513: it is nested deeper than 512");
	assert_null(doc_json(bytes_of(""), 0));
}

static void test_cut_and_many(void **state)
{
	struct doc *d = doc_json(bytes_of("1\n{\"a\":2}\n"), 3 << 20);
	(void)state;
	doc_expect(d, "  1\nv {\n    \"a\": 2\n  }\nshown 10 bytes of 3.0 MiB\n");
	assert_string_equal(d->about, "JSON, 2 values");
	assert_int_equal(d->ops->fold(d, 4, DOC_FOLD_TOGGLE), 4);
	assert_int_equal(d->ops->partner(d, 4), 4);
	doc_expect_value(d, 4, false, NULL);
	doc_expect_value(d, 2, true, "[1].a");
	doc_free(d);
}

static void strip(struct bytes in, struct buffer *out)
{
	bool quoted = false;
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.at[i];
		if (quoted || !strchr(" \t\r\n", c))
			assert_true(buffer_put_u8(out, c));
		if (quoted && c == '\\')
			assert_true(buffer_put_u8(out, in.at[++i]));
		else if (c == '"')
			quoted = !quoted;
	}
}

/* The gate changes bytes; so both sides go through it, by being shown as text. */
static char *as_shown(struct bytes in)
{
	struct doc *d = doc_text(in, in.len);
	struct buffer out = { 0 };
	assert_non_null(d);
	for (size_t i = 0; i < d->ops->count(d); i++)
		doc_put_line(d, i, false, &out);
	char *text = bytes_dup_text(buffer_view(&out));
	buffer_free(&out);
	doc_free(d);
	return text;
}

static void check_shown(struct doc *d, struct bytes body, uint32_t seed)
{
	struct buffer plain = { 0 }, shown = { 0 }, stripped = { 0 };
	strip(body, &plain);
	for (size_t i = 0; i < d->ops->count(d); i++)
		doc_put_line(d, i, false, &shown);
	strip(buffer_view(&shown), &stripped);
	char *expected = as_shown(buffer_view(&plain)), *got = bytes_dup_text(buffer_view(&stripped));
	if (strcmp(expected, got) != 0)
		fail_msg("seed %u:\n%s\n%s", seed, expected, got);
	free(expected);
	free(got);
	buffer_free(&plain);
	buffer_free(&shown);
	buffer_free(&stripped);
}

/* Open, what is shown is the received lexemes; any folding and opening again gives the same; each shown line has its
 * place while folds come and go. */
static void test_random(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 200; seed++) {
		struct buffer body = { 0 };
		uint32_t random = seed;
		json_random(&body, seed, true);
		struct doc *d = doc_json(buffer_view(&body), body.len);
		assert_non_null(d);
		check_shown(d, buffer_view(&body), seed);
		char *open = doc_dump(d);
		for (int n = 0; n < 20; n++) {
			size_t count = d->ops->count(d), i = json_random_next(&random) % count;
			enum doc_fold how = (enum doc_fold)(json_random_next(&random) % 5);
			size_t now = d->ops->fold(d, i, how);
			assert_true(now < d->ops->count(d));
			for (size_t k = 0; k < d->ops->count(d); k++) {
				size_t partner = d->ops->partner(d, k);
				assert_true(partner < d->ops->count(d));
				assert_int_equal(partner == k ? k : d->ops->partner(d, partner), k);
			}
		}
		d->ops->fold(d, 0, DOC_FOLD_NONE);
		char *again = doc_dump(d);
		assert_string_equal(open, again);
		free(open);
		free(again);
		doc_free(d);
		buffer_free(&body);
	}
}

/* Toggling twice on a bracket's line changes nothing. */
static void test_toggle_twice(void **state)
{
	(void)state;
	for (uint32_t seed = 300; seed <= 340; seed++) {
		struct buffer body = { 0 };
		json_random(&body, seed, false);
		struct doc *d = doc_json(buffer_view(&body), body.len);
		assert_non_null(d);
		char *before = doc_dump(d);
		for (size_t i = 0; i < d->ops->count(d); i++) {
			size_t at = d->ops->fold(d, i, DOC_FOLD_TOGGLE);
			size_t folded = d->ops->count(d);
			size_t back = d->ops->fold(d, at, DOC_FOLD_TOGGLE);
			assert_int_equal(back, at);
			assert_true(folded <= d->ops->count(d));
		}
		char *after = doc_dump(d);
		assert_string_equal(before, after);
		free(before);
		free(after);
		doc_free(d);
		buffer_free(&body);
	}
}

/* A string of 10 MB takes lines of at most DOC_LINE_MAX cells that hold all of it; what stands across a break is found.
 */
static void test_long_string(void **state)
{
	size_t len = 10u << 20;
	struct buffer body = { 0 };
	struct doc_place p;
	(void)state;
	assert_true(buffer_append_text(&body, "{\"k\":\"") && buffer_reserve(&body, len));
	memset(body.at + body.len, 'x', len);
	memcpy(body.at + body.len + 4030 - 10, "Needle-Across", 13);
	memcpy(body.at + body.len + len - 13, "\xff\xff\xff\xff\xff\xff\xff\xff\x9b\x9b\x9b\x9b.", 13);
	body.len += len;
	assert_true(buffer_append_text(&body, "\",\"z\":1}"));
	struct doc *d = doc_json(buffer_view(&body), body.len);
	assert_non_null(d);
	size_t count = d->ops->count(d), total = 0;
	for (size_t i = 0; i < count; i++) {
		char *line = doc_line_text(d, i, false);
		total += strlen(line);
		free(line);
	}
	/* 12 bytes came as <ff>; beside the string: brackets, indents, keys, comma. */
	assert_int_equal(total, len + 12 * 3 +
				    strlen("{"
					   "  \"k\": \"\","
					   "  \"z\": 1"
					   "}"));
	assert_true(count > len / DOC_LINE_MAX && count < len / (DOC_LINE_MAX - 100) + 10);
	assert_true(doc_find(d, 0, -1, false, "needle-across", &p));
	assert_true(p.line >= 1 && p.line <= 2);
	assert_true(doc_find(d, 0, -1, false, "\"z\"", &p));
	assert_int_equal(p.line, count - 2);
	assert_true(doc_find(d, count - 1, 0, true, "\"k\"", &p));
	assert_int_equal(p.line, 1);
	d->ops->fold(d, 0, DOC_FOLD_TOGGLE);
	doc_expect(d, "> { 2 keys, 10M }\n");
	doc_free(d);
	buffer_free(&body);
}

static void test_hostile_strings(void **state)
{
	static const char body[] =
	    "{\"\x7f\xc2\x9b\":\"\xe2\x80\xae\xe2\x81\xa6 \xf3\xa0\x81\x81 \xff\x9b \\u001b[31m\"}";
	struct doc *d = doc_json(bytes_of(body), sizeof body - 1);
	(void)state;
	doc_expect(d, "v {\n    \"^?<9b>\": \"<202e><2066> <e0041> <ff><9b> \\u001b[31m\"\n  }\n");
	doc_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),      cmocka_unit_test(test_folding),
		cmocka_unit_test(test_find),        cmocka_unit_test(test_value),
		cmocka_unit_test(test_invalid),     cmocka_unit_test(test_cut_and_many),
		cmocka_unit_test(test_random),      cmocka_unit_test(test_toggle_twice),
		cmocka_unit_test(test_long_string), cmocka_unit_test(test_hostile_strings),
	};
	return RUN(tests);
}
