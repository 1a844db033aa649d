/* What `creel-relay serve` does as a node of a cluster: joins what cluster.h says of other nodes with the registry, the
 * tunnels and the way across (relay/crossing). All calls are harmless without --cluster. Loop thread. */
#pragma once

#include "relay/common/relay.h"

/* serve.c's; zeroed at first. */
struct serve_cluster {
	struct relay *relay;
	void (*refused)(void *user, const struct error *e);
	void *user;
};

/* Makes relay->cluster; needs relay->tokens. `refused`: the relay has to end with this error. */
MUST_CHECK bool serve_cluster_join(struct serve_cluster *s, struct relay *relay,
				   void (*refused)(void *user, const struct error *e), void *user, struct error *e);
/* Makes relay->crossing, and begins to copy; needs relay->registry. Before the loop runs. */
MUST_CHECK bool serve_cluster_begin(struct serve_cluster *s, struct error *e);
/* Before the registry is closed. */
void serve_cluster_leave(struct serve_cluster *s);
