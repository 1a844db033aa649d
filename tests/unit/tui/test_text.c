#include <locale.h>

#include "tests/unit/unit.h"
#include "tests/unit/tui/surface_dump.h"
#include "tui/terminal/text.h"

#define MANY 400

/* What the cells show, as text. */
static char *show(struct bytes in, enum text_mode mode, char out[MANY * 4])
{
	static struct cell cells[MANY];
	struct surface s = { 0 };
	struct buffer b = { 0 };
	size_t used, count = text_cells(in, mode, ROLE_NORMAL, 0, cells, MANY, &used);
	assert_true(surface_resize(&s, MANY, 1));
	surface_cells(&s, (struct rect){ 0, 0, MANY, 1 }, 0, 0, cells, count);
	assert_true(surface_dump(&s, &b, NULL));
	snprintf(out, MANY * 4, "%.*s", (int)b.len - 1, (const char *)b.at);
	buffer_free(&b);
	surface_free(&s);
	return out;
}

static void check(struct bytes in)
{
	char text[MANY * 4];
	struct buffer b = { 0 };
	assert_true(text_sanitize(&b, in, TEXT_LINE));
	while (b.len && b.at[b.len - 1] == ' ')
		b.len--;
	show(in, TEXT_LINE, text);
	if (!bytes_equal(buffer_view(&b), bytes_of(text)))
		fail_msg("\"%s\" is not \"%.*s\"", text, (int)b.len, (const char *)b.at);
	buffer_free(&b);
}

/* Both gates show every character of Unicode, alone and after a letter, and random bytes, the same way. */
static void test_the_gates_agree(void **state)
{
	(void)state;
	for (uint32_t c = 1; c < 0x110000; c += c < 0x3100 || c > 0xe0000 ? 1 : 7) {
		uint8_t u[5] = { 'x' };
		size_t len;
		if (c < 0x80) {
			u[1] = (uint8_t)c, len = 1;
		} else if (c < 0x800) {
			u[1] = (uint8_t)(0xc0 | c >> 6), u[2] = (uint8_t)(0x80 | (c & 63)), len = 2;
		} else if (c < 0x10000) {
			u[1] = (uint8_t)(0xe0 | c >> 12), u[2] = (uint8_t)(0x80 | (c >> 6 & 63));
			u[3] = (uint8_t)(0x80 | (c & 63)), len = 3;
		} else {
			u[1] = (uint8_t)(0xf0 | c >> 18), u[2] = (uint8_t)(0x80 | (c >> 12 & 63));
			u[3] = (uint8_t)(0x80 | (c >> 6 & 63)), u[4] = (uint8_t)(0x80 | (c & 63)), len = 4;
		}
		check(bytes_make(u, len + 1));
		check(bytes_make(u + 1, len));
	}
	unsigned seed = 7;
	for (int n = 0; n < 3000; n++) {
		uint8_t random[40];
		for (size_t i = 0; i < sizeof random; i++) {
			seed = seed * 1103515245 + 12345;
			random[i] = (uint8_t)(seed >> 16);
		}
		check(bytes_make(random, sizeof random));
	}
}

/* No cell ever holds what a terminal would act upon. */
static void test_cells_are_harmless(void **state)
{
	struct cell cells[64];
	unsigned seed = 3;
	(void)state;
	for (int n = 0; n < 200000; n++) {
		uint8_t random[24];
		for (size_t i = 0; i < sizeof random; i++) {
			seed = seed * 1103515245 + 12345;
			random[i] = (uint8_t)(seed >> 16);
		}
		size_t used, most = (size_t)n % 64;
		enum text_mode mode = n & 1 ? TEXT_BODY : TEXT_LINE;
		size_t count = text_cells(bytes_make(random, 24), mode, ROLE_NORMAL, n % 9, cells, most, &used);
		assert_true(count <= most && used <= 24);
		for (size_t i = 0; i < count; i++) {
			uint32_t c = cells[i].base;
			assert_true(c == 0 || (c >= 0x20 && c < 0x7f) || c >= 0xa0);
			assert_true(c != 0x202e && c != 0x200b && c != 0xfeff);
			if (cells[i].width == 2)
				assert_true(i + 1 < count && cells[i + 1].base == 0);
			if (!c)
				assert_true(i > 0 && cells[i - 1].width == 2);
		}
	}
}

static void test_body(void **state)
{
	struct cell cells[40];
	char text[MANY * 4];
	size_t used;
	(void)state;
	assert_string_equal(show(bytes_of("a\tb"), TEXT_BODY, text), "a       b");
	assert_int_equal(text_cells(bytes_of("\tb"), TEXT_BODY, ROLE_NORMAL, 6, cells, 40, &used), 3);
	assert_int_equal(text_cells(bytes_of("ab\ncd"), TEXT_BODY, ROLE_NORMAL, 0, cells, 40, &used), 2);
	assert_int_equal(used, 2);
	assert_int_equal(text_columns(bytes_of("a\tb\nlonger"), TEXT_BODY), 9);
	/* A tab, an escape and a wide character are never halved. */
	assert_int_equal(text_cells(bytes_of("\t"), TEXT_BODY, ROLE_NORMAL, 0, cells, 7, &used), 0);
	assert_int_equal(text_cells(bytes_of("a\x1b"), TEXT_BODY, ROLE_NORMAL, 0, cells, 2, &used), 1);
	assert_int_equal(used, 1);
	assert_int_equal(text_cells(bytes_of("a\xe4\xb8\xad"), TEXT_BODY, ROLE_NORMAL, 0, cells, 2, &used), 1);
	assert_int_equal(used, 1);
	/* Marks belong to the last character even when the room is used up. */
	assert_int_equal(text_cells(bytes_of("e\xcc\x81x"), TEXT_BODY, ROLE_NORMAL, 0, cells, 1, &used), 1);
	assert_int_equal(used, 3);
	assert_int_equal(cells[0].mark[0], 0x301);
	assert_int_equal(text_cells(bytes_of("\xe4\xb8\xad\xcc\x81"), TEXT_LINE, ROLE_NORMAL, 0, cells, 9, &used), 2);
	assert_int_equal(cells[0].mark[0], 0x301);
	assert_int_equal(text_cells(bytes_of("\x1b"), TEXT_LINE, ROLE_2XX, 0, cells, 9, &used), 2);
	assert_int_equal(cells[0].role, ROLE_ESCAPE);
}

