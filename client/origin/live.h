/* Has the app called for deliveries that come from the relay, live or spooled; but a provider's challenge is answered
 * here, and --chaos may change what happens. Loop thread. */
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
