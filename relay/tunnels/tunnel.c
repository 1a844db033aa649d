#include "relay/tunnels/tunnel.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct tunnel *tunnel_find(const struct tunnel_table *table, const char *name)
{
	return router_holder(table->relay->router, name);
}

struct tunnel *tunnel_new(struct tunnel_table *table, const char *name, bool random_name)
{
	struct tunnel *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->table = table;
	t->random_name = random_name;
	snprintf(t->name, sizeof t->name, "%s", name);
	if (!router_hold(table->relay->router, t->name, t)) {
		free(t);
		return NULL;
	}
	DL_PREPEND(table->tunnels, t);
	return t;
}

void tunnel_free(struct tunnel *t)
{
	tunnel_unwatch(t);
	DL_DELETE(t->table->tunnels, t);
	router_forget(t->table->relay->router, t->name);
	free(t);
}

struct client *tunnel_find_client(const struct tunnel *t, struct bytes key)
{
	struct client *c = t->clients;
	while (c && (c->mailbox == 0 || !bytes_equal(bytes_make(c->key, c->key_len), key)))
		c = c->next;
	return c;
}

size_t tunnel_count_current(const struct tunnel *t)
{
	size_t count = 0;
	for (const struct client *c = t->clients; c; c = c->next)
		count += c->current;
	return count;
}

void tunnel_choose_current(struct tunnel *t)
{
	struct client *last = t->clients;
	for (struct client *c = t->clients; c; c = c->next)
		if (c->seen_at_us > last->seen_at_us)
			last = c;
	for (struct client *c = t->clients; c; c = c->next)
		c->current = !t->freed && (c == last || (c->options & last->options & WIRE_OPTION_SHARE));
}

bool tunnel_is_idle(const struct tunnel *t)
{
	if (t->senders > 0 || t->passages > 0)
		return false;
	for (const struct client *c = t->clients; c; c = c->next)
		if (!client_is_idle(c))
			return false;
	return true;
}

uint64_t tunnel_last_seen_us(const struct tunnel *t)
{
	uint64_t last = 0;
	for (const struct client *c = t->clients; c; c = c->next)
		last = c->seen_at_us > last ? c->seen_at_us : last;
	return last;
}
