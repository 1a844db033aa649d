/* Where `listen` sends deliveries, as its options say: routes and target, what is left out, and what is answered where
 * there is no app. */
#pragma once

#include "client/listening/cmd_listen.h"
#include "client/stream/session_options.h"

struct listen_routes {
	struct route *at; /* those of --route in their order, and last the target */
	size_t count;
	struct route_rules only, skip;
	struct stub_answer stub;
	bool has_stub;
	char **old; /* targets that were replaced: calls under way may still name them */
	size_t old_count;
};

/* EXIT_USAGE. listen_routes_free in any case. The texts of the options live on. */
MUST_CHECK bool listen_routes_make(const struct listen_options *o, struct listen_routes *r, struct error *e);
/* Another target while it runs, for what no route takes: PORT or URL, as on the command line. EXIT_USAGE; then the old
 * one stays. Calls under way end where they began. */
MUST_CHECK bool listen_routes_retarget(struct listen_routes *r, const struct listen_options *o, const char *target,
				       struct error *e);
void listen_routes_free(struct listen_routes *r);
