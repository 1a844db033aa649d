/* Which host names a relay answers to. */
#include "relay/net/host_check.h"
#include "tests/unit/unit.h"

static void test_host_check(void **state)
{
	static const char *addresses[] = { "127.0.0.2:8080", "[::1]:0" };
	static const char *const ours[] = {
		"localhost",       "LocalHost:80", "localhost.",        "127.0.0.1:65535",      "[::1]",
		"[0::1]:8080",     "127.0.0.2",    "hooks.example.com", "HOOKS.example.com.:1", "t.example",
		"a.T.example:443", "a.b.t.example"
	};
	static const char *const theirs[] = { "",
					      "evil.example",
					      "localhost.evil.example",
					      "evil.localhost",
					      "hooks.example.com.evil.example",
					      "xt.example",
					      ".t.example.evil",
					      "127.0.0.3",
					      "127.1",
					      "[::1",
					      "[::1]x",
					      "[::2]",
					      "::1",
					      "localhost:1:2",
					      "localhost:x",
					      "localhost:123456",
					      "user@localhost",
					      "user@hooks.example.com",
					      ".",
					      ":80" };
	const struct option_values listen = { addresses, 2 };
	struct host_names names = { false, "https://user@hooks.example.com:8443/x@y", "t.example", &listen };
	char said[HOST_CHECK_SENTENCE], longest[300];
	(void)state;
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		assert_true(host_check_is_ours(&names, bytes_of(ours[i])));
	for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
		assert_false(host_check_is_ours(&names, bytes_of(theirs[i])));
	assert_false(host_check_is_ours(&names, bytes_make("localhost\0.evil", 15)));
	names.any = true;
	assert_true(host_check_is_ours(&names, bytes_of("evil.example")));
	assert_true(host_check_is_loopback(bytes_of("127.9.9.9:1")) && host_check_is_loopback(bytes_of("a.localhost")));
	assert_false(host_check_is_loopback(bytes_of("128.0.0.1")) ||
		     host_check_is_loopback(bytes_of("hooks.example")));
	assert_true(bytes_equal(host_check_authority("http://a:b@c@h.example:1/x?@d"), bytes_of("h.example:1")));
	assert_int_equal(host_check_authority("h.example").len, 0);
	memset(longest, 0x01, sizeof longest); /* the longest when made harmless */
	host_check_explain(bytes_make(longest, sizeof longest), said);
	assert_non_null(strstr(said, "passes the Host on as it came."));
	assert_null(strchr(said, 0x01));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_check),
	};
	return RUN(tests);
}
