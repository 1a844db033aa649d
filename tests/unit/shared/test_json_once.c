/* JSON texts whose memory goes back while they are read. */
#include "shared/json/json_once.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/buffer.h"
#include "tests/unit/unit.h"

#define LONG ((size_t)5 << 20)

/* {"before":"…","body":"aaa…","n":[1,2,3]} and something behind that is another's. */
static struct buffer make(size_t len, const char *before)
{
	struct buffer b = { 0 };
	assert_true(buffer_printf(&b, "{\"before\":\"%s\",\"body\":\"", before) && buffer_reserve(&b, len));
	memset(b.at + b.len, 'a', len);
	b.len += len;
	assert_true(buffer_append_text(&b, "\",\"n\":[1,2,3]}"));
	return b;
}

static void check(size_t len, const char *before, bool gone)
{
	struct buffer b = make(len, before);
	struct bytes text = buffer_view(&b);
	json_error_t je;
	json_t *expected = json_loadb((const char *)text.at, text.len, JSON_ALLOW_NUL, &je);
	assert_non_null(expected);
	assert_true(buffer_append_text(&b, "behind"));
	text.at = b.at;
	json_t *value = json_load_once(text, JSON_ALLOW_NUL, &je);
	assert_true(json_equal(value, expected));
	assert_memory_equal(b.at + text.len, "behind", 6);
	assert_int_equal(b.at[len / 2] == 'a', !gone);
	assert_int_equal(b.at[text.len - 1], '}');
	json_decref(value);
	json_decref(expected);
	buffer_free(&b);
}

static void test_what_was_read_is_given_back(void **state)
{
	(void)state;
	check(LONG, "x", true);
	check(LONG, "\\u00e9 \\\\ud800 \\\\\\\\ud800 \\ud7ff", true); /* none of them is a half */
	check(1000, "x", false);
}

static void test_what_may_be_read_again_stays(void **state)
{
	(void)state;
	check(LONG, "\\ud83d\\ude00", false);
	check(LONG, "\\\\\\uD83D\\uDE00", false);
}

static void test_a_failure_is_told_as_before(void **state)
{
	json_error_t of_once, of_all;
	(void)state;
	for (size_t cut = 1; cut < 40; cut++) {
		struct buffer b = make(LONG, "x\\n");
		struct bytes text = bytes_make(b.at, b.len - cut);
		assert_null(json_loadb((const char *)text.at, text.len, 0, &of_all));
		assert_null(json_load_once(text, 0, &of_once));
		assert_int_equal(of_once.line, of_all.line);
		assert_int_equal(of_once.column, of_all.column);
		assert_string_equal(of_once.text, of_all.text);
		buffer_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_read_is_given_back),
		cmocka_unit_test(test_what_may_be_read_again_stays),
		cmocka_unit_test(test_a_failure_is_told_as_before),
	};
	return RUN(tests);
}
