#include <ctype.h>

#include "shared/base/buffer.h"
#include "shared/base/reader.h"
#include "shared/base/uuid.h"
#include "tests/unit/unit.h"

static void test_buffer_grows_and_consumes(void **state)
{
	struct buffer b = { 0 };
	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(buffer_put_u32(&b, (uint32_t)i));
	assert_int_equal(b.len, 4000);
	buffer_consume(&b, 3996);
	assert_int_equal(b.len, 4);
	assert_int_equal(bytes_get_u32(b.at), 999);
	buffer_consume(&b, 100);
	assert_int_equal(b.len, 0);
	buffer_free(&b);
	assert_null(b.at);
}

static void test_reserve_refuses_overflow(void **state)
{
	struct buffer b = { 0 };
	(void)state;
	assert_true(buffer_put_u8(&b, 1));
	assert_false(buffer_reserve(&b, SIZE_MAX));
	assert_int_equal(b.len, 1);
	buffer_free(&b);
}

static void test_printf_keeps_what_was_there(void **state)
{
	struct buffer b = { 0 };
	(void)state;
	assert_true(buffer_append_text(&b, "a="));
	assert_true(buffer_printf(&b, "%d %s", 7, "seven"));
	assert_true(bytes_equal(buffer_view(&b), bytes_of("a=7 seven")));
	buffer_free(&b);
}

static void test_reader_stops_at_the_end(void **state)
{
	const uint8_t data[] = { 0, 3, 'a', 'b', 'c', 0, 9, 'x' };
	struct reader r = reader_of(bytes_make(data, sizeof data));
	(void)state;
	assert_true(bytes_equal(reader_bytes16(&r), bytes_of("abc")));
	assert_false(r.bad);
	assert_int_equal(reader_bytes16(&r).len, 0); /* says 9, has 1 */
	assert_true(r.bad);
	assert_int_equal(reader_u8(&r), 0); /* nothing more after the first failure */
}

static void test_nocase(void **state)
{
	(void)state;
	assert_true(bytes_equal_nocase(bytes_of("CONTENT-length"), "Content-Length"));
	assert_false(bytes_equal_nocase(bytes_of("Content-Lengt"), "Content-Length"));
	assert_false(bytes_equal_nocase(bytes_of("Content-Length2"), "Content-Length"));
	assert_false(bytes_equal_nocase(bytes_of("Content_Length"), "Content-Length"));
	for (int a = 0; a < 256; a++)
		for (int b = 1; b < 256; b++) {
			const char one[] = { 'x', (char)a, 0 }, other[] = { 'X', (char)b, 0 };
			bool same =
			    a == b || (a < 128 && b < 128 && isalpha(a) && isalpha(b) && (a | 0x20) == (b | 0x20));
			assert_int_equal(bytes_equal_nocase(bytes_make(one, 2), other), same);
		}
}

static void test_until(void **state)
{
	(void)state;
	assert_true(bytes_equal(bytes_until(bytes_of("/a?b?c"), '?'), bytes_of("/a")));
	assert_true(bytes_equal(bytes_until(bytes_of("/a"), '?'), bytes_of("/a")));
	assert_int_equal(bytes_until(bytes_of("?a"), '?').len, 0);
	assert_int_equal(bytes_until(bytes_of(NULL), '?').len, 0);
}

static void test_uuid_is_version_7_and_ordered(void **state)
{
	uint8_t a[UUID_LEN], b[UUID_LEN], back[UUID_LEN];
	char text[UUID_TEXT_LEN + 1];
	(void)state;
	assert_true(uuid_make(a, 1795438954123001));
	assert_true(uuid_make(b, 1795438954123999));
	assert_int_equal(a[6] >> 4, 7);
	assert_int_equal(a[8] >> 6, 2);
	assert_true(memcmp(a, b, 8) < 0);
	uuid_format(a, text);
	assert_int_equal(strlen(text), 36);
	assert_true(uuid_from_text(bytes_of(text), back));
	assert_memory_equal(a, back, UUID_LEN);
	assert_false(uuid_from_text(bytes_of("019ab12c-4d5e-7f3a-8b6c-0d1e2f30415"), back));
	assert_false(uuid_from_text(bytes_of("019ab12cx4d5e-7f3a-8b6c-0d1e2f304152"), back));
	assert_false(uuid_from_text(bytes_of("019ab12c-4d5e-7f3a-8b6c-0d1e2f30415g"), back));
}

static void test_uuids_of_one_pool_differ(void **state)
{
	enum { MANY = 200 }; /* more than a pool holds */
	static uint8_t ids[MANY][UUID_LEN];
	struct uuid_random random = { 0 };
	(void)state;
	for (int i = 0; i < MANY; i++) {
		assert_true(uuid_make_of(&random, ids[i], 1795438954123001));
		assert_int_equal(ids[i][6] >> 4, 7);
		assert_int_equal(ids[i][8] >> 6, 2);
		assert_memory_equal(ids[i], ids[0], 8); /* the time */
		for (int j = 0; j < i; j++)
			assert_memory_not_equal(ids[i] + 8, ids[j] + 8, 8);
	}
}

static void test_words_of_a_length(void **state)
{
	(void)state;
	struct buffer b = { 0 };
	char word[6], long_text[257];
	memset(long_text, 'x', 256);
	long_text[256] = 0;
	assert_false(buffer_put_text8(&b, long_text));
	assert_true(buffer_put_text8(&b, "hello") && buffer_put_text8(&b, "toolong") && buffer_put_text8(&b, ""));
	struct reader r = reader_of(buffer_view(&b));
	reader_word8(&r, word, sizeof word);
	assert_string_equal(word, "hello");
	assert_false(r.bad);
	reader_word8(&r, word, sizeof word);
	assert_true(r.bad);
	assert_string_equal(word, "");
	for (const char *bad = " \"\\\x7f\n"; *bad; bad++) {
		const uint8_t one[] = { 1, (uint8_t)*bad };
		r = reader_of(bytes_make(one, sizeof one));
		reader_word8(&r, word, sizeof word);
		assert_true(r.bad);
	}
	uint8_t kept[4] = { 1, 2, 3, 4 };
	r = reader_of(bytes_of("ab"));
	reader_copy(&r, kept, sizeof kept);
	assert_true(r.bad);
	assert_int_equal(kept[0], 1);
	buffer_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffer_grows_and_consumes),
		cmocka_unit_test(test_reserve_refuses_overflow),
		cmocka_unit_test(test_printf_keeps_what_was_there),
		cmocka_unit_test(test_reader_stops_at_the_end),
		cmocka_unit_test(test_words_of_a_length),
		cmocka_unit_test(test_nocase),
		cmocka_unit_test(test_until),
		cmocka_unit_test(test_uuid_is_version_7_and_ordered),
		cmocka_unit_test(test_uuids_of_one_pool_differ),
	};
	return RUN(tests);
}
