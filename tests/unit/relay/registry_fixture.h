/* A registry with its spool in a folder of its own, and the loop that it lives on, for the tests of the relay's
 * tunnels.
 */
#pragma once

#include <unistd.h>

#include "relay/tunnels/connection.h"
#include "relay/registry/registry.h"
#include "tests/unit/unit.h"

static char folder[64];
static uv_loop_t loop;
static struct relay relay;

/* Opens it; the folder and the times of `settings` are set here. */
static inline int open_registry(struct settings settings)
{
	struct error e;
	strcpy(folder, "/tmp/creel-registry-XXXXXX");
	if (!mkdtemp(folder) || uv_loop_init(&loop) != 0)
		return -1;
	settings.data = folder;
	settings.spool_max_age_ms = 3600000;
	settings.resume_grace_ms = 5000;
	relay = (struct relay){ .loop = &loop, .settings = settings, .router = router_new(NULL) };
	relay.registry = relay.router ? registry_new(&relay, &e) : NULL;
	return relay.registry ? 0 : -1;
}

static inline void close_registry(void)
{
	registry_close(relay.registry, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	registry_free(relay.registry);
	router_free(relay.router);
}

/* cmocka's teardown. */
static inline int tear_down(void **state)
{
	char path[80];
	(void)state;
	close_registry();
	snprintf(path, sizeof path, "%s/spool.db", folder);
	return uv_loop_close(&loop) != 0 || unlink(path) != 0 || rmdir(folder) != 0;
}
