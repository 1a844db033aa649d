#include "shared/program/ini_file.h"
#include "shared/program/options.h"
#include "shared/program/quantity.h"
#include "shared/program/secret_read.h"
#include "shared/base/text.h"
#include "tests/unit/unit.h"

#include <unistd.h>

struct values {
	bool flag;
	const char *text, *choice;
	struct option_values list;
	int64_t duration, count;
	uint64_t size;
};

/* Whoever reads a file may keep keys of it from counting. */
static enum options_key judge(void *user, const char *option, const char *key, const char *value, struct error *e)
{
	(void)user;
	if (strstr(value, "refused"))
		error_set(e, EXIT_USAGE, "%s (%s) may not be set here", key, option);
	return strstr(value, "refused")            ? OPTIONS_KEY_REFUSED
	       : strcmp(value, "passed over") == 0 ? OPTIONS_KEY_PASSED_OVER
						   : OPTIONS_KEY_TAKEN;
}

static bool parse(struct values *v, const char *ini, int argc, const char *const *args, int *first, struct error *e)
{
	const struct option_spec specs[] = {
		{ "flag", 'f', OPTION_FLAG, &v->flag, NULL, "" },
		{ "text", 0, OPTION_TEXT, &v->text, "T", "" },
		{ "choice", 0, OPTION_CHOICE, &v->choice, "a|bc", "" },
		{ "list", 'l', OPTION_LIST, &v->list, "L", "" },
		{ "duration", 0, OPTION_DURATION, &v->duration, "D", "" },
		{ "count", 'n', OPTION_COUNT, &v->count, "N", "" },
		{ "size", 0, OPTION_SIZE, &v->size, "S", "" },
	};
	char *argv[10] = { NULL };
	struct ini_file text = { .there = false };
	assert_true(!ini || (ini_file_read(ini, &text, e) && text.there));
	const struct options_file files[] = { { ini, buffer_view(&text.text), judge, NULL } };
	struct options_source source = { "prog", "TEST_CREEL_", files, "cmd", ini ? 1 : 0 };
	struct options *o = options_new();
	for (int i = 0; i < argc; i++)
		argv[i] = strdup(args[i]);
	bool fine = options_parse(o, specs, sizeof specs / sizeof *specs, &source, argc, argv, first, e);
	/* The strings die with the options: keep what the tests look at. */
	if (v->text)
		v->text = strcmp(v->text, "from-arg") == 0   ? "from-arg"
			  : strcmp(v->text, "from-env") == 0 ? "from-env"
							     : "from-ini";
	v->count += (int64_t)v->list.count * 1000;
	options_free(o);
	ini_file_free(&text);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	return fine;
}

static void test_units(void **state)
{
	int64_t ms;
	uint64_t size;
	(void)state;
	assert_true(quantity_parse_duration("500ms", &ms) && ms == 500);
	assert_true(quantity_parse_duration("7d", &ms) && ms == 604800000);
	assert_false(quantity_parse_duration("5", &ms));
	assert_false(quantity_parse_duration("-5s", &ms));
	assert_false(quantity_parse_duration("99999999999999999999s", &ms));
	assert_false(quantity_parse_duration("5 s", &ms));
	assert_true(quantity_parse_size("64KiB", &size) && size == 65536);
	assert_true(quantity_parse_size("12", &size) && size == 12);
	assert_false(quantity_parse_size("9999999999GiB", &size));
}

static void test_precedence(void **state)
{
	char path[] = "/tmp/creel-options-XXXXXX";
	struct values v = { 0 };
	struct error e = { 0 };
	int first, fd = mkstemp(path);
	(void)state;
	assert_true(fd >= 0);
	dprintf(fd, "text = from-ini\ncount = 3\nother = 1\n[cmd]\nlist = a\nlist = b\n[else]\nlist = c\n");
	close(fd);
	setenv("TEST_CREEL_TEXT", "from-env", 1);
	const char *args[] = { "prog", "arg", "--flag" };
	assert_true(parse(&v, path, 3, args, &first, &e));
	assert_string_equal(v.text, "from-env");
	assert_int_equal(v.count, 2003);
	assert_true(v.flag);
	assert_int_equal(first, 2);
	const char *more[] = { "prog", "--text", "from-arg", "-l", "x" };
	struct values w = { 0 };
	assert_true(parse(&w, path, 5, more, &first, &e));
	assert_string_equal(w.text, "from-arg");
	assert_int_equal(w.count, 1003); /* the command line's list replaces the file's */
	unsetenv("TEST_CREEL_TEXT");
	unlink(path);
}

static bool parse_text(struct values *v, const char *text, struct error *e)
{
	const char *args[] = { "prog" };
	char path[] = "/tmp/creel-options-XXXXXX";
	int first, fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	bool fine = parse(v, path, 1, args, &first, e);
	unlink(path);
	return fine;
}

