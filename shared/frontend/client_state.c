#include "shared/frontend/client_state.h"

#include <string.h>

bool client_state_online(const struct client_state *c)
{
	return c->running && strcmp(c->state, "online") == 0;
}

bool client_state_same(const struct client_state *a, const struct client_state *b)
{
	return a->running == b->running && a->confirmed_at_us == b->confirmed_at_us &&
	       strcmp(a->state, b->state) == 0 && strcmp(a->detail, b->detail) == 0 && strcmp(a->url, b->url) == 0 &&
	       strcmp(a->target, b->target) == 0 && strcmp(a->tunnel, b->tunnel) == 0 &&
	       strcmp(a->relay, b->relay) == 0 && strcmp(a->secrets, b->secrets) == 0;
}
