/* Addresses as text, networks of trusted proxies, and whom X-Forwarded-For tells of. */
#include "relay/net/trusted.h"
#include "tests/unit/unit.h"

#include <string.h>

static struct trusted *make(const char *list)
{
	struct option_values values = { &list, *list ? 1 : 0 };
	struct error e;
	struct trusted *t = trusted_new(&values, &e);
	assert_non_null(t);
	return t;
}

static struct peer peer(const char *text)
{
	struct peer p = { .known = false };
	if (*text && !peer_parse(bytes_of(text), &p))
		fail_msg("%s is no peer", text);
	return p;
}

static void test_peers_as_text(void **state)
{
	static const char *const good[][2] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1:80", "192.0.2.1:80" },
		{ "192.0.2.1:65535", "192.0.2.1:65535" },
		{ "2001:DB8::1", "[2001:db8::1]" },
		{ "[2001:db8::1]", "[2001:db8::1]" },
		{ "[2001:db8::1]:80", "[2001:db8::1]:80" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "[::ffff:192.0.2.1]:9", "192.0.2.1:9" },
		{ "::", "[::]" },
	};
	static const char *const bad[] = { "",
					   "localhost",
					   "192.0.2",
					   "192.0.2.1:",
					   "192.0.2.1:65536",
					   "192.0.2.1:+1",
					   "192.0.2.1:80:1",
					   "[192.0.2.1]",
					   "[2001:db8::1",
					   "[2001:db8::1]80",
					   "[]:80",
					   "2001:db8:::1",
					   ":80",
					   "[2001:db8::1]:",
					   "unknown",
					   "_hidden",
					   "fe80::1%eth0",
					   "1.2.3.4 ",
					   "0x7f.1",
					   "\"1.2.3.4\"" };
	char text[PEER_TEXT_LEN];
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct peer p = peer(good[i][0]);
		peer_format(&p, text);
		assert_string_equal(text, good[i][1]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct peer p;
		if (peer_parse(bytes_of(bad[i]), &p))
			fail_msg("%s is taken for a peer", bad[i]);
	}
	struct peer nobody = { .known = false };
	peer_format(&nobody, text);
	assert_string_equal(text, "unknown");
}

static void test_networks(void **state)
{
	static const struct {
		const char *list, *address;
		bool has;
	} rows[] = {
		{ "127.0.0.1", "127.0.0.1", true },
		{ "127.0.0.1", "127.0.0.1:4000", true },
		{ "127.0.0.1", "127.0.0.2", false },
		{ "127.0.0.1", "::ffff:127.0.0.1", true },
		{ "127.0.0.1", "::1", false },
		{ "127.0.0.0/8", "127.255.3.4", true },
		{ "127.0.0.1/8", "127.255.3.4", true },
		{ "127.0.0.0/8", "128.0.0.0", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.4/31", "192.0.2.5", true },
		{ "192.0.2.4/31", "192.0.2.6", false },
		{ "192.0.2.4/32", "192.0.2.4", true },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "203.0.113.9", false },
		{ "::ffff:10.0.0.0/104", "10.9.9.9", true },
		{ "::ffff:10.0.0.0/104", "11.9.9.9", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "::1", "::1", true },
		{ "10.0.0.1, 10.0.0.2 ::1", "10.0.0.2", true },
		{ "10.0.0.1,10.0.0.2,::1", "::1", true },
		{ "10.0.0.1,10.0.0.2,::1", "10.0.0.3", false },
		{ "", "127.0.0.1", false },
		{ "0.0.0.0/0", "", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct trusted *t = make(rows[i].list);
		struct peer p = peer(rows[i].address);
		if (trusted_has(t, &p) != rows[i].has)
			fail_msg("%s and %s", rows[i].list, rows[i].address);
		trusted_free(t);
	}
	struct peer p = peer("127.0.0.1");
	assert_false(trusted_has(NULL, &p));
}

static void test_what_is_no_network(void **state)
{
	static const char *const bad[] = { "localhost",
					   "10.0.0.0/33",
					   "10.0.0.0/",
					   "10.0.0.0/-1",
					   "10.0.0.0/8/8",
					   "10.0.0",
					   "::/129",
					   "10.0.0.1:80",
					   "[::1]",
					   "",
					   " ",
					   "10.0.0.1,,x",
					   "10.0.0.0/08x",
					   "10.0.0.0/+8",
					   "unix:",
					   "10.0.0.0/0008",
					   "1234567890123456789012345678901234567890123456789012345678901234567890" };
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *one = bad[i];
		struct option_values values = { &one, 1 };
		struct error e;
		if (trusted_new(&values, &e))
			fail_msg("'%s' is taken for a network", bad[i]);
		assert_int_equal(e.code, EXIT_USAGE);
		assert_non_null(strstr(e.text, "--trusted-proxy"));
	}
}

