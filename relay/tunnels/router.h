/* Tunnel names: which there are, and which name a request means. Loop thread. */
#pragma once

#include "relay/common/limits.h"
#include "shared/base/bytes.h"

struct router;
struct tunnel;

#define TUNNEL_NAME_MAX LIMIT_TUNNEL_NAME

struct route {
	struct tunnel *holder; /* NULL: of an earlier run, and nothing more is known of it */
	struct bytes name;     /* of the tunnel; a view valid until it is forgotten */
	struct bytes prefix;   /* what the name took off the target's front; a view into the target */
	struct bytes target;   /* what is left; a view into the target or a constant */
	char *spare;           /* owned memory behind target when it had to be made ("?x" -> "/?x"); caller frees */
};

/* `domain` NULL: names stand in the path. */
struct router *router_new(const char *domain);
void router_free(struct router *r);

/* [a-z0-9][a-z0-9-]{0,62} */
bool router_name_valid(struct bytes name);
/* Twenty random characters of [a-z0-9]. False when no randomness could be had. */
MUST_CHECK bool router_make_name(char out[TUNNEL_NAME_MAX + 1]);

/* The name means this tunnel from now on. False when out of memory. */
MUST_CHECK bool router_hold(struct router *r, const char *name, struct tunnel *t);
/* Makes a name known that nobody holds (yet): of an earlier run. False when out of memory. */
MUST_CHECK bool router_know(struct router *r, const char *name);
/* The name means nothing any more. */
void router_forget(struct router *r, const char *name);
/* Forgets those that nobody holds and `keep` does not want. */
void router_forget_unheld(struct router *r, bool (*keep)(void *user, const char *name), void *user);
/* False when the request names no tunnel that is known. `host` may be empty. */
MUST_CHECK bool router_find(struct router *r, struct bytes host, struct bytes target, struct route *out);
