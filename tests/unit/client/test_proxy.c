/* A proxy as the environment names it, taken apart. */
#include "client/proxy/proxy.h"
#include "shared/base/bytes.h"
#include "tests/unit/unit.h"

static void expect_split(const char *text, const char *user, const char *password, const char *shown)
{
	struct proxy p;
	if (!proxy_split(text, &p))
		fail_msg("%s was refused", text);
	assert_string_equal(p.shown, shown);
	assert_string_equal(p.user ? p.user : "(none)", user ? user : "(none)");
	assert_string_equal(p.password ? p.password : "(none)", password ? password : "(none)");
	proxy_free(&p);
	assert_null(p.user);
}

static void test_what_is_one(void **state)
{
	(void)state;
	expect_split("http://127.0.0.1:3128", NULL, NULL, "http://127.0.0.1:3128");
	expect_split("proxy.test:8080", NULL, NULL, "http://proxy.test:8080");
	expect_split("proxy.test", NULL, NULL, "http://proxy.test:1080");
	expect_split("http://proxy.test/", NULL, NULL, "http://proxy.test:1080");
	expect_split("https://proxy.test", NULL, NULL, "https://proxy.test:443");
	expect_split("HTTP://proxy.test:1/", NULL, NULL, "http://proxy.test:1");
	expect_split("socks5h://127.0.0.1:1080", NULL, NULL, "socks5h://127.0.0.1:1080");
	expect_split("http://[::1]:3128/", NULL, NULL, "http://[::1]:3128");
	expect_split("[fe80::1]", NULL, NULL, "http://[fe80::1]:1080");
	expect_split(" http://proxy.test:80", NULL, NULL, "http://proxy.test:80");
	expect_split("http://proxy.test:", NULL, NULL, "http://proxy.test:1080");
}

static void test_logins(void **state)
{
	(void)state;
	expect_split("http://user:pw@h:1", "user", "pw", "http://h:1");
	expect_split("user:pw@h:1", "user", "pw", "http://h:1");
	expect_split("http://user:p%40ss@h:1", "user", "p@ss", "http://h:1");
	expect_split("http://user:p@ss@h:1", "user", "p@ss", "http://h:1");
	expect_split("http://do%3Amain%5Cuser:a:b@[::1]:1", "do:main\\user", "a:b", "http://[::1]:1");
	expect_split("http://user:pa/ss?#@h:1/", "user", "pa/ss?#", "http://h:1");
	expect_split("http://user:100%@h:1", "user", "100%", "http://h:1");
	expect_split("http://user:%zz%4@h:1", "user", "%zz%4", "http://h:1");
	expect_split("http://user@h:1", "user", NULL, "http://h:1");
	expect_split("http://user:@h:1", "user", "", "http://h:1");
	expect_split("http://:pw@h:1", "", "pw", "http://h:1");
	expect_split("http://u:p%0d%0a@h:1", "u", "p\r\n", "http://h:1");
}

static void test_what_is_none(void **state)
{
	(void)state;
	static const char *const none[] = { "",
					    "http://",
					    "://h:1",
					    "http://:80",
					    "http://user:pw@",
					    "http://user:pw@:1",
					    "http://h:0",
					    "http://h:65536",
					    "http://h:123456",
					    "http://h:8o",
					    "http://h h:1",
					    "http://[::1:1",
					    "http://[h]:1",
					    "http://u:p%00w@h:1",
					    "averylongscheme://h:1",
					    "ht tp://h:1",
					    "http://h\r\nx:1" };
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		struct proxy p;
		if (proxy_split(none[i], &p))
			fail_msg("'%s' was taken", none[i]);
		proxy_free(&p);
	}
}

static void forget(void)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
					     "ALL_PROXY",  "no_proxy",    "NO_PROXY" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
}

static void test_the_sentence_holds_no_secret(void **state)
{
	(void)state;
	struct proxy p;
	struct error e = { 0 };
	forget();
	setenv("ALL_PROXY", "quic://name17:key@17@127.0.0.1:9050", 1);
	assert_false(proxy_for("https", "hooks.test", &p, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_non_null(strstr(e.text, "ALL_PROXY names quic://127.0.0.1:9050"));
	assert_null(strstr(e.text, "name17"));
	assert_null(strstr(e.text, "key"));
	proxy_free(&p);
	setenv("HTTPS_PROXY", "http://name17:key17@h:99999", 1);
	assert_false(proxy_for("https", "hooks.test", &p, &e));
	assert_non_null(strstr(e.text, "HTTPS_PROXY"));
	assert_null(strstr(e.text, "17"));
	proxy_free(&p);
	setenv("NO_PROXY", "hooks.test", 1);
	assert_true(proxy_for("https", "hooks.test", &p, &e));
	assert_null(p.variable);
	proxy_free(&p);
	forget();
}

static void test_kinds(void **state)
{
	(void)state;
	static const char *const spoken[] = { "http://h:1",    "https://h:1",  "socks://h:1",   "socks4://h:1",
					      "socks4a://h:1", "socks5://h:1", "SOCKS5h://h:1", "h:1" };
	static const char *const unknown[] = { "ftp://h:1", "ws://h:1", "socks6://h:1", "ssh://h:1" };
	struct proxy p;
	struct error e = { 0 };
	forget();
	for (size_t i = 0; i < sizeof spoken / sizeof *spoken; i++) {
		setenv("all_proxy", spoken[i], 1);
		assert_true(proxy_for("https", "hooks.test", &p, &e));
		proxy_free(&p);
	}
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		setenv("all_proxy", unknown[i], 1);
		assert_false(proxy_for("https", "hooks.test", &p, &e));
		assert_non_null(strstr(e.text, "all_proxy names "));
		proxy_free(&p);
	}
	forget();
}

static void test_long_logins(void **state)
{
	(void)state;
	struct proxy p;
	struct error e = { 0 };
	char url[600];
	forget();
	snprintf(url, sizeof url, "http://u:%0255d@h:1", 7);
	setenv("http_proxy", url, 1);
	assert_true(proxy_for("http", "hooks.test", &p, &e));
	proxy_free(&p);
	snprintf(url, sizeof url, "http://u:%0256d@h:1", 7);
	setenv("http_proxy", url, 1);
	assert_false(proxy_for("http", "hooks.test", &p, &e));
	assert_non_null(strstr(e.text, "longer than"));
	assert_null(strstr(e.text, "0000"));
	proxy_free(&p);
	forget();
}

static void test_variables(void **state)
{
	struct error e;
	struct proxy p;
	(void)state;
	unsetenv("https_proxy");
	unsetenv("no_proxy");
	setenv("HTTPS_PROXY", "http://me:pw@proxy.test:3128/", 1);
	assert_true(proxy_for("https", "relay.test", &p, &e));
	assert_string_equal(p.shown, "http://proxy.test:3128");
	assert_string_equal(p.variable, "HTTPS_PROXY");
	proxy_free(&p);
	setenv("NO_PROXY", "other, .relay.test", 1);
	assert_true(proxy_for("https", "a.relay.test", &p, &e) && !p.variable);
	assert_true(proxy_for("https", "evilrelay.test", &p, &e) && p.variable);
	proxy_free(&p);
	unsetenv("HTTPS_PROXY");
	unsetenv("NO_PROXY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_one),  cmocka_unit_test(test_logins),
		cmocka_unit_test(test_what_is_none), cmocka_unit_test(test_the_sentence_holds_no_secret),
		cmocka_unit_test(test_kinds),        cmocka_unit_test(test_long_logins),
		cmocka_unit_test(test_variables),
	};
	return RUN(tests);
}
