/* The tunnels that the registry's sweeps look at. Apart from tunnel.c, which calls those that call this. */
#include "relay/tunnels/tunnel.h"

#include <utlist.h>

void tunnel_watch(struct tunnel *t)
{
	if (t->watched)
		return;
	DL_APPEND2(t->table->watched, t, watched_prev, watched_next);
	t->watched = true;
}

void tunnel_unwatch(struct tunnel *t)
{
	if (!t->watched)
		return;
	DL_DELETE2(t->table->watched, t, watched_prev, watched_next);
	t->watched = false;
}
