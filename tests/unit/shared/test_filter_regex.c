/* Regular expressions: what is taken for one, what fits, that a long text is one pass, and that it is broken off. */
#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/program/interrupt.h"
#include "tests/unit/shared/search_fixture.h"

static bool read_it(const char *text, struct filter_regex *r)
{
	const char *why;
	return filter_regex_read(text, r, &why);
}

struct patience {
	size_t looks, most;
};

static bool over(void *user)
{
	struct patience *p = user;
	return ++p->looks > p->most;
}

/* 1: fits, 0: not, -1: it was given up. */
static int ask(const char *regex, struct bytes value, struct patience *p)
{
	struct filter_regex r;
	struct filter_stop stop = { .stopped = over, .user = p };
	if (!read_it(regex, &r))
		fail_msg("/%s/ was refused", regex);
	bool found = filter_regex_fits(&r, value, &stop);
	filter_regex_free(&r);
	return stop.broken ? -1 : found;
}

static bool fits(const char *regex, struct bytes value)
{
	struct patience p = { .most = SIZE_MAX };
	return ask(regex, value, &p) == 1;
}

static const struct {
	const char *regex, *fits, *fits_not;
} cases[] = {
	{ "a.c", "xaBcx", "ac" },
	{ "^a|b$", "xxb", "xax" },
	{ "a^b|c$d", NULL, "a^b c$d" },
	{ "a.c", "a\nc", "a" },
	{ "c$", "abc", "c\n" },
	{ ")", "a)", "a" },
	{ "(a))b", "xa)b", "ab" },
	{ "}a]", "}A]", "a" },
	{ "a+?b", "b", "a" },
	{ "a**b", "aab", "a" },
	{ "a{2}{2}b", "aaaab", "aaab" },
	{ "^a{,2}b", "aab", "aaab" },
	{ "(|a)x()y", "xy", "xay" },
	{ "\\bfoo\\b", "a foo.", "afoo foobar" },
	{ "\\<foo", "a foobar", "afoo" },
	{ "foo\\>", "afoo b", "foob" },
	{ "o\\B", "foo", "fo o." },
	{ "\\`a\\'", "a", "ba" },
	{ "^\\w+\\W\\s$", "a_\xc3\xa9- ", "a b" },
	{ "^\\S$", "\xc2\xa0", " " },
	{ "\\d\\Q\\.", "dq.", "1q." }, /* a letter with no meaning stands for itself */
	{ "[\\d]x", "\\x", "1x" },
	{ "[]a]b", "]b", "cb" },
	{ "[^]a]b", "cb", "]bAb" },
	{ "^[a-c-]+$", "-Cb", "d" },
	{ "^[[:alpha:]_]+$", "\xc3\xa9_Z", "1" },
	{ "^[[:upper:][:digit:]]+$", "aB1", "-" },
	{ "^[[:punct:]]+$", "$-\xe2\x82\xac", "a" },
	{ "^[[:blank:]][[:space:]]$", "\t\n", "\n\t" },
	{ "[[.-.]x[=y=]]a", "-a", "za" },
	{ "[(?i)]#", "?#", "#" },
	{ "(\\?:a)", "?:a", "a" },
	{ "\xc3\xa9+$", "\xc3\xa9\xc3\xa9", "\xc3" },
	{ "a.b",
	  "a\xff"
	  "b",
	  "a\xff\xff"
	  "b" },
	{ "a*", "", NULL },
	{ "(a*)*b", "aab", "aa" },
	{ "((^|,)x)+$", "x", "yx" },
	{ "a\\", NULL, NULL },
	{ "(a", NULL, NULL },
	{ "[a", NULL, NULL },
	{ "*a", NULL, NULL },
	{ "a|*b", NULL, NULL },
	{ "(?:a)", NULL, NULL },
	{ "^*", NULL, NULL },
	{ "\\b+", NULL, NULL },
	{ "{1}", NULL, NULL },
	{ "a{", NULL, NULL },
	{ "a{x}", NULL, NULL },
	{ "a{2,1}", NULL, NULL },
	{ "a{1,40000}", NULL, NULL },
	{ "(a)\\1", NULL, NULL },
	{ "[z-a]", NULL, NULL },
	{ "[a-[:digit:]]", NULL, NULL },
	{ "[[:nothing:]]", NULL, NULL },
	{ "[[.ab.]]", NULL, NULL },
	{ "[a-c-e]", NULL, NULL },
	{ "\xff", NULL, NULL },
	{ "((a{1,255}){1,255}){1,255}", NULL, NULL },
	{ "(((((((((((((((((a)))))))))))))))))", NULL, NULL },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct filter_regex r;
		const char *regex = cases[i].regex, *why = NULL;
		bool taken = filter_regex_read(regex, &r, &why);
		filter_regex_free(&r);
		if (taken != (cases[i].fits || cases[i].fits_not) || (!taken && !*why))
			fail_msg("/%s/: %s", regex, taken ? "was taken" : why);
		if (cases[i].fits && !fits(regex, bytes_of(cases[i].fits)))
			fail_msg("/%s/ does not fit '%s'", regex, cases[i].fits);
		if (cases[i].fits_not && fits(regex, bytes_of(cases[i].fits_not)))
			fail_msg("/%s/ fits '%s'", regex, cases[i].fits_not);
	}
}

