/* HTTP's dates. */
#include "shared/http/http_date.h"
#include "tests/unit/unit.h"

static void test_dates(void **state)
{
	static const struct {
		time_t when;
		const char *text;
	} dates[] = {
		{ 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" }, /* RFC 9110's own */
		{ 0, "Thu, 01 Jan 1970 00:00:00 GMT" },         { 951782399, "Mon, 28 Feb 2000 23:59:59 GMT" },
		{ 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" }, { 4102444799, "Thu, 31 Dec 2099 23:59:59 GMT" },
	};
	char text[HTTP_DATE_SIZE];
	(void)state;
	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
		http_date_write(dates[i].when, text);
		assert_string_equal(text, dates[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_dates) };
	return RUN(tests);
}
