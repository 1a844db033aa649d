/* JSON laid out for reading. */
#include "client/print/json_pretty.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

static bool lay_out(struct buffer *out, struct bytes in)
{
	struct json_tokens tokens = { 0 };
	struct json_error e;
	assert_true(json_tokenize(in, true, &tokens, &e));
	bool fine = json_pretty_put(out, in, &tokens);
	json_tokens_free(&tokens);
	return fine;
}

static void expect(const char *in, const char *wanted)
{
	struct buffer out = { 0 };
	assert_true(buffer_append_text(&out, "> ") && lay_out(&out, bytes_of(in)) && buffer_put_u8(&out, 0));
	assert_string_equal((char *)out.at + 2, wanted);
	buffer_free(&out);
}

static void test_layout(void **state)
{
	(void)state;
	expect("{}", "{}\n");
	expect("[[],{}]", "[\n  [],\n  {}\n]\n");
	expect(" {\"a\":1,\"b\":[true,null,{\"c\":\"\\u0041\"}]} ",
	       "{\n  \"a\": 1,\n  \"b\": [\n    true,\n    null,\n    {\n      \"c\": \"\\u0041\"\n    }\n  ]\n}\n");
	/* As received: long numbers, duplicate keys, their order. */
	expect("{\"z\":9007199254740993,\"z\":1.0e+2,\"a\":-0}",
	       "{\n  \"z\": 9007199254740993,\n  \"z\": 1.0e+2,\n  \"a\": -0\n}\n");
	expect("\xef\xbb\xbf[1]", "[\n  1\n]\n");
	expect("7", "7\n");
	expect("{\"a\":1}\n{\"b\":2}\n", "{\n  \"a\": 1\n}\n{\n  \"b\": 2\n}\n");
}

/* Nested so deeply that it would be blanks above all. */
static void test_deep(void **state)
{
	enum { DEPTH = 500, ITEMS = 20000 };
	struct buffer in = { 0 }, out = { 0 };
	(void)state;
	for (int i = 0; i < DEPTH; i++)
		assert_true(buffer_put_u8(&in, '['));
	for (int i = 0; i < ITEMS; i++)
		assert_true(buffer_append_text(&in, i ? ",1" : "1"));
	for (int i = 0; i < DEPTH; i++)
		assert_true(buffer_put_u8(&in, ']'));
	assert_false(lay_out(&out, buffer_view(&in)));
	assert_int_equal(out.len, 0);
	buffer_free(&in);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_deep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
