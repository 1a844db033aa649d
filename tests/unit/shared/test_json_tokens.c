/* The token table of JSON: what it takes and refuses, where errors stand, what strings mean. */
#include "shared/json/json_tokens.h"
#include "tests/unit/shared/json_random.h"
#include "tests/unit/unit.h"

#include <time.h>

static bool takes(const char *text, bool many)
{
	struct json_tokens t;
	bool fine = json_tokenize(bytes_of(text), many, &t, NULL);
	json_tokens_free(&t);
	return fine;
}

static void test_table(void **state)
{
	static const char text[] = " {\"a\": [1, -2.50e+10, {}], \"a\" : \"x\\u0041\",\"c\":null}\n";
	static const struct json_token expected[] = {
		{ 1, 53, 13, 0, TOKEN_OPEN_OBJECT }, { 2, 3, 1, 1, TOKEN_KEY },
		{ 7, 19, 7, 1, TOKEN_OPEN_ARRAY },   { 8, 1, 3, 2, TOKEN_NUMBER },
		{ 11, 9, 4, 2, TOKEN_NUMBER },       { 22, 2, 6, 2, TOKEN_OPEN_OBJECT },
		{ 23, 1, 5, 2, TOKEN_CLOSE_OBJECT }, { 24, 1, 2, 1, TOKEN_CLOSE_ARRAY },
		{ 27, 3, 8, 1, TOKEN_KEY },          { 33, 9, 9, 1, TOKEN_STRING },
		{ 43, 3, 10, 1, TOKEN_KEY },         { 47, 4, 11, 1, TOKEN_WORD },
	};
	struct json_tokens t;
	(void)state;
	assert_true(json_tokenize(bytes_of(text), false, &t, NULL));
	assert_int_equal(t.count, 13);
	assert_int_equal(t.values, 1);
	for (size_t i = 1; i < sizeof expected / sizeof *expected; i++) {
		const struct json_token *e = &expected[i], *g = &t.at[i];
		if (e->at != g->at || e->depth != g->depth || e->kind != g->kind ||
		    (!json_is_open(e) && e->len != g->len))
			fail_msg("token %zu: at %u len %u partner %u depth %u kind %u", i, g->at, g->len, g->partner,
				 g->depth, g->kind);
	}
	assert_int_equal(t.at[0].partner, 12);
	assert_int_equal(t.at[12].partner, 0);
	assert_int_equal(t.at[0].len, strlen(text) - 2);
	assert_int_equal(t.at[2].partner, 7);
	assert_true(bytes_equal(json_lexeme(bytes_of(text), &t.at[2]), bytes_of("[1, -2.50e+10, {}]")));
	assert_int_equal(json_members(&t, 0), 3);
	assert_int_equal(json_members(&t, 2), 3);
	assert_int_equal(json_members(&t, 5), 0);
	assert_int_equal(json_parent(&t, 12), SIZE_MAX);
	assert_int_equal(json_parent(&t, 7), 0);
	assert_int_equal(json_parent(&t, 6), 2);
	assert_int_equal(json_parent(&t, 9), 0);
	assert_true(json_has_comma(&t, 7));
	assert_false(json_has_comma(&t, 6));
	assert_false(json_has_comma(&t, 12));
	json_tokens_free(&t);
}

static void test_takes(void **state)
{
	static const char *const good[] = {
		"{}",   "[]",     " [ ] ",   "0",     "-0",          "1e9",         "1E-2",           "0.0",     "\"\"",
		"true", "[[[]]]", "\"\\/\"", "null ", "\t[1,2]\r\n", "\"\\ud800\"", "\xef\xbb\xbf{}", "\"\xff\""
	};
	static const char *const bad[] = {
		"",         " ",          "{",     "]",     "{]",   "[}",      "[1,]",        "{,}",       "{\"a\"}",
		"{\"a\":}", "{\"a\":1,}", "{1:2}", "[1 2]", "01",   "1.",      ".5",          "1e",        "+1",
		"-",        "tru",        "True",  "nul",   "\"",   "\"\\x\"", "\"\\u12g4\"", "\"\\u12",   "\"\n\"",
		"'a'",      "[1]]",       "{}{}",  "1 2",   "[1]x", "//",      "\"a\"\"b\"",  "{\"a\" 1}", "[,1]",
		"-01",      "1.e1",       "\"\\"
	};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!takes(good[i], false) || !takes(good[i], true))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (takes(bad[i], false))
			fail_msg("taken: %s", bad[i]);
	assert_true(takes("{}{}", true));
	assert_true(takes("{\"a\":1}\n[2]\n3 4 \"x\"", true));
	assert_true(takes("1 2\n", true));
	assert_false(takes("12true", true));
	assert_false(takes("truefalse", true));
	assert_false(takes("{},{}", true));
	assert_false(takes("1,2", true));
}

