/* What may stand for the app: a port, a URL or a unix socket. No name is looked up here: those are the end-to-end
 * tests', which have a hosts file of their own. */
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
	expect_target("http://203.0.113.1", false, NULL);
	expect_target("http://u:p@localhost", false, NULL);
	expect_target("http://example.com", true, "http://example.com:80");
	expect_target("http://myapp.localhost:3000", false, "http://myapp.localhost:3000");
	expect_target("0.0.0.0:3000", false, "http://localhost:3000");
	expect_target("https://[::]:3000/x", false, "https://localhost:3000/x");
}

static void test_sockets(void **state)
{
	char longest[200];
	(void)state;
	expect_target("unix:/run/app.sock", false, "unix:/run/app.sock");
	expect_target("unix:/run/app.sock:", false, "unix:/run/app.sock");
	expect_target("unix:/run/app.sock:/base/", false, "unix:/run/app.sock:/base");
	expect_target("unix:app.sock", false, NULL);
	expect_target("unix:", false, NULL);
	expect_target("unix:/", false, NULL);
	expect_target("unix:/run/app.sock:base", false, NULL);
	expect_target("unix:/run/app.sock?x=1", false, NULL);
	snprintf(longest, sizeof longest, "unix:/%0120d", 0);
	expect_target(longest, false, NULL);
}

static void expect_why(const char *text, const char *words)
{
	struct error e = { 0 };
	assert_null(forward_parse_target(text, false, &e));
	if (!strstr(e.text, words))
		fail_msg("%s: %s", text, e.text);
}

/* A refusal names its own reason. */
static void test_reasons(void **state)
{
	(void)state;
	expect_why("http://localhost:3000/a?x=1", "has a query");
	expect_why("http://me:pw@localhost:3000", "holds a user name");
	expect_why("http://localhost:3000/#x", "has a fragment");
	expect_why("unix:app.sock", "whole path");
	expect_why("http://10.0.0.1:3000", "10.0.0.1 is not on this machine");
	expect_why("70000", "70000 is not a port");
}

static void expect_url(const char *base, const char *target, const char *out)
{
	char *url = forward_url(base, bytes_of(target));
	assert_string_equal(url, out);
	free(url);
}

static void test_urls(void **state)
{
	(void)state;
	expect_url("http://localhost:3000/base", "/x?y", "http://localhost:3000/base/x?y");
	expect_url("unix:/run/app.sock", "/x?y", "unix:/run/app.sock:/x?y");
	expect_url("unix:/run/app.sock:", "/x?y", "unix:/run/app.sock:/x?y");
	expect_url("unix:/run/app.sock:/base", "/x:1", "unix:/run/app.sock:/base/x:1");
}

/* What a project's file may name without the user's word. */
static void test_harmless(void **state)
{
	(void)state;
	assert_true(forward_target_is_harmless("3000"));
	assert_true(forward_target_is_harmless("http://localhost:3000/x"));
	assert_true(forward_target_is_harmless("https://127.0.0.1"));
	assert_false(forward_target_is_harmless("unix:/run/docker.sock"));
	assert_false(forward_target_is_harmless("http://name.invalid:3000"));
	assert_false(forward_target_is_harmless("http://10.0.0.1"));
	assert_false(forward_target_is_harmless("nothing at all"));
}

static void test_local(void **state)
{
	(void)state;
	assert_true(forward_url_is_local(bytes_of("http://a.localhost:80/x")));
	assert_true(forward_url_is_local(bytes_of("http://[::1]:80/x")));
	assert_true(forward_url_is_local(bytes_of("unix:/run/app.sock:/x")));
	assert_false(forward_url_is_local(bytes_of("http://localhost.example.com/")));
	assert_false(forward_url_is_local(bytes_of("http://127.0.0.1.example.com/")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets), cmocka_unit_test(test_sockets),  cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_urls),    cmocka_unit_test(test_harmless), cmocka_unit_test(test_local),
	};
	return RUN(tests);
}
