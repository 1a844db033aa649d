/* Makes and frees the clients of a tunnel, with all that belongs to them: streams, late deliveries, what was read ahead
 * of the mailbox. */
#include "relay/cluster/cluster.h"
#include "relay/streams/drain.h"
#include "relay/streams/late.h"
#include "relay/registry/registry.h"
#include "relay/streams/stream.h"
#include "relay/tunnels/tunnel_keys.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct client *registry_add_client(struct tunnel *t, struct bytes key)
{
	struct client *c = key.len <= sizeof c->key ? calloc(1, sizeof *c) : NULL;
	if (!c)
		return NULL;
	c->tunnel = t;
	if (key.len)
		memcpy(c->key, key.at, key.len);
	c->key_len = key.len;
	if (!tunnel_keys_note(t->table, c)) {
		free(c);
		return NULL;
	}
	drain_init(c);
	LL_PREPEND(t->clients, c);
	return c;
}

static void free_client(struct client *c)
{
	const struct tunnel_table *table = c->tunnel->table;
	if (table->watcher)
		table->watcher->forgotten(table->watcher_user, c);
	tunnel_keys_forget(c->tunnel->table, c);
	late_forget_all(c);
	drain_free(c);
	free(c);
}

void registry_tell_others(const struct tunnel *t)
{
	const struct relay *relay = t->table->relay;
	if (relay->cluster && !t->probe && !t->table->closing)
		cluster_tell(relay->cluster, t->name);
}

void registry_drop_old_clients(struct tunnel *t)
{
	for (struct client **at = &t->clients; *at;) {
		struct client *c = *at;
		if (c->current || !client_is_idle(c)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		spool_leave(t->table->spool, c->mailbox);
		free_client(c);
	}
}

void registry_forget_tunnel(struct tunnel *t)
{
	while (t->clients) {
		struct client *c = t->clients;
		t->clients = c->next;
		spool_leave(t->table->spool, c->mailbox);
		free_client(c);
	}
	tunnel_free(t);
}

void registry_free_tunnels(struct registry *r)
{
	while (r->table.tunnels) {
		struct tunnel *t = r->table.tunnels;
		r->table.tunnels = t->next;
		while (t->clients) {
			struct client *c = t->clients;
			t->clients = c->next;
			c->connection = NULL;
			while (c->streams)
				stream_close(c->streams);
			free_client(c);
		}
		free(t);
	}
}