static void test_nul(void **state)
{
	(void)state;
	assert_true(fits("^a[^c]b$", bytes_make("a\0b", 3)));
	assert_true(fits("^a\\sb$", bytes_make("a\0b", 3)));
	assert_false(fits("^a\\wb$", bytes_make("a\0b", 3)));
}

/* A megabyte whose every place begins what may be a match: one pass, so many looks and no more, and at its very end. */
static void test_one_pass(void **state)
{
	static char text[FILTER_SEARCHED_BYTES];
	static const char *const regexes[] = { "a.*b.*c",  "(a|aa|aaa)*b",  "a+bc",      "\\ba.*\\bc",
					       "x)|a.*b^", "(x+x+)+y|a*bz", "a[ab]{16}c" };
	(void)state;
	for (size_t i = 0; i < sizeof regexes / sizeof *regexes; i++) {
		/* What a match needs is there, where it is of no use. */
		memset(text, 'a', sizeof text);
		memcpy(text, "cyz", 3);
		struct patience p = { .most = 1000000 };
		int found = ask(regexes[i], bytes_make(text, sizeof text), &p);
		if (found)
			fail_msg("%s: %d after %zu looks", regexes[i], found, p.looks);
	}
	memcpy(text + sizeof text - 5, "b--cd", 5);
	assert_true(fits("a.*b.*c", bytes_make(text, sizeof text)));
	assert_true(fits("a+b-", bytes_make(text, sizeof text)));
	assert_true(fits("a.*cd$", bytes_make(text, sizeof text)));
	assert_true(fits("a.*b\\b.*\\bcd\\b", bytes_make(text, sizeof text)));
	assert_false(fits("a.*b$", bytes_make(text, sizeof text)));
	assert_false(fits("^.*a.*b.*x", bytes_make(text, sizeof text)));
	memset(text + 1000, 0xff, 1000); /* no characters, and a NUL */
	text[3000] = 0;
	assert_true(fits("^c.*a.*b--c", bytes_make(text, sizeof text)));
	assert_false(fits("a.*b--x", bytes_make(text, sizeof text)));
}

/* It ends inside one text, early, whichever way it is matched; and then there is no answer. */
static void test_broken_off(void **state)
{
	static char text[FILTER_SEARCHED_BYTES];
	static const char *const regexes[] = { "ab|ac", "(.*a){30}[^-]d", "((a?){20}){20}bc", "[ab]{900}c" };
	(void)state;
	memset(text, 'a', sizeof text);
	memcpy(text + sizeof text - 4, "-c-d", 4); /* what they must have; else they are over at once */
	for (size_t i = 0; i < sizeof regexes / sizeof *regexes; i++) {
		struct patience p = { .most = 3 };
		assert_int_equal(ask(regexes[i], bytes_make(text, sizeof text), &p), -1);
		assert_int_equal(p.looks, 4);
	}
}

