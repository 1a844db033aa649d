/* A filter narrowed by one more term, and given back without it. */
#include "tests/unit/unit.h"
#include "shared/filter/filter_text.h"

#define NOW_US UINT64_C(1700000000000000)

static void test_there_and_back(void **state)
{
	static const struct {
		const char *text, *narrowed, *back; /* back: NULL: `text` */
	} cases[] = {
		{ "", "is:marked", NULL },
		{ "  ", "is:marked", "" },
		{ "status:5xx", "status:5xx is:marked", NULL },
		{ "a b", "a b is:marked", NULL },
		{ "a AND b", "a AND b is:marked", NULL },
		{ "a OR b", "(a OR b) is:marked", NULL },
		{ "a b OR c", "(a b OR c) is:marked", NULL },
		{ "(a OR b)", "(a OR b) is:marked", "a OR b" },
		{ "(a) OR (b)", "((a) OR (b)) is:marked", NULL },
		{ "(a OR b) c", "(a OR b) c is:marked", NULL },
		{ "-(a OR b)", "-(a OR b) is:marked", NULL },
		{ "a \"x OR y\"", "a \"x OR y\" is:marked", NULL },
		{ "body:\")\" OR a", "(body:\")\" OR a) is:marked", NULL },
		{ "since:1h", "since:1h is:marked", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer narrowed = { 0 }, back = { 0 };
		assert_true(filter_text_narrow(&narrowed, cases[i].text, "is:marked", NOW_US));
		assert_true(buffer_put_u8(&narrowed, 0));
		assert_string_equal((const char *)narrowed.at, cases[i].narrowed);
		assert_true(filter_text_widen(&back, (const char *)narrowed.at, "is:marked", NOW_US));
		assert_true(buffer_put_u8(&back, 0));
		assert_string_equal((const char *)back.at, cases[i].back ? cases[i].back : cases[i].text);
		buffer_free(&narrowed);
		buffer_free(&back);
	}
}

static void test_not_narrowed(void **state)
{
	static const char *const texts[] = { "",           "status:5xx",  "a OR is:marked",
					     "-is:marked", "is:marked a", "body:\"is:marked\"",
					     "is:markedx", "(is:marked",  "IS:marked" };
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct buffer out = { 0 };
		if (filter_text_widen(&out, texts[i], "is:marked", NOW_US) || out.len)
			fail_msg("%s", texts[i]);
		buffer_free(&out);
	}
}

/* Read back, each is the one value and nothing else. */
static void test_put(void **state)
{
	static const char *const cases[][2] = {
		{ "invoice.paid", "event:invoice.paid" },
		{ "a b", "event:\"a b\"" },
		{ "a*", "event:\"a*\"" },
		{ "say \"hi\" \\ x", "event:\"say \\\"hi\\\" \\\\ x\"" },
		{ "/x/", "event:\"/x/\"" },
		{ "/hooks/stripe", "event:/hooks/stripe" },
		{ "other", "event:\"other\"" },
		{ "a,b", "event:\"a,b\"" },
		{ "\xff\n", "event:\"\xff\n\"" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct filter_error e;
		struct buffer out = { 0 };
		assert_true(filter_text_put(&out, "event", bytes_of(cases[i][0])) && buffer_put_u8(&out, 0));
		assert_string_equal((const char *)out.at, cases[i][1]);
		struct filter *f = filter_parse((const char *)out.at, NOW_US, &e);
		assert_non_null(f);
		filter_free(f);
		buffer_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_not_narrowed),
					    cmocka_unit_test(test_put) };
	return RUN(tests);
}
