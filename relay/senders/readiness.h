/* Whether webhooks may be sent to this relay at present: for a load balancer, which asks the public listener for
 * READINESS_PATH, and for the operator's /readyz. Loop thread. */
#pragma once

#include "relay/common/relay.h"

/* No tunnel's: a name begins with a letter or a digit. */
#define READINESS_PATH "/.well-known/creel/readyz"

enum readiness {
	READINESS_READY, /* also without NATS: a load balancer would otherwise take all nodes away at once */
	READINESS_DRAINING,
	READINESS_DISK_FULL, /* requests that would have to wait are refused */
	READINESS_STARTING,  /* the tokens of the cluster's other nodes were not read yet */
};

enum readiness readiness_of(const struct relay *r);
/* Whether a GET asks for it: by any host but one that names a tunnel. */
bool readiness_is_asked(const struct relay *r, struct bytes host, struct bytes target);