/* Where its time passes within one body, or it is stopped there, a search fails, and says why. */
static void test_search_ends(void **state)
{
	struct store *s = open_store();
	struct error e;
	struct filter *f = parse("-body:/((a?){20}){20}bc/");
	struct store_search q = { .filter = f, .limit = 9 };
	uint64_t count;
	(void)state;
	fill_many(s, 1);
	run_sql(s, "UPDATE message SET body = CAST(printf('%.*c', 1000000, 'a') || '-c' AS BLOB)");
	store_set_patience(s, 30000);
	assert_false(store_filter_count(s, &q, &count, &e));
	assert_int_equal(e.code, EXIT_INTERRUPTED);
	assert_non_null(strstr(e.text, "longer than the 0.03 s"));
	store_set_patience(s, 0);
	store_interrupt(s);
	assert_false(store_filter_count(s, &q, &count, &e));
	assert_int_equal(e.code, EXIT_INTERRUPTED);
	store_resume(s);
	struct interrupt before;
	interrupt_begin(&before);
	raise(SIGINT); /* a command's Ctrl-C */
	assert_false(store_filter_count(s, &q, &count, &e));
	assert_int_equal(e.code, EXIT_INTERRUPTED);
	assert_string_equal(e.text, "interrupted while searching");
	interrupt_end(&before);
	interrupt_begin(&before); /* forgets it */
	interrupt_end(&before);
	filter_free(f);
	store_close(s);
}

/* The same answers as the C library's, but for what that is wrong about: a ^ or $ in the midst, and letters behind a
 * backslash. */
static void test_same(void **state)
{
	static const char *const pieces[] = { "a",    "b",      "c",   ".",    "*",          "+",     "?",
					      "|",    "(",      ")",   "[ab]", "[^a]",       "{1,2}", "{,1}",
					      "{2,}", "\\.",    "ab",  "\\b",  "\\B",        "\\<",   "\\>",
					      "\\w",  "\\W",    "\\s", "[]a]", "[Y-a]",      "[A-z]", "{",
					      "}",    "[^]b-]", "()",  "A",    "[[:alpha:]]" };
	static const char *const letters[] = { "a", "a", "b", "b", "c", ".", " ", "\n", "\xc3\xa9", "_", "A", "]" };
	int both = 0, found = 0, refused = 0;
	(void)state;
	srand(7);
	for (int round = 0; round < 20000; round++) {
		char text[80] = "", in[32] = "";
		struct filter_regex r;
		struct filter_stop stop = { 0 };
		regex_t c;
		if (rand() % 8 == 0)
			strcat(text, "^");
		for (int i = rand() % 7; i >= 0; i--)
			strcat(text, pieces[(size_t)rand() % (sizeof pieces / sizeof *pieces)]);
		bool ours = read_it(text, &r), theirs = regcomp(&c, text, REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0;
		if (ours != theirs)
			fail_msg("/%s/ was %s", text, ours ? "taken" : "refused");
		refused += !ours;
		for (int i = rand() % 9; i > 0; i--)
			strcat(in, letters[(size_t)rand() % (sizeof letters / sizeof *letters)]);
		if (ours) {
			bool fit = regexec(&c, in, 0, NULL, 0) == 0;
			if (fit != filter_regex_fits(&r, bytes_of(in), &stop) || stop.broken)
				fail_msg("/%s/ in '%s': %d by the C library", text, in, fit);
			regfree(&c);
			both++;
			found += fit;
		}
		filter_regex_free(&r);
	}
	assert_true(both > 5000 && found > 1000 && found < both - 500 && refused > 1000);
}

int main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases),    cmocka_unit_test(test_nul),
					    cmocka_unit_test(test_one_pass), cmocka_unit_test(test_broken_off),
					    IN_FOLDER(test_search_ends),     cmocka_unit_test(test_same) };
	return RUN(tests);
}
