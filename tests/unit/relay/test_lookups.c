/* Which node has a tunnel, asked of a bucket on a NATS server of the test's own. */
#include "relay/cluster/lookups.h"
#include "tests/unit/relay/bucket.h"

#include <stdio.h>
#include <string.h>

static uint64_t sum(const struct lookups *l)
{
	uint64_t all = 0;
	for (int i = 0; i < LOOKUP_RESULTS; i++)
		all += lookups_counts(l)[i];
	return all;
}

/* A scan: all at once, so within one second of the loop's. */
static void test_a_scan(void **state)
{
	const uint8_t self[RECORD_NODE_ID_LEN] = { 1 };
	const unsigned scanned = LOOKUPS_MOST + 500;
	unsigned counts[LOOKUP_RESULTS] = { 0 };
	char name[LIMIT_TUNNEL_NAME + 1];
	struct record_tunnel r = { .owner = "me", .client_count = 1, .clients = { { .generation = 1 } } };
	struct buffer b = { 0 };
	(void)state;
	if (!is_installed())
		skip();
	begin_bucket();
	assert_true(record_put_tunnel(&b, &r));
	write_bucket("tunnel.shop", &b);
	buffer_free(&b);
	struct lookups *l = lookups_new(&loop, kv, bus, self);
	assert_non_null(l);
	/* One that is known; asked for again where a busy machine forgot it or answered late. */
	WAIT(lookups_find(l, "shop", &r) == LOOKUP_FOUND);
	const uint64_t before = sum(l), none_before = lookups_counts(l)[LOOKUP_NONE];
	for (unsigned i = 0; i < scanned; i++) {
		snprintf(name, sizeof name, "scan-%u", i);
		counts[lookups_find(l, name, &r)]++;
	}
	assert_int_equal(counts[LOOKUP_UNDER_WAY] + counts[LOOKUP_TOO_MANY], scanned);
	assert_in_range(counts[LOOKUP_UNDER_WAY], LOOKUPS_MOST - 20, LOOKUPS_MOST); /* some went to the one before */
	assert_int_equal(lookups_find(l, "shop", &r), LOOKUP_FOUND);
	const uint64_t began = uv_now(&loop);
	WAIT(sum(l) == before + scanned + 1);
	/* All nodes are asked for few of them; what was not asked for is no "there is none". */
	const uint64_t seconds = (uv_now(&loop) - began) / 1000 + 2,
		       none = lookups_counts(l)[LOOKUP_NONE] - none_before;
	assert_true(none > 0);
	assert_true(none <= LOOKUPS_WHO_MOST * seconds);
	assert_true(lookups_counts(l)[LOOKUP_TOO_MANY] >= scanned - LOOKUPS_MOST);
	/* A second later they are asked for again. */
	WAIT(lookups_find(l, "scan-0", &r) != LOOKUP_TOO_MANY);
	bus_close(bus, on_part_closed, NULL);
	kv_close(kv, on_part_closed, NULL);
	WAIT(closed_parts == 2);
	lookups_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_a_scan, set_up, tear_down) };
	return RUN(tests);
}
