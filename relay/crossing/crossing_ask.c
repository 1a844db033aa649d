/* A client came, and is handed what waits one by one: other nodes that have something for it are waited for, so that
 * the oldest comes first whichever node it lies at. */
#include "relay/crossing/crossing_private.h"

#include <stdlib.h>
#include <utlist.h>

#define ASK_MS 10000 /* a node that has something and opens no line for so long is a late one */

static bool has_guest(const struct client *c, const struct crossing_peer *p)
{
	const struct crossing_guest *g = c->guests;
	while (g && g->peer != p)
		g = g->client_next;
	return g;
}

static void ask(struct crossing_peer *p, struct client *c)
{
	struct crossing *x = p->crossing;
	const struct trunk_client_name n = { bytes_of(c->tunnel->name), bytes_make(c->key, c->key_len) };
	struct buffer data = { 0 };
	struct crossing_ask *a = calloc(1, sizeof *a);
	if (a && trunk_message_put_name(&data, &n)) {
		x->last_ask += x->last_ask == UINT32_MAX ? 2 : 1; /* 0 is no question's */
		*a = (struct crossing_ask){
			.peer = p, .client = c, .number = x->last_ask, .until = uv_now(x->relay->loop) + ASK_MS
		};
		DL_APPEND(p->asks, a);
		DL_APPEND2(c->asks, a, client_prev, client_next);
		c->slots.awaited++;
		crossing_send(p, TRUNK_ASK, a->number, 0, buffer_view(&data));
	} else {
		free(a);
	}
	buffer_free(&data);
}

void crossing_ask_all(struct crossing *x, struct client *c)
{
	crossing_ask_end_of_client(c);
	if (c->drain.parallel != 1 || c->tunnel->probe)
		return;
	for (struct crossing_peer *p = x->peers; p; p = p->next)
		if (p->there && !has_guest(c, p))
			ask(p, c);
}

void crossing_ask_end(struct crossing_ask *a)
{
	struct client *c = a->client;
	DL_DELETE(a->peer->asks, a);
	DL_DELETE2(c->asks, a, client_prev, client_next);
	free(a);
	if (--c->slots.awaited == 0)
		slots_share(&c->slots);
}

void crossing_ask_end_of_client(struct client *c)
{
	while (c->asks)
		crossing_ask_end(c->asks); /* NOLINT(clang-analyzer-unix.Malloc): the one before left the list */
}

void crossing_ask_end_of_peer(struct crossing_peer *p)
{
	while (p->asks)
		crossing_ask_end(p->asks); /* NOLINT(clang-analyzer-unix.Malloc): likewise */
}

struct crossing_ask *crossing_ask_find(const struct client *c, const struct crossing_peer *p)
{
	struct crossing_ask *a = c->asks;
	while (a && a->peer != p)
		a = a->client_next;
	return a;
}

void crossing_ask_look(struct crossing_peer *p, uint64_t now)
{
	/* The first is the oldest. */
	while (p->asks && now >= p->asks->until) /* NOLINT(clang-analyzer-unix.Malloc): likewise */
		crossing_ask_end(p->asks);
}

bool crossing_ask_take(struct crossing_peer *p, const struct trunk_part *part)
{
	const struct tunnel_table *table = &p->crossing->relay->registry->table;
	struct trunk_level v = { .count = 0 };
	struct buffer data = { 0 };
	char name[TUNNEL_NAME_MAX + 1];
	if (!trunk_message_read_name(part->data, &v.of))
		return false;
	snprintf(name, sizeof name, "%.*s", (int)v.of.tunnel.len, (const char *)v.of.tunnel.at);
	const struct tunnel *t = router_name_valid(v.of.tunnel) ? tunnel_find(table, name) : NULL;
	const struct client *c = t ? tunnel_find_client(t, v.of.key) : NULL;
	if (c) {
		struct spool_level level = spool_level(table->spool, c->mailbox);
		v.count = level.count;
		v.bytes = level.bytes;
	}
	if (trunk_message_put_level(&data, &v))
		crossing_send(p, TRUNK_LEVEL, part->line, 0, buffer_view(&data));
	buffer_free(&data);
	return true;
}

void crossing_ask_answered(struct crossing_peer *p, uint32_t number, uint64_t count)
{
	struct crossing_ask *a;
	DL_FOREACH(p->asks, a)
	{
		if (a->number != number)
			continue;
		if (count == 0)
			crossing_ask_end(a);
		return;
	}
}
