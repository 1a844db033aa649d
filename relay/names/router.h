/* Which tunnel a request is for: the table of names, and how a name stands in a URL (as the first part of the path, or
 * as a label in front of the domain). Loop thread. */
#pragma once

#include "relay/common/limits.h"
#include "shared/base/bytes.h"

struct router;
struct tunnel;

#define TUNNEL_NAME_MAX LIMIT_TUNNEL_NAME

struct route {
	struct tunnel *holder; /* NULL: the name is from an earlier run, and nobody has joined since */
	struct bytes name;     /* of the tunnel; a view that is valid until it is forgotten */
	struct bytes prefix;   /* what the name took off the target's front; a view into the target */
	struct bytes target;   /* what is left; a view into the target or a constant */
	char *spare;           /* memory of `target` where it had to be made ("?x" -> "/?x"); the caller frees it */
};

/* `domain` NULL: names stand in the path. NULL when out of memory. */
struct router *router_new(const char *domain);
void router_free(struct router *r);

/* [a-z0-9][a-z0-9-]{0,62} */
bool router_name_valid(struct bytes name);
/* Makes a name of twenty random characters of [a-z0-9]. False when there is no randomness. */
MUST_CHECK bool router_make_name(char out[TUNNEL_NAME_MAX + 1]);

/* Makes the name lead to this tunnel. False when out of memory. */
MUST_CHECK bool router_hold(struct router *r, const char *name, struct tunnel *t);
/* Makes a name from an earlier run known, which nobody holds yet. False when out of memory. */
MUST_CHECK bool router_know(struct router *r, const char *name);
/* The tunnel that the name leads to; NULL where there is none, or the name is not known. */
struct tunnel *router_holder(const struct router *r, const char *name);
/* Makes the name lead nowhere. */
void router_forget(struct router *r, const char *name);
/* Forgets the names that nobody holds and that `keep` does not want kept. */
void router_forget_unheld(struct router *r, bool (*keep)(void *user, const char *name), void *user);
/* Which name a request's host and target give, known or not. False: none that a tunnel can have. */
MUST_CHECK bool router_read_name(const struct router *r, struct bytes host, struct bytes target,
				 char out[TUNNEL_NAME_MAX + 1]);
/* Finds the tunnel of a request. False when it names none that is known. `host` may be empty. */
MUST_CHECK bool router_find(struct router *r, struct bytes host, struct bytes target, struct route *out);
