/* Clients that join and leave, with a spool on disk and no network. */
#include "relay/tunnels/connection.h"
#include "relay/tunnels/registry.h"
#include "tests/unit/unit.h"

#include <unistd.h>

static char folder[] = "/tmp/creel-registry-XXXXXX";
static uv_loop_t loop;
static struct relay relay;

static int set_up(void **state)
{
	struct error e;
	(void)state;
	strcpy(folder, "/tmp/creel-registry-XXXXXX");
	if (!mkdtemp(folder) || uv_loop_init(&loop) != 0)
		return -1;
	relay = (struct relay){ .loop = &loop,
				.settings = { .data = folder,
					      .spool_max_bytes = 1u << 20,
					      .spool_max_age_ms = 3600000,
					      .resume_grace_ms = 5000 } };
	relay.router = router_new(NULL);
	relay.registry = relay.router ? registry_new(&relay, &e) : NULL;
	return relay.registry ? 0 : -1;
}

static int tear_down(void **state)
{
	char path[80];
	(void)state;
	registry_close(relay.registry, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	registry_free(relay.registry);
	router_free(relay.router);
	snprintf(path, sizeof path, "%s/spool.db", folder);
	return uv_loop_close(&loop) != 0 || unlink(path) != 0 || rmdir(folder) != 0;
}

/* What the spool cannot make a mailbox for (out of memory, or as here a key of no known length) leaves nothing behind:
 * the connection goes, and is not to be found again. */
static void test_no_mailbox_no_client(void **state)
{
	struct connection first = { .relay = &relay }, second = { .relay = &relay };
	struct join j = { .name = "shop", .owner = "", .key = bytes_of("short") };
	bool resumed;
	(void)state;
	assert_null(registry_join(relay.registry, &first, &j, &resumed));
	for (const struct client *c = relay.registry->tunnels->clients; c; c = c->next)
		assert_null(c->connection);
	j.key = bytes_of(NULL);
	struct client *c = registry_join(relay.registry, &second, &j, &resumed);
	assert_non_null(c);
	assert_ptr_equal(relay.registry->tunnels->clients, c); /* alone */
	assert_null(c->next);
	registry_lost(c, false);
}

static void put_done(void *user, const struct error *e)
{
	assert_null(e);
	*(bool *)user = true;
}

static void open_again(void)
{
	struct error e;
	registry_close(relay.registry, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	registry_free(relay.registry);
	router_free(relay.router);
	relay.router = router_new(NULL);
	relay.registry = registry_new(&relay, &e);
	assert_non_null(relay.registry);
}

/* The laptop that took the tunnel over keeps it over a restart, though the one before was seen by a clock that was
 * ahead. */
static void test_the_newest_stays_current(void **state)
{
	struct connection first = { .relay = &relay }, second = { .relay = &relay };
	struct join a = { .name = "shop", .owner = "", .key = bytes_of("the key of the first laptop, 32b") };
	struct join b = { .name = "shop", .owner = "", .key = bytes_of("the key of the other laptop, 32b") };
	struct spool_item item = { .payload = bytes_of("x") };
	bool resumed, stored = false;
	(void)state;
	struct client *c = registry_join(relay.registry, &first, &a, &resumed);
	assert_non_null(c);
	c->seen_at_us += UINT64_C(3600000000);
	item.received_at_us = c->seen_at_us;
	spool_seen(relay.registry->spool, c->mailbox, c->seen_at_us);
	spool_put(relay.registry->spool, c->mailbox, &item, put_done, &stored); /* so that it is not forgotten */
	registry_lost(c, false);
	c = registry_join(relay.registry, &second, &b, &resumed);
	assert_non_null(c);
	registry_lost(c, false);
	open_again();
	assert_true(stored);
	for (c = relay.registry->tunnels->clients; c; c = c->next)
		assert_int_equal(c->current, bytes_equal(bytes_make(c->key, c->key_len), b.key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_mailbox_no_client, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_newest_stays_current, set_up, tear_down),
	};
	return RUN(tests);
}
