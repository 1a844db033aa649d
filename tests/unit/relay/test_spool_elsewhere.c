/* What waits at other nodes, kept beside what waits here. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/unit/relay/spool_fixture.h"

#define MOST 8

/* What was read, and what could not be written. */
static struct {
	struct spool_elsewhere rows[MOST];
	char tunnels[MOST][16], keys[MOST][16];
	unsigned count, failed;
} seen;

static void on_row(void *user, const struct spool_elsewhere *r)
{
	(void)user;
	assert_true(seen.count < MOST);
	seen.rows[seen.count] = *r;
	snprintf(seen.tunnels[seen.count], 16, "%.*s", (int)r->tunnel.len, (const char *)r->tunnel.at);
	snprintf(seen.keys[seen.count], 16, "%.*s", (int)r->key.len, (const char *)r->key.at);
	seen.count++;
}

static void on_failed(void *user, const struct spool_elsewhere *r)
{
	(void)user;
	assert_true(bytes_equal(r->tunnel, bytes_of("shop")));
	seen.failed++;
}

static const struct spool_elsewhere_events events = { on_row, on_failed };

static void on_done(void *user, const struct error *e)
{
	*(bool *)user = true;
	assert_null(e);
}

/* Begins; returns when what was kept has been read, for what is put after that comes after it. */
static void begin(uint64_t since_us)
{
	bool done = false;
	memset(&seen, 0, sizeof seen);
	open_spool();
	assert_true(spool_begin_elsewhere(spool, since_us, &events, NULL));
	const struct spool_item item = { .received_at_us = clock_now_us(), .payload = bytes_of("x") };
	spool_put(spool, join_as("mark", bytes_make(NULL, 0)), &item, on_done, &done);
	WAIT(done);
}

static void keep(uint8_t node, const char *tunnel, const char *key, uint64_t count, uint64_t said_at_us,
		 uint64_t adopted_at_us)
{
	struct spool_elsewhere r = { .tunnel = bytes_of(tunnel),
				     .key = bytes_of(key),
				     .count = count,
				     .bytes = 10 * count,
				     .said_at_us = said_at_us,
				     .adopted_at_us = adopted_at_us };
	memset(r.node, node, sizeof r.node);
	assert_true(spool_keep_elsewhere(spool, &r));
}

static const struct spool_elsewhere *find(uint8_t node, const char *tunnel, const char *key)
{
	for (unsigned i = 0; i < seen.count; i++)
		if (seen.rows[i].node[15] == node && strcmp(seen.tunnels[i], tunnel) == 0 &&
		    strcmp(seen.keys[i], key) == 0)
			return &seen.rows[i];
	fail_msg("no row of %u, %s, %s", node, tunnel, key);
	return NULL;
}

static void test_after_a_start(void **state)
{
	(void)state;
	begin(0);
	assert_int_equal(seen.count, 0);
	keep(2, "shop", "k", 1, 1000, 0);
	keep(2, "shop", "k", 3, 2000, 0);
	keep(2, "shop", "", 4, 1000, 0);
	keep(3, "shop", "k", 5, 3000, 4000);
	keep(3, "blog", "k", 0, 3000, 4000); /* all of it was taken over */
	keep(3, "gone", "k", 6, 3000, 0);
	keep(3, "gone", "k", 0, 3000, 0);
	close_spool(); /* which writes what is on its way */

	begin(0);
	assert_int_equal(seen.count, 4);
	assert_int_equal(find(2, "shop", "k")->count, 3);
	assert_int_equal(find(2, "shop", "k")->bytes, 30);
	assert_int_equal(find(2, "shop", "k")->said_at_us, 2000);
	assert_int_equal(find(2, "shop", "k")->adopted_at_us, 0);
	assert_int_equal(find(2, "shop", "")->count, 4);
	assert_int_equal(find(3, "shop", "k")->adopted_at_us, 4000);
	assert_int_equal(find(3, "blog", "k")->count, 0);
	close_spool();

	begin(2000); /* what was said before is old */
	assert_int_equal(seen.count, 3);
	close_spool();
	begin(0);
	assert_int_equal(seen.count, 3);
}

static void test_a_full_disk(void **state)
{
	struct rlimit before;
	(void)state;
	begin(0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1, before.rlim_max }), 0);
	keep(2, "shop", "k", 1, 1000, 0);
	WAIT(seen.failed == 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	keep(2, "shop", "k", 2, 1000, 0);
	close_spool();
	begin(0);
	assert_int_equal(seen.count, 1);
	assert_int_equal(find(2, "shop", "k")->count, 2);
}

/* What is old cannot be deleted then, and is as soon as it can. */
static void test_a_start_with_a_full_disk(void **state)
{
	struct rlimit before;
	(void)state;
	begin(0);
	keep(2, "shop", "k", 1, 1000, 0);
	keep(3, "shop", "k", 2, 3000, 0);
	close_spool();
	memset(&seen, 0, sizeof seen);
	open_spool();
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1, before.rlim_max }), 0);
	assert_true(spool_begin_elsewhere(spool, 2000, &events, NULL));
	for (int i = 0; i < 100 && !seen.count; i++)
		uv_run(&loop, UV_RUN_ONCE); /* each a tenth of a second at most */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(seen.count, 1);
	assert_int_equal(find(3, "shop", "k")->count, 2);
	close_spool();
	begin(2000);
	close_spool();
	begin(0);
	assert_int_equal(seen.count, 1);
}

/* It is told nothing any more. */
static void test_ended_at_once(void **state)
{
	(void)state;
	begin(0);
	keep(2, "shop", "k", 1, 1000, 0);
	close_spool();
	memset(&seen, 0, sizeof seen);
	open_spool();
	assert_true(spool_begin_elsewhere(spool, 0, &events, NULL));
	spool_end_elsewhere(spool);
	close_spool();
	assert_int_equal(seen.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_after_a_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_full_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_start_with_a_full_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ended_at_once, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
