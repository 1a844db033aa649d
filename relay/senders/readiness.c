#include "relay/senders/readiness.h"

#include "relay/cluster/cluster.h"
#include "relay/names/router.h"
#include "relay/registry/registry.h"

enum readiness readiness_of(const struct relay *r)
{
	if (r->draining)
		return READINESS_DRAINING;
	if (spool_disk_is_full(r->registry->table.spool))
		return READINESS_DISK_FULL;
	return r->cluster && cluster_state(r->cluster) == CLUSTER_STARTING ? READINESS_STARTING : READINESS_READY;
}

bool readiness_is_asked(const struct relay *r, struct bytes host, struct bytes target)
{
	char name[TUNNEL_NAME_MAX + 1];
	return bytes_equal(target, bytes_of(READINESS_PATH)) && !router_read_name(r->router, host, target, name);
}
