#include "relay/tunnels/tunnel.h"

#include "relay/common/hash.h"
#include "relay/tunnels/late.h"
#include "relay/tunnels/registry.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct tunnel *tunnel_find(const struct registry *r, const char *name)
{
	return router_holder(r->relay->router, name);
}

struct tunnel *tunnel_new(struct registry *r, const char *name, bool random_name)
{
	struct tunnel *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->registry = r;
	t->random_name = random_name;
	snprintf(t->name, sizeof t->name, "%s", name);
	if (!router_hold(r->relay->router, t->name, t)) {
		free(t);
		return NULL;
	}
	DL_PREPEND(r->tunnels, t);
	return t;
}

/* ---- clients by their key ---- */

/* All clients with one key: those of one laptop. */
struct key_holder {
	uint8_t key[32];
	struct client *clients;
	UT_hash_handle hh;
};

static struct key_holder *find_holder(const struct registry *r, const uint8_t *key, size_t len)
{
	struct key_holder *h = NULL;
	if (len == sizeof h->key)
		HASH_FIND(hh, r->by_key, key, len, h);
	return h;
}

struct client *tunnel_clients_of_key(const struct registry *r, struct bytes key)
{
	const struct key_holder *h = find_holder(r, key.at, key.len);
	return h ? h->clients : NULL;
}

/* False when out of memory. */
static bool note_key(struct registry *r, struct client *c)
{
	struct key_holder *h = find_holder(r, c->key, c->key_len);
	if (c->key_len != sizeof h->key)
		return true;
	if (!h) {
		if (!(h = calloc(1, sizeof *h)))
			return false;
		memcpy(h->key, c->key, sizeof h->key);
		HASH_ADD(hh, r->by_key, key, sizeof h->key, h);
		if (!h->hh.tbl) {
			free(h);
			return false;
		}
	}
	DL_PREPEND2(h->clients, c, same_key_prev, same_key);
	return true;
}

static void forget_key(struct registry *r, struct client *c)
{
	struct key_holder *h = find_holder(r, c->key, c->key_len);
	if (!h)
		return;
	DL_DELETE2(h->clients, c, same_key_prev, same_key);
	if (h->clients)
		return;
	HASH_DELETE(hh, r->by_key, h); /* NOLINT(clang-analyzer-unix.Malloc,clang-analyzer-core.NullDereference) */
	free(h);
}

void tunnel_free_client(struct client *c)
{
	forget_key(c->tunnel->registry, c);
	late_forget_all(c);
	drain_free(c);
	free(c);
}

/* It is in no list any more. */
static void end_client(struct client *c)
{
	spool_leave(c->tunnel->registry->spool, c->mailbox);
	tunnel_free_client(c);
}

void tunnel_free(struct tunnel *t)
{
	struct registry *r = t->registry;
	tunnel_unwatch(t);
	DL_DELETE(r->tunnels, t);
	while (t->clients) {
		struct client *c = t->clients;
		t->clients = c->next;
		end_client(c);
	}
	router_forget(r->relay->router, t->name);
	free(t);
}

struct client *tunnel_find_client(const struct tunnel *t, struct bytes key)
{
	struct client *c = t->clients;
	while (c && (c->mailbox == 0 || !bytes_equal(bytes_make(c->key, c->key_len), key)))
		c = c->next;
	return c;
}

struct client *tunnel_add_client(struct tunnel *t, struct bytes key)
{
	struct client *c = key.len <= sizeof c->key ? calloc(1, sizeof *c) : NULL;
	if (!c)
		return NULL;
	c->tunnel = t;
	if (key.len)
		memcpy(c->key, key.at, key.len);
	c->key_len = key.len;
	if (!note_key(t->registry, c)) {
		free(c);
		return NULL;
	}
	drain_init(c);
	LL_PREPEND(t->clients, c);
	return c;
}

void tunnel_drop_old_clients(struct tunnel *t)
{
	for (struct client **at = &t->clients; *at;) {
		struct client *c = *at;
		if (c->current || !client_is_idle(c)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		end_client(c);
	}
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