static void test_a_files_keys_are_judged(void **state)
{
	struct values v = { 0 };
	struct error e = { 0 };
	(void)state;
	assert_true(parse_text(&v, "text = passed over\nunknown = refused\n[else]\ntext = refused\n", &e));
	assert_null(v.text);
	assert_true(parse_text(&v, "[cmd]\nlist = a\n[else]\nlist = refused\n", &e));
	assert_int_equal(v.count, 1000);
	assert_false(parse_text(&v, "count = 2\ntext = refused\n", &e));
	assert_string_equal(e.text, "text (text) may not be set here");
	assert_false(parse_text(&v, "[cmd]\nlist.x-y = refused\n", &e));
	assert_string_equal(e.text, "list.x-y (list) may not be set here");
	/* A continued line says the key once more. */
	assert_false(parse_text(&v, "text = a\n  refused\n", &e));
	assert_false(parse_text(&v, "[cmd]\ntext: refused ; not really\n", &e));
}

static void test_errors_name_the_option(void **state)
{
	static const struct {
		const char *args[3];
		const char *says;
	} bad[] = {
		{ { "prog", "--durration", "5s" }, "duration" },
		{ { "prog", "--duration", "5" }, "500ms" },
		{ { "prog", "--choice", "b" }, "a|bc" },
		{ { "prog", "--count", "x" }, "whole number" },
		{ { "prog", "-n", "-1" }, "whole number" },
		{ { "prog", "x", "--text" }, "needs a value" },
		{ { "prog", "x", "-z" }, "-z" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct values v = { 0 };
		struct error e = { 0 };
		int first;
		assert_false(parse(&v, NULL, 3, bad[i].args, &first, &e));
		assert_int_equal(e.code, EXIT_USAGE);
		if (!strstr(e.text, bad[i].says))
			fail_msg("\"%s\" does not say %s", e.text, bad[i].says);
	}
}

static void test_secrets_are_never_arguments(void **state)
{
	struct error e;
	(void)state;
	assert_null(secret_read("hunter2", &e));
	assert_null(strstr(e.text, "hunter2"));
	setenv("TEST_CREEL_SECRET", "s3cret", 1);
	char *s = secret_read("env:TEST_CREEL_SECRET", &e);
	assert_string_equal(s, "s3cret");
	free(s);
}

static void check_text(const char *in, size_t len, enum text_mode mode, const char *out)
{
	struct buffer b = { 0 };
	assert_true(text_sanitize(&b, bytes_make(in, len), mode));
	if (!bytes_equal(buffer_view(&b), bytes_of(out)))
		fail_msg("got %.*s, not %s", (int)b.len, (const char *)b.at, out);
	buffer_free(&b);
}

static void test_terminal_gate(void **state)
{
	(void)state;
	check_text("a\x1b[31m\x07", 7, TEXT_LINE, "a^[[31m^G");
	check_text("a\nb\tc\r", 6, TEXT_BODY, "a\nb\tc^M");
	check_text("a\nb", 3, TEXT_LINE, "a^Jb");
	check_text("\xc2\x9b\xff\x7f", 4, TEXT_LINE, "<9b><ff>^?");
	check_text("\xe2\x80\xae"
		   "evil",
		   7, TEXT_LINE, "<202e>evil");
	check_text("e\xcc\x81\xcc\x81\xcc\x81", 7, TEXT_LINE, "e\xcc\x81\xcc\x81<0301>");
	check_text("\xee\x80\x80", 3, TEXT_LINE, "\xef\xbf\xbd");
	check_text("gr\xc3\xbc\xc3\x9f", 6, TEXT_LINE, "gr\xc3\xbc\xc3\x9f");
}

static void test_json_gate(void **state)
{
	static const char in[] = "{\"a\":\"\xc2\x9b\x7f\xe2\x80\xae\xf3\xa0\x80\x81gr\xc3\xbc\\n\xff\xee\x80\x80\"}\n";
	struct buffer b = { 0 };
	(void)state;
	assert_true(text_guard_json(&b, bytes_of(in)) && buffer_put_u8(&b, 0));
	assert_string_equal((const char *)b.at,
			    "{\"a\":\"\\u009b\\u007f\\u202e\\udb40\\udc01gr\xc3\xbc\\n\\ufffd\\ue000\"}\n");
	buffer_free(&b);
}

static void test_time(void **state)
{
	char text[TEXT_TIME_LEN];
	(void)state;
	text_format_time(text, 1795438954123456);
	assert_string_equal(text, "2026-11-23T13:02:34.123456Z");
	text_format_time(text, UINT64_MAX);
	assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_a_files_keys_are_judged),
		cmocka_unit_test(test_errors_name_the_option),
		cmocka_unit_test(test_secrets_are_never_arguments),
		cmocka_unit_test(test_terminal_gate),
		cmocka_unit_test(test_json_gate),
		cmocka_unit_test(test_time),
	};
	return RUN(tests);
}
