/* The turns of the addresses of a relay's name. */
#include "client/tunnel/tunnel_address.h"
#include "tests/unit/unit.h"

static struct tunnel_addresses two(void)
{
	struct tunnel_addresses a = { 0 };
	assert_int_equal(tunnel_address_find(&a, "localhost", true), 0);
	assert_int_equal(a.count, 2);
	return a;
}

static void test_a_round_has_each_once(void **state)
{
	struct tunnel_addresses a = two();
	(void)state;
	assert_string_equal(tunnel_address_next(&a), "127.0.0.1");
	assert_int_equal(a.left, 1);
	assert_string_equal(tunnel_address_next(&a), "::1");
	assert_int_equal(a.left, 0);
}

static void test_one_that_led_nowhere_is_the_last_of_the_next_round(void **state)
{
	struct tunnel_addresses a = two();
	(void)state;
	tunnel_address_next(&a);
	assert_int_equal(tunnel_address_find(&a, "localhost", true), 0);
	assert_string_equal(tunnel_address_next(&a), "::1");
	assert_string_equal(tunnel_address_next(&a), "127.0.0.1");
}

static void test_one_that_worked_is_the_first_again(void **state)
{
	struct tunnel_addresses a = two();
	(void)state;
	tunnel_address_next(&a);
	tunnel_address_next(&a);
	tunnel_address_keep(&a);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tunnel_address_find(&a, "localhost", true), 0);
		assert_string_equal(tunnel_address_next(&a), "::1");
		tunnel_address_keep(&a);
	}
}

static void test_the_last_has_the_whole_time(void **state)
{
	struct tunnel_addresses a = two();
	(void)state;
	tunnel_address_next(&a);
	assert_int_equal(tunnel_address_wait_ms(&a, 10000), 1000);
	assert_int_equal(tunnel_address_wait_ms(&a, 800), 100);
	tunnel_address_next(&a);
	assert_int_equal(tunnel_address_wait_ms(&a, 10000), 10000);
}

static void test_those_of_this_machine_alone(void **state)
{
	struct tunnel_addresses a = { 0 };
	(void)state;
	assert_int_equal(tunnel_address_find(&a, "192.0.2.1", true), 0);
	assert_int_equal(a.count, 0);
	assert_int_equal(tunnel_address_find(&a, "192.0.2.1", false), 0);
	assert_string_equal(tunnel_address_next(&a), "192.0.2.1");
	assert_int_equal(tunnel_address_find(&a, "hooks.localhost", true), 0);
	assert_int_equal(a.count, 2);
	assert_true(tunnel_address_has_route("127.0.0.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_round_has_each_once),
		cmocka_unit_test(test_one_that_led_nowhere_is_the_last_of_the_next_round),
		cmocka_unit_test(test_one_that_worked_is_the_first_again),
		cmocka_unit_test(test_the_last_has_the_whole_time),
		cmocka_unit_test(test_those_of_this_machine_alone),
	};
	return RUN(tests);
}
