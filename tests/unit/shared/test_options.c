#include "shared/options/ini_file.h"
#include "shared/options/options.h"
#include "shared/options/quantity.h"
#include "shared/secrets/secret_read.h"
#include "shared/text/text.h"
#include "tests/unit/unit.h"

#include <unistd.h>

struct values {
	bool flag;
	const char *text, *choice;
	struct option_values list, sum;
	int64_t duration, count, last;
	uint64_t size;
};

static const struct option_row rows[] = {
	{ "flag", 'f', OPTION_FLAG_AT(struct values, flag), OPTION_BY_USER, NULL, "a flag" },
	{ "text", 0, OPTION_TEXT_AT(struct values, text), OPTION_BY_USER, "T", "a text" },
	{ "choice", 0, OPTION_CHOICE_AT(struct values, choice), OPTION_BY_USER, "a|bc", "a choice", .preset = "bc" },
	{ "list", 'l', OPTION_LIST_AT(struct values, list), OPTION_BY_USER, "L", "a list" },
	{ "sum", 0, OPTION_SUM_AT(struct values, sum), OPTION_BY_USER, "[=NAME]", "a sum", .bare = "" },
};
static const struct option_row numbers[] = {
	{ "duration", 0, OPTION_DURATION_AT(struct values, duration), OPTION_BY_USER, "D", "a duration",
	  .preset = "90s", .least = 1500, .most = 7200000 },
	{ "count", 'n', OPTION_COUNT_AT(struct values, count), OPTION_BY_USER, "N", "a count" },
	{ "last", 0, OPTION_COUNT_AT(struct values, last), OPTION_BY_CALLER, "[N]", "a number or none", .bare = "1",
	  .unset = -1 },
	{ "size", 0, OPTION_SIZE_AT(struct values, size), OPTION_BY_LINE, "S", "a size", .least = 1 << 20,
	  .zero = "no limit", .unset = -1 },
};
static const struct option_group groups[] = { OPTION_GROUP(rows, 0), OPTION_GROUP(numbers, 0) };
static const struct option_table table = { groups, 2 };

/* Whoever reads a file may keep keys of it from counting. */
static enum options_key judge(void *user, const struct option_row *row, const char *key, const char *value,
			      struct error *e)
{
	(void)user;
	if (!row)
		return strcmp(value, "a project's") == 0 ? OPTIONS_KEY_PASSED_OVER : OPTIONS_KEY_TAKEN;
	if (strstr(value, "refused"))
		error_set(e, EXIT_USAGE, "%s (%s) may not be set here", key, row->name);
	return strstr(value, "refused")            ? OPTIONS_KEY_REFUSED
	       : strcmp(value, "passed over") == 0 ? OPTIONS_KEY_PASSED_OVER
						   : OPTIONS_KEY_TAKEN;
}

static bool is_others(const char *section, const char *key)
{
	return *section ? strcmp(section, "else") == 0 : strcmp(key, "other") == 0;
}

