/* Deliveries that come from the relay, live or spooled: what has the app called for them. A provider's challenge is
 * answered for it, --chaos may come between. Loop thread. */
#pragma once

#include "client/stream/stream.h"

struct confirm;
struct left_overs;
struct weather;

/* Their streams' by_user. */
struct live {
	struct left_overs *left_over;
	struct weather *weather; /* or NULL */
	struct confirm *confirm; /* or NULL */
};

extern const struct origin_ops live_origin;
