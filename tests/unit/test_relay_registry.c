/* Clients that join and leave, with a spool on disk and no network. */
#include "relay/connection.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_mailbox_no_client, set_up, tear_down),
	};
	return RUN(tests);
}
