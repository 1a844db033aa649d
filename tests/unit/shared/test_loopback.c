/* Which addresses are this machine's own. */
#include "shared/net/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "tests/unit/unit.h"

static bool is_loopback(const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return loopback_is((const struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return loopback_is((const struct sockaddr *)&v6);
}

static void test_this_machine(void **state)
{
	const char *own[] = { "127.0.0.1", "127.0.0.0", "127.255.255.255", "::1", "::ffff:127.0.0.1" };
	(void)state;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		assert_true(is_loopback(own[i]));
}

static void test_others(void **state)
{
	const char *others[] = { "126.255.255.255", "128.0.0.0", "0.0.0.0",    "10.0.0.1",
				 "255.255.255.255", "::",        "::2",        "::ffff:128.0.0.1",
				 "fe80::1",         "7f00::1",   "::127.0.0.1" /* the old form, not mapped */ };
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(is_loopback(others[i]));
	assert_false(loopback_is((const struct sockaddr *)&local));
}

static void test_texts(void **state)
{
	const char *others[] = { "",           "localhost", "[::1]",    "127.1",           "127.0.0.1 ",
				 "0x7f.0.0.1", "::2",       "10.0.0.1", "127.0.0.1.nip.io" };
	(void)state;
	assert_true(loopback_is_text("127.0.0.1") && loopback_is_text("127.9.9.9") && loopback_is_text("::1"));
	assert_true(loopback_is_text("0:0:0:0:0:0:0:1"));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(loopback_is_text(others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_machine),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_texts),
	};
	return RUN(tests);
}
