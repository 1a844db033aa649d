/* What may stand for the app: a port or a URL. */
#include "client/app/forwarder.h"
#include "tests/unit/unit.h"

static void expect_target(const char *text, bool remote, const char *out)
{
	struct error e = { 0 };
	char *url = forward_parse_target(text, remote, &e);
	if (out)
		assert_string_equal(url, out);
	else if (url)
		fail_msg("%s was taken for %s", text, url);
	if (!out)
		assert_int_equal(e.code, EXIT_USAGE);
	free(url);
}

static void test_targets(void **state)
{
	(void)state;
	expect_target("3000", false, "http://localhost:3000");
	expect_target("localhost:3000", false, "http://localhost:3000");
	expect_target("http://127.0.0.1:3000/base/", false, "http://127.0.0.1:3000/base");
	expect_target("https://[::1]/x", false, "https://[::1]:443/x");
	expect_target("0", false, NULL);
	expect_target("65536", false, NULL);
	expect_target("", false, NULL);
	expect_target("ftp://localhost", false, NULL);
	expect_target("http://example.com", false, NULL);
	expect_target("http://127.0.0.1.example.com", false, NULL);
	expect_target("http://u:p@localhost", false, NULL);
	expect_target("http://example.com", true, "http://example.com:80");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),
	};
	return RUN(tests);
}