static bool parse(struct values *v, const char *ini, int argc, const char *const *args, int *first, struct error *e)
{
	char *argv[10] = { NULL };
	struct ini_file text = { .there = false };
	assert_true(!ini || (ini_file_read(ini, &text, e) && text.there));
	const struct options_file files[] = { { ini, buffer_view(&text.text), judge, NULL } };
	struct options_source source = { .program = "prog",
					 .env_prefix = "TEST_CREEL_",
					 .files = files,
					 .ini_section = "cmd",
					 .is_others = is_others,
					 .sections = "there are [cmd] and [else]",
					 .file_count = ini ? 1 : 0 };
	struct options *o = options_new();
	for (int i = 0; i < argc; i++)
		argv[i] = strdup(args[i]);
	bool fine = options_parse(o, &table, v, &source, argc, argv, first, e);
	/* The strings die with the options: keep what the tests look at. */
	if (v->text)
		v->text = strcmp(v->text, "from-arg") == 0   ? "from-arg"
			  : strcmp(v->text, "from-env") == 0 ? "from-env"
							     : "from-ini";
	v->count += (int64_t)v->list.count * 1000 + (int64_t)v->sum.count * 10000;
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
	char text[QUANTITY_LEN];
	quantity_format_duration(90000, text);
	assert_string_equal(text, "90s");
	quantity_format_duration(172800000, text);
	assert_string_equal(text, "2d");
	quantity_format_duration(0, text);
	assert_string_equal(text, "0ms");
	quantity_format_size(1536 << 10, text);
	assert_string_equal(text, "1536KiB");
	quantity_format_size(1000, text);
	assert_string_equal(text, "1000");
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

/* A misspelt word of a file is never passed over in silence. */
static void test_unknown_words_of_a_file(void **state)
{
	struct values v = { 0 };
	struct error e = { 0 };
	(void)state;
	assert_true(parse_text(&v, "other = 1\n[else]\nwhatever = 1\n[cmd]\ncount = 2\n", &e));
	assert_true(parse_text(&v, "coumt = a project's\n[cmdd]\ncount = a project's\n", &e));
	assert_false(parse_text(&v, "[cmdd]\ncount = 2\n", &e));
	assert_non_null(strstr(e.text, ": [cmdd] is not a known section: there are [cmd] and [else]"));
	assert_false(parse_text(&v, "coumt = 2\n", &e));
	assert_non_null(strstr(e.text, ": coumt is not a known key; did you mean count"));
	assert_false(parse_text(&v, "list.x = 1\nlits.x = 1\n", &e));
	assert_non_null(strstr(e.text, ": lits.x is not a known key"));
}

static void test_a_files_keys_are_judged(void **state)
{
	struct values v = { 0 };
	struct error e = { 0 };
	(void)state;
	assert_true(parse_text(&v, "text = passed over\nother = refused\n[else]\ntext = refused\n", &e));
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

static void test_defaults_and_the_unset(void **state)
{
	const char *args[] = { "prog" };
	struct values v = { .count = 7, .flag = true, .text = "old" };
	struct error e = { 0 };
	int first;
	(void)state;
	v.text = NULL;
	assert_true(parse(&v, NULL, 1, args, &first, &e));
	assert_int_equal(v.duration, 90000);
	assert_int_equal(v.count, 0);
	assert_false(v.flag);
	assert_int_equal(v.last, -1);
	assert_true(v.size == UINT64_MAX);
}

/* A number that may be left out takes the next word if it is one; another such value only what follows '='. */
static void test_values_that_may_be_left_out(void **state)
{
	static const struct {
		const char *args[5];
		int64_t last, sums;
		int rest;
	} cases[] = {
		{ { "prog", "--last", "3", "x" }, 3, 0, 1 },     { { "prog", "--last", "x", "y" }, 1, 0, 2 },
		{ { "prog", "x", "--last=12", "4" }, 12, 0, 2 }, { { "prog", "2", "x", "--last" }, 1, 0, 2 },
		{ { "prog", "--last", "--", "5" }, 1, 0, 1 },    { { "prog", "--sum", "x", "--sum=y" }, -1, 2, 1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct values v = { 0 };
		struct error e = { 0 };
		int first;
		assert_true(parse(&v, NULL, 4, cases[i].args, &first, &e));
		assert_int_equal(v.last, cases[i].last);
		assert_int_equal(v.count / 10000, cases[i].sums);
		assert_int_equal(4 - first, cases[i].rest);
	}
}

static void test_limits(void **state)
{
	static const struct {
		const char *args[3], *says;
	} bad[] = {
		{ { "prog", "--duration", "1s" }, "--duration must be at least 1500ms" },
		{ { "prog", "--duration", "3h" }, "--duration must be at most 2h" },
		{ { "prog", "--size", "1023KiB" }, "--size must be at least 1MiB, or 0: no limit" },
	};
	struct values v = { 0 };
	struct error e = { 0 };
	int first;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_false(parse(&v, NULL, 3, bad[i].args, &first, &e));
		assert_int_equal(e.code, EXIT_USAGE);
		assert_string_equal(e.text, bad[i].says);
	}
	const char *zero[] = { "prog", "--size", "0" };
	assert_true(parse(&v, NULL, 3, zero, &first, &e));
	assert_true(v.size == 0);
	/* What counts in the end is judged, not what it takes the place of. */
	const char *wins[] = { "prog", "--duration", "2s" };
	setenv("TEST_CREEL_DURATION", "1ms", 1);
	assert_true(parse(&v, NULL, 3, wins, &first, &e));
	assert_false(parse(&v, NULL, 1, wins, &first, &e));
	assert_string_equal(e.text, "TEST_CREEL_DURATION must be at least 1500ms");
	unsetenv("TEST_CREEL_DURATION");
}

static void test_sources_of_a_row(void **state)
{
	const char *args[] = { "prog" };
	struct values v = { 0 };
	struct error e = { 0 };
	int first;
	(void)state;
	setenv("TEST_CREEL_SIZE", "not asked", 1);
	setenv("TEST_CREEL_LAST", "4", 1);
	assert_true(parse(&v, NULL, 1, args, &first, &e));
	assert_int_equal(v.last, 4);
	assert_false(parse_text(&v, "last = 3\n", &e));
	assert_non_null(strstr(e.text, ": last cannot be set in a config file: use --last or TEST_CREEL_LAST"));
	assert_false(parse_text(&v, "[cmd]\nsize = 3\n", &e));
	assert_non_null(strstr(e.text, ": size cannot be set in a config file: use --size"));
	assert_null(strstr(e.text, " or "));
	unsetenv("TEST_CREEL_SIZE");
	unsetenv("TEST_CREEL_LAST");
}

static void test_help(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	(void)state;
	assert_non_null(f);
	options_print(f, &table);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(text,
			    "  -f, --flag                      a flag\n"
			    "      --text T                    a text\n"
			    "      --choice a|bc               a choice (default bc)\n"
			    "  -l, --list L                    a list (again for more)\n"
			    "      --sum[=NAME]                a sum (again for more)\n"
			    "      --duration D                a duration (default 90s; at least 1500ms; at most 2h)\n"
			    "  -n, --count N                   a count\n"
			    "      --last [N]                  a number or none\n"
			    "      --size S                    a size (at least 1MiB; 0: no limit)\n");
	free(text);
	assert_string_equal(option_table_row(&table, 5)->name, "duration");
	assert_null(option_table_row(&table, 9));
	assert_ptr_equal(option_table_find(&table, "size"), &numbers[3]);
	assert_null(option_table_find(&table, "sizes"));
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
		cmocka_unit_test(test_unknown_words_of_a_file),
		cmocka_unit_test(test_a_files_keys_are_judged),
		cmocka_unit_test(test_defaults_and_the_unset),
		cmocka_unit_test(test_values_that_may_be_left_out),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_sources_of_a_row),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_errors_name_the_option),
		cmocka_unit_test(test_secrets_are_never_arguments),
		cmocka_unit_test(test_terminal_gate),
		cmocka_unit_test(test_json_gate),
		cmocka_unit_test(test_time),
	};
	return RUN(tests);
}
