/* Scripts of plain commands: the words that a shell would make, and what only a shell can make is refused. */
#include <string.h>

#include "shared/syntax/shell_script.h"
#include "tests/unit/unit.h"

static void expect_words(const char *script, const char *words)
{
	struct shell_script s = shell_script_of(bytes_of(script));
	struct shell_command c;
	struct error e = { 0 };
	struct buffer got = { 0 };
	for (enum shell_result r; (r = shell_script_next(&s, &c, &e)) != SHELL_END; shell_command_free(&c)) {
		if (r == SHELL_FAILED)
			assert_true(buffer_append_text(&got, "!"));
		for (size_t i = 0; r == SHELL_COMMAND && i < c.count; i++)
			assert_true(buffer_put_u8(&got, '[') && buffer_append_bytes(&got, buffer_view(&c.words[i])) &&
				    buffer_put_u8(&got, ']'));
		if (r == SHELL_COMMAND && c.has_input)
			assert_true(buffer_put_u8(&got, '<') && buffer_append_bytes(&got, buffer_view(&c.input)) &&
				    buffer_put_u8(&got, '>'));
		assert_true(buffer_put_u8(&got, c.piped ? '|' : ';'));
	}
	shell_command_free(&c);
	if (!bytes_equal(buffer_view(&got), bytes_of(words)))
		fail_msg("%s\ngives %.*s\nnot   %s", script, (int)got.len, (const char *)got.at, words);
	buffer_free(&got);
}

static void test_words(void **state)
{
	(void)state;
	expect_words("", "");
	expect_words("# only\n\n  # this\n", "");
	expect_words("a b  c", "[a][b][c];");
	expect_words("a\\\n b\\\r\n c", "[a][b][c];");
	expect_words("a 'b c' \"d e\" f\\ g", "[a][b c][d e][f g];");
	expect_words("a 'it'\\''s' \"x\\\"\\$\\\\\\q\"", "[a][it's][x\"$\\\\q];");
	expect_words("a $'\\x41\\n\\u00e9\\'\\101'", "[a][A\n\xc3\xa9'A];");
	expect_words("a \"$(printf 'caf\\351')\"", "[a][caf\xe9];");
	expect_words("a '' \"\"", "[a][][];");
	expect_words("a b#c # d\ne", "[a][b#c];[e];");
	expect_words("a; b && c | d || e", "[a];[b];[c]|[d];[e];");
	expect_words("$ a b\n$ c", "[a][b];[c];");
	expect_words("a >out 2>&1 b", "[a][b];");
	expect_words("a price$ $", "[a][price$][$];");
}

static void test_documents(void **state)
{
	(void)state;
	expect_words("a <<'X' b \\\n c\nline $1\n\nX\nd", "[a][b][c]<line $1\n\n>;[d];");
	expect_words("base64 -d <<'X' | curl -H 'a\nb' \\\n u\nAP8=\nX\n", "[base64][-d]<AP8=\n>|[curl][-H][a\nb][u];");
	expect_words("a <<X \"$(printf 'b\"\\011c')\" \\\n d\nline\nX\n", "[a][b\"\tc][d]<line\n>;");
	expect_words("a <<< 'x y'", "[a]<x y\n>;");
	expect_words("a <<X\nplain\nX\n", "[a]<plain\n>;");
}

static void test_refused(void **state)
{
	static const char *const scripts[] = { "a $B",           "a \"$B\"",    "a ${B}",
					       "a $(b)",         "a `b`",       "a \"`b`\"",
					       "a 'b",           "a \"b",       "a $'b",
					       "a & b",          "a (b)",       "a <<X\nb",
					       "a <<X\n$b\nX\n", "a <<-X\nX\n", "a \"$(printf '%s' x)\"" };
	(void)state;
	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
		struct shell_script s = shell_script_of(bytes_of(scripts[i]));
		struct shell_command c;
		struct error e = { 0 };
		if (shell_script_next(&s, &c, &e) != SHELL_FAILED)
			fail_msg("taken: %s", scripts[i]);
		assert_int_equal(e.code, EXIT_USAGE);
		shell_command_free(&c);
	}
	expect_words("a $B\nnot read\ncurl ok", "!;[curl][ok];");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