static void test_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = { { 0, "0" },         { 310, "310" },     { 999, "999" },      { 1000, "1.0k" },
		      { 4103, "4.1k" },   { 9940, "9.9k" },   { 9950, "10k" },     { 21000, "21k" },
		      { 999499, "999k" }, { 999500, "1.0M" }, { 2800000, "2.8M" }, { UINT64_MAX, "18E" } };
	static const struct {
		int64_t us;
		const char *text;
	} times[] = { { -1, "-" },
		      { 0, "0.0ms" },
		      { 499, "0.4ms" },
		      { 500, "1ms" },
		      { 38000, "38ms" },
		      { 999499, "999ms" },
		      { 1000000, "1.0s" },
		      { 30000000, "30.0s" },
		      { 59900000, "59.9s" },
		      { 59960000, "1m00s" },
		      { 210000000, "3m30s" },
		      { 3599499000, "59m59s" },
		      { 3599500000, "1h00m" },
		      { 7260000000, "2h01m" },
		      { INT64_MAX / 2, ">99h" } };
	char out[8];
	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		text_size(out, sizes[i].bytes);
		assert_string_equal(out, sizes[i].text);
	}
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		text_took(out, times[i].us);
		assert_string_equal(out, times[i].text);
	}
}

static char *row_of(const struct surface *s, int y, char out[200])
{
	struct buffer b = { 0 };
	assert_true(surface_dump(s, &b, NULL));
	const char *at = (const char *)b.at;
	assert_true(buffer_put_u8(&b, 0));
	at = (const char *)b.at;
	while (y--)
		at = strchr(at, '\n') + 1;
	snprintf(out, 200, "%.*s", (int)strcspn(at, "\n"), at);
	buffer_free(&b);
	return out;
}

static void test_clipping(void **state)
{
	struct surface s = { 0 };
	struct rect box = { 2, 1, 5, 1 };
	char row[200];
	(void)state;
	assert_true(surface_resize(&s, 10, 3));
	assert_int_equal(surface_text(&s, box, 2, 1, bytes_of("abcdefgh"), ROLE_NORMAL), 7);
	assert_string_equal(row_of(&s, 1, row), "  abcde");
	surface_text(&s, box, 0, 1, bytes_of("12345"), ROLE_NORMAL);
	assert_string_equal(row_of(&s, 1, row), "  345de");
	surface_text(&s, box, 2, 0, bytes_of("above"), ROLE_NORMAL);
	surface_text(&s, box, 2, 2, bytes_of("below"), ROLE_NORMAL);
	assert_string_equal(row_of(&s, 0, row), "");
	assert_string_equal(row_of(&s, 2, row), "");
	/* A wide character has no room in the last column; overwriting half of one blanks the other. */
	surface_clear(&s);
	assert_int_equal(surface_text(&s, box, 2, 1, bytes_of("abcd\xe4\xb8\xad"), ROLE_NORMAL), 6);
	assert_string_equal(row_of(&s, 1, row), "  abcd");
	surface_text(&s, box, 3, 1, bytes_of("\xe4\xb8\xad"), ROLE_NORMAL);
	assert_string_equal(row_of(&s, 1, row), "  a\xe4\xb8\xad"
						"d");
	surface_text(&s, box, 4, 1, bytes_of("x"), ROLE_NORMAL);
	assert_string_equal(row_of(&s, 1, row), "  a xd");
	surface_text(&s, box, 3, 1, bytes_of("\xe4\xb8\xad"), ROLE_NORMAL);
	surface_text(&s, box, 3, 1, bytes_of("x"), ROLE_NORMAL);
	assert_string_equal(row_of(&s, 1, row), "  ax d");
	/* Nothing is written outside, whatever the rectangle says. */
	surface_fill(&s, (struct rect){ -5, -5, 100, 100 }, '#', ROLE_DIM);
	surface_text(&s, (struct rect){ -9, -9, 99, 99 }, -3, 0, bytes_of("abcdefghijklmnopq"), ROLE_NORMAL);
	assert_string_equal(row_of(&s, 0, row), "defghijklm");
	assert_false(surface_resize(&s, 0, 4));
	assert_int_equal(s.width, 10);
	surface_free(&s);
}

static void test_start(void **state)
{
	static const struct {
		const char *text, *start;
		size_t most;
	} cases[] = {
		{ "abc", "abc", 3 },
		{ "abc", "ab", 2 },
		{ "a\xc3\xa9z", "a", 2 },
		{ "a\xc3\xa9z", "a\xc3\xa9", 3 },
		{ "\xf0\x9f\x98\x80", "", 3 },
		{ "\x80\x80\x80", "", 2 },
		{ "", "", 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_true(bytes_equal(text_start(bytes_of(cases[i].text), cases[i].most), bytes_of(cases[i].start)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_gates_agree),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_cells_are_harmless),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_clipping),
	};
	return RUN(tests);
}