#define XFF(value) "X-Forwarded-For: " value "\r\n"

static void test_the_sender(void **state)
{
	static const struct {
		const char *peer, *headers, *sender;
		bool believed;
	} rows[] = {
		/* Of 10.0.0.0/8. */
		{ "203.0.113.9:5", XFF("6.6.6.6"), "203.0.113.9:5", false },
		{ "10.0.0.1:5", "", "10.0.0.1:5", true },
		{ "10.0.0.1:5", "A: 203.0.113.9\r\n", "10.0.0.1:5", true },
		{ "10.0.0.1:5", XFF("203.0.113.9"), "203.0.113.9", true },
		{ "10.0.0.1:5", "x-forwarded-FOR: 203.0.113.9:77\r\n", "203.0.113.9:77", true },
		{ "10.0.0.1:5", XFF("6.6.6.6, 203.0.113.9"), "203.0.113.9", true },
		{ "10.0.0.1:5", XFF("6.6.6.6,203.0.113.9 , \t"), "203.0.113.9", true },
		{ "10.0.0.1:5", XFF("6.6.6.6, 203.0.113.9, 10.9.9.9"), "203.0.113.9", true },
		{ "10.0.0.1:5", XFF("6.6.6.6, 203.0.113.9, 10.9.9.9,10.0.0.1"), "203.0.113.9", true },
		{ "10.0.0.1:5", XFF("10.0.0.3, 10.0.0.2"), "10.0.0.3", true },
		{ "10.0.0.1:5", XFF("6.6.6.6") XFF("203.0.113.9"), "203.0.113.9", true },
		{ "10.0.0.1:5", XFF("6.6.6.6, 203.0.113.9") "A: b\r\n" XFF("10.0.0.7") XFF(""), "203.0.113.9", true },
		{ "10.0.0.1:5", XFF("6.6.6.6, unknown"), "10.0.0.1:5", true },
		{ "10.0.0.1:5", XFF("6.6.6.6, unknown, 10.0.0.2"), "10.0.0.2", true },
		{ "10.0.0.1:5", XFF("unknown, 203.0.113.9"), "203.0.113.9", true },
		{ "10.0.0.1:5", XFF("2001:db8::9"), "[2001:db8::9]", true },
		{ "10.0.0.1:5", XFF("[2001:db8::9]:44"), "[2001:db8::9]:44", true },
		{ "10.0.0.1:5", XFF("::ffff:203.0.113.9"), "203.0.113.9", true },
		{ "10.0.0.1:5", "X_Forwarded_For: 203.0.113.9\r\n", "10.0.0.1:5", true },
		{ "", XFF("203.0.113.9"), "unknown", false },
	};
	struct trusted *t = make("10.0.0.0/8");
	char text[PEER_TEXT_LEN];
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct peer from = peer(rows[i].peer), sender;
		bool believed = trusted_find_sender(t, &from, bytes_of(rows[i].headers), &sender);
		peer_format(&sender, text);
		if (strcmp(text, rows[i].sender) != 0 || believed != rows[i].believed)
			fail_msg("%s with %s: %s", rows[i].peer, rows[i].headers, text);
	}
	struct peer from = peer("10.0.0.1:5"), sender;
	assert_true(trusted_find_in_list(t, &from, bytes_of("6.6.6.6,203.0.113.9"), &sender));
	peer_format(&sender, text);
	assert_string_equal(text, "203.0.113.9");
	assert_true(trusted_find_in_list(t, &from, bytes_of(""), &sender));
	peer_format(&sender, text);
	assert_string_equal(text, "10.0.0.1:5");
	assert_false(trusted_find_sender(NULL, &from, bytes_of(XFF("6.6.6.6")), &sender));
	trusted_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peers_as_text),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_what_is_no_network),
		cmocka_unit_test(test_the_sender),
	};
	return RUN(tests);
}
