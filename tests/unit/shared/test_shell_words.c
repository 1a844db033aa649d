/* Command lines as words. */
#include "shared/text/shell_words.h"
#include "tests/unit/unit.h"

static void expect_words(const char *text, const char *joined)
{
	struct error e = { 0 };
	char got[400] = "";
	char **words = shell_words_split(text, "--exec", &e);
	if (!words)
		fail_msg("%s: %s", text, e.text);
	for (size_t i = 0; words[i]; i++) {
		strcat(got, words[i]);
		strcat(got, "|");
	}
	assert_string_equal(got, joined);
	free(words);
}

static void expect_refused(const char *text, const char *part)
{
	struct error e = { 0 };
	char **words = shell_words_split(text, "--exec", &e);
	if (words)
		fail_msg("%s was taken", text);
	assert_int_equal(e.code, EXIT_USAGE);
	if (!strstr(e.text, part))
		fail_msg("%s: %s", text, e.text);
}

static void test_words(void **state)
{
	(void)state;
	expect_words("a", "a|");
	expect_words("  a\tb\nc  ", "a|b|c|");
	expect_words("a '' \"\" b", "a|||b|");
	expect_words("a' b'\"c d\"e\\ f", "a bc de f|");
	expect_words("'$x|;' \"\\$x\\\"\\\\\\n\" \\$x \\|", "$x|;|$x\"\\\\n|$x|||");
	expect_words("a\\\nb \"c\\\nd\"", "ab|cd|");
	expect_words("~ * ? [a] {b} # !", "~|*|?|[a]|{b}|#|!|");
}

static void test_refused(void **state)
{
	(void)state;
	expect_refused("", "names no command");
	expect_refused("'' a", "names no command");
	expect_refused("a | b", "'|'");
	expect_refused("a > b", "'>'");
	expect_refused("a; b", "';'");
	expect_refused("a $b", "'$'");
	expect_refused("a \"$b\"", "'$'");
	expect_refused("a \"`b`\"", "'`'");
	expect_refused("a 'b", "not closed");
	expect_refused("a \"b", "not closed");
	expect_refused("a \"b\\", "not closed");
	expect_refused("a \\", "ends in a \\");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_refused),
	};
	return RUN(tests);
}
