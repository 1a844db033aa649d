/* What the options --cluster… of `creel-relay serve` say, read and checked. Before the loop runs; any thread. */
#pragma once

#include "relay/bus/bus_credentials.h"
#include "relay/bus/bus_servers.h"
#include "relay/common/relay.h"

struct cluster_settings {
	struct bus_servers servers; /* none: the relay is alone */
	struct bus_credentials credentials;
	unsigned replicas;    /* of the directory */
	bool copies;          /* of webhooks that wait */
	uint64_t adopt_after; /* ms; 0: never */
};

/* False and *e (EXIT_USAGE): they do not fit together, or a file that they name cannot be used. Reads these files.
 * cluster_settings_forget in either case. */
MUST_CHECK bool cluster_settings_read(const struct settings *set, struct cluster_settings *out, struct error *e);
/* Wipes the credentials. */
void cluster_settings_forget(struct cluster_settings *c);