static void test_error_places(void **state)
{
	static const struct {
		const char *text;
		size_t line, column;
		const char *what;
	} cases[] = {
		{ "{\n  \"a\": 1\n  \"b\": 2\n}", 3, 3, "a comma or } is missing" },
		{ "[1,\n2,\n]", 3, 1, "a value is missing" },
		{ "{\"\xc3\xa9\xe2\x82\xac\": x}", 1, 8, "a value is missing" },
		{ "{\"a\":\"b\n\"}", 1, 8, "a control character stands in a string" },
		{ "[\"\\q\"]", 1, 3, "this escape is not one of JSON's" },
		{ "[\"ab", 1, 5, "the text ends within a string" },
		{ "[1", 1, 3, "the text ends before ]" },
		{ "{}\n\nx", 3, 1, "something follows the end" },
		{ "[}", 1, 2, "the open bracket is [" },
		{ "[-]", 1, 3, "a digit is missing" },
		{ "", 1, 1, "a value is missing" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json_tokens t;
		struct json_error e;
		assert_false(json_tokenize(bytes_of(cases[i].text), false, &t, &e));
		if (e.line != cases[i].line || e.column != cases[i].column || strcmp(e.what, cases[i].what) != 0)
			fail_msg("%s: line %zu column %zu: %s", cases[i].text, e.line, e.column, e.what);
		assert_null(t.at);
	}
}

static void test_depth(void **state)
{
	size_t deep = 100000;
	char *text = malloc(deep * 2 + 1);
	struct json_tokens t;
	struct json_error e;
	(void)state;
	assert_non_null(text);
	memset(text, '[', deep);
	memset(text + deep, ']', deep);
	assert_false(json_tokenize(bytes_make(text, deep * 2), false, &t, &e));
	assert_int_equal(e.column, JSON_DEPTH_MAX + 1);
	assert_true(json_tokenize(bytes_make(text + deep - JSON_DEPTH_MAX, JSON_DEPTH_MAX * 2), false, &t, &e));
	assert_int_equal(t.count, JSON_DEPTH_MAX * 2);
	assert_int_equal(t.at[JSON_DEPTH_MAX - 1].depth, JSON_DEPTH_MAX - 1);
	json_tokens_free(&t);
	assert_false(
	    json_tokenize(bytes_make(text + deep - JSON_DEPTH_MAX - 1, JSON_DEPTH_MAX * 2 + 2), false, &t, &e));
	free(text);
}

static void check_path(const char *text, size_t token, const char *expected)
{
	struct json_tokens t;
	struct buffer path = { 0 };
	assert_true(json_tokenize(bytes_of(text), true, &t, NULL));
	assert_true(token < t.count);
	assert_true(json_path(bytes_of(text), &t, token, &path));
	if (!bytes_equal(buffer_view(&path), bytes_of(expected)))
		fail_msg("path of token %zu of %s: %.*s", token, text, (int)path.len, (char *)path.at);
	buffer_free(&path);
	json_tokens_free(&t);
}

static void test_paths(void **state)
{
	static const char text[] = "{\"data\":{\"items\":[1,{\"id\":7}],\"a b\":true,\"\":0}}";
	(void)state;
	check_path(text, 0, "");
	check_path(text, 1, "data");
	check_path(text, 2, "data");
	check_path(text, 5, "data.items[0]");
	check_path(text, 7, "data.items[1].id");
	check_path(text, 8, "data.items[1].id");
	check_path(text, 9, "data.items[1]");
	check_path(text, 10, "data.items");
	check_path(text, 12, "data[\"a b\"]");
	check_path(text, 13, "data[\"\"]");
	check_path("1 [2,3]", 0, "[0]");
	check_path("1 [2,3]", 3, "[1][1]");
}

static void test_meaning(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ "\"A\"", "\"\\u0041\"", true },
		{ "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"", true },
		{ "\"\\u00e9\"", "\"\xc3\xa9\"", true },
		{ "\"\\u20AC\"", "\"\\u20ac\"", true },
		{ "\"\\n\\t\\\"\\\\\\/\"", "\"\\u000a\\u0009\\u0022\\u005c/\"", true },
		{ "\"\\u0000\"", "\"\"", false },
		{ "\"\\u0000\"", "\"0\"", false },
		{ "\"a\"", "\"ab\"", false },
		{ "\"\\ud83d\"", "\"\\ude00\"", false },
		{ "\"\\ud83dx\"", "\"\\ud83d\"", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int order = json_text_compare(bytes_of(cases[i].a), bytes_of(cases[i].b));
		int back = json_text_compare(bytes_of(cases[i].b), bytes_of(cases[i].a));
		if ((order == 0) != cases[i].same || (order < 0) != (back > 0))
			fail_msg("%s and %s: %d %d", cases[i].a, cases[i].b, order, back);
	}
}

/* Every text of the generator is taken; lexemes and the bytes between them are the text; cut anywhere it is refused or
 * taken, but never read past its end (ASan looks). */
static void test_random(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 300; seed++) {
		struct buffer text = { 0 };
		struct json_tokens t;
		struct json_error e;
		json_random(&text, seed, true);
		if (!json_tokenize(buffer_view(&text), false, &t, &e))
			fail_msg("seed %u: %s at %zu: %.*s", seed, e.what, e.at, (int)text.len, (char *)text.at);
		size_t at = 0;
		for (size_t i = 0; i < t.count; i++) {
			for (; at < t.at[i].at; at++)
				assert_non_null(strchr(" \t\r\n,:", text.at[at]));
			at += json_is_open(&t.at[i]) ? 1 : t.at[i].len;
			assert_int_equal(t.at[t.at[i].partner].partner, i);
			if (t.at[i].depth)
				assert_int_equal(t.at[json_parent(&t, i)].depth, t.at[i].depth - 1);
		}
		json_tokens_free(&t);
		for (size_t cut = 0; cut < text.len && cut < 200; cut++) {
			uint8_t *exact = malloc(cut + 1);
			assert_non_null(exact);
			memcpy(exact, text.at, cut);
			exact[cut] = '"';
			if (json_tokenize(bytes_make(exact, cut), true, &t, &e))
				json_tokens_free(&t);
			else
				assert_true(e.at <= cut);
			free(exact);
		}
		buffer_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),  cmocka_unit_test(test_takes), cmocka_unit_test(test_error_places),
		cmocka_unit_test(test_depth),  cmocka_unit_test(test_paths), cmocka_unit_test(test_meaning),
		cmocka_unit_test(test_random),
	};
	return RUN(tests);
}
