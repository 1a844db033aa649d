/* Limits of addresses and tunnels. */
#include "relay/common/throttle.h"
#include "tests/unit/unit.h"

static struct throttle_address address_of(const char *text)
{
	struct throttle_address a;
	struct peer p;
	assert_true(peer_parse(bytes_of(text), &p));
	throttle_address_of(&a, &p);
	return a;
}

static void test_connections(void **state)
{
	const struct throttle_settings settings = { .connections_per_address = 2 };
	struct throttle *l = throttle_new(&settings);
	struct throttle_address a = address_of("192.0.2.1"), mapped = address_of("::ffff:192.0.2.1"),
				b = address_of("192.0.2.2");
	(void)state;
	assert_non_null(l);
	throttle_connected(l, &a);
	assert_true(throttle_may_connect(l, &a));
	throttle_connected(l, &mapped);
	assert_false(throttle_may_connect(l, &a));
	assert_false(throttle_may_connect(l, &mapped));
	assert_true(throttle_may_connect(l, &b));
	throttle_disconnected(l, &a);
	assert_true(throttle_may_connect(l, &a));
	throttle_disconnected(l, &a);
	throttle_disconnected(l, &a); /* one too many takes nobody else's */
	assert_int_equal(throttle_entries(l), 0);
	throttle_free(l);
}

static void test_one_v6_host_has_all_of_its_network(void **state)
{
	const struct throttle_settings settings = { .connections_per_address = 1 };
	struct throttle *l = throttle_new(&settings);
	struct throttle_address a = address_of("2001:db8:1:2::1"), b = address_of("2001:db8:1:2:ffff::9"),
				other = address_of("2001:db8:1:3::1");
	(void)state;
	assert_non_null(l);
	throttle_connected(l, &a);
	assert_false(throttle_may_connect(l, &b));
	assert_true(throttle_may_connect(l, &other));
	throttle_free(l);
}

static int taken(struct throttle *l, const struct throttle_address *a, uint64_t now_ms)
{
	int n = 0;
	while (n < 100 && throttle_take_address(l, a, now_ms))
		n++;
	return n;
}

static void test_rate_of_an_address(void **state)
{
	const struct throttle_settings settings = { .rate_per_address = 10 };
	struct throttle *l = throttle_new(&settings);
	struct throttle_address a = address_of("192.0.2.1"), b = address_of("192.0.2.2");
	(void)state;
	assert_non_null(l);
	assert_int_equal(taken(l, &a, 5000), 10);
	assert_int_equal(taken(l, &a, 5050), 0);
	assert_int_equal(taken(l, &a, 5100), 1);
	assert_int_equal(taken(l, &b, 5100), 10);
	assert_int_equal(taken(l, &a, 5350), 2);
	assert_int_equal(taken(l, &a, 5400), 1); /* the half that was left is not lost */
	assert_int_equal(taken(l, &a, 900000), 10);
	throttle_sweep(l, 900500);
	assert_int_equal(throttle_entries(l), 1);
	assert_int_equal(taken(l, &a, 900500), 5); /* a sweep gives nothing away */
	throttle_sweep(l, 901500);
	assert_int_equal(throttle_entries(l), 0);
	throttle_free(l);
}

static void test_rate_of_a_tunnel(void **state)
{
	const struct throttle_settings settings = { .rate_per_tunnel = 1 };
	struct throttle *l = throttle_new(&settings);
	struct throttle_address a = address_of("192.0.2.1");
	(void)state;
	assert_non_null(l);
	assert_true(throttle_take_tunnel(l, bytes_of("shop"), 0));
	assert_false(throttle_take_tunnel(l, bytes_of("shop"), 999));
	assert_true(throttle_take_tunnel(l, bytes_of("shop2"), 999));
	assert_true(throttle_take_tunnel(l, bytes_of("shop"), 2000));
	assert_int_equal(taken(l, &a, 1), 100); /* that limit is off */
	throttle_free(l);
}

static void test_many_addresses_stay_bounded(void **state)
{
	const struct throttle_settings settings = { .rate_per_address = 1 };
	struct throttle *l = throttle_new(&settings);
	struct throttle_address a = address_of("192.0.2.1");
	(void)state;
	assert_non_null(l);
	for (uint32_t i = 0; i < 70000; i++) {
		memcpy(a.at + 12, &i, sizeof i);
		assert_true(throttle_take_address(l, &a, 1));
	}
	assert_true(throttle_entries(l) <= 65536);
	throttle_free(l);
}

/* Whoever is behind the same address keeps what it has. */
static void test_refusals_have_a_bucket_of_their_own(void **state)
{
	const struct throttle_settings settings = { .rate_per_address = 2, .refusals_per_address = 3 };
	struct throttle *l = throttle_new(&settings);
	struct throttle_address a = address_of("192.0.2.1"), b = address_of("192.0.2.2");
	(void)state;
	assert_non_null(l);
	for (int i = 0; i < 10; i++)
		assert_int_equal(throttle_take_refusal(l, &a, 1000), i < 3);
	assert_true(throttle_take_refusal(l, &b, 1000));
	assert_true(throttle_take_address(l, &a, 1000) && throttle_take_address(l, &a, 1000));
	assert_false(throttle_take_address(l, &a, 1000));
	assert_true(throttle_take_refusal(l, &a, 1400)); /* a third of a second brings one */
	assert_false(throttle_take_refusal(l, &a, 1400));
	throttle_sweep(l, 10000);
	assert_int_equal(throttle_entries(l), 0);
	throttle_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_one_v6_host_has_all_of_its_network),
		cmocka_unit_test(test_rate_of_an_address),
		cmocka_unit_test(test_rate_of_a_tunnel),
		cmocka_unit_test(test_many_addresses_stay_bounded),
		cmocka_unit_test(test_refusals_have_a_bucket_of_their_own),
	};
	return RUN(tests);
}
