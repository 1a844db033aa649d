/* Regular expressions on texts of which every place would have to be tried: in one pass, and with the same answer. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shared/filter/filter_private.h"
#include "tests/unit/unit.h"

static bool read_it(const char *text, struct filter_regex *r)
{
	const char *why;
	return filter_regex_read(text, r, &why);
}

static bool fits(const char *regex, struct bytes value)
{
	struct filter_regex r;
	assert_true(read_it(regex, &r));
	bool found = filter_regex_fits(&r, value);
	filter_regex_free(&r);
	return found;
}

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A megabyte whose every place begins what may be a match: from each on to the end it took hours. */
static void test_time(void **state)
{
	static char text[FILTER_SEARCHED_BYTES];
	static const char *const regexes[] = { "a.*b.*c", "(a|aa|aaa)*b", "a+b", "(x+x+)+y|a*z" };
	(void)state;
	memset(text, 'a', sizeof text);
	for (size_t i = 0; i < sizeof regexes / sizeof *regexes; i++) {
		double began = cpu_s();
		assert_false(fits(regexes[i], bytes_make(text, sizeof text)));
		if (cpu_s() - began > 5)
			fail_msg("%s took %.1f s", regexes[i], cpu_s() - began);
	}
	memcpy(text + sizeof text - 5, "b--cd", 5);
	assert_true(fits("a.*b.*c", bytes_make(text, sizeof text)));
	assert_true(fits("a+b-", bytes_make(text, sizeof text)));
	assert_true(fits("a.*cd$", bytes_make(text, sizeof text)));
	assert_false(fits("a.*b$", bytes_make(text, sizeof text)));
	assert_false(fits("^.*a.*b.*x", bytes_make(text, sizeof text)));
	memset(text + 1000, 0xff, 1000); /* no characters, and a NUL */
	text[3000] = 0;
	assert_true(fits("^a.*b--c", bytes_make(text, sizeof text)));
	assert_false(fits("a.*b--x", bytes_make(text, sizeof text)));
}

/* What is asked for in one pass is what is asked for from every place. */
static void test_same(void **state)
{
	static const char *const pieces[] = { "a", "b",    "c",    ".",     "*", "+", "?",   "|",  "(",
					      ")", "[ab]", "[^a]", "{1,2}", "^", "$", "\\.", "ab", "\\b" };
	int both = 0, found = 0;
	(void)state;
	srand(7);
	for (int round = 0; round < 20000; round++) {
		char regex[64] = "", text[32];
		struct filter_regex r;
		for (int i = rand() % 7; i >= 0; i--)
			strcat(regex, pieces[(size_t)rand() % (sizeof pieces / sizeof *pieces)]);
		if (!read_it(regex, &r))
			continue;
		size_t len = (size_t)rand() % (sizeof text - 1);
		for (size_t i = 0; i < len; i++)
			text[i] = "aabbc. \n"[rand() % 8];
		text[len] = 0;
		if (r.has_linear) {
			bool plain = regexec(&r.plain, text, 0, NULL, 0) == 0;
			if (plain != (regexec(&r.linear, text, 0, NULL, 0) == 0))
				fail_msg("/%s/ in '%s': %d from every place", regex, text, plain);
			both++;
			found += plain;
		}
		filter_regex_free(&r);
	}
	assert_true(both > 3000 && found > 1000 && found < both - 500);
}

int main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_time), cmocka_unit_test(test_same) };
	return RUN(tests);
}
