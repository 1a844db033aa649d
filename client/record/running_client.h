/* The client that runs for a tunnel, by what the record says of it: each client keeps a row there while it runs. Reads
 * the store; any thread with a connection of its own. Errors are EXIT_STORE. */
#pragma once

#include "shared/store/store.h"

struct running_client {
	bool found, no_memory;
	uint64_t started_at_us;
	struct buffer target; /* its default target; the caller frees it */
};

/* The newest one whose process is alive. An empty tunnel has none. */
MUST_CHECK bool running_client_find(struct store *s, struct bytes tunnel, struct running_client *out, struct error *e);
/* The newest of all that have an app to call, whatever their tunnels. */
MUST_CHECK bool running_client_newest(struct store *s, struct running_client *out, struct error *e);
MUST_CHECK bool running_client_exists(struct store *s, struct bytes tunnel, bool *exists, struct error *e);
