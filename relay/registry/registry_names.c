/* Tunnel names: which are forgotten, which were freed, which a client had before. */
#include "relay/registry/registry.h"
#include "relay/names/tokens.h"
#include "relay/tunnels/tunnel_keys.h"
#include "shared/program/log.h"

#include <string.h>

bool registry_name_is_freed(const struct registry *r, const char *name)
{
	char owner[65];
	return r->table.relay->tokens && tokens_owner_of(r->table.relay->tokens, name, owner) == NAME_FREE;
}

/* Forgets an idle tunnel, its name in the table of owners included (a probe's is not there). False: that table cannot
 * be written, and nothing changed. */
static bool forget_tunnel(struct tunnel *t)
{
	struct tokens *tokens = t->table->relay->tokens;
	struct error e;
	if (!t->probe && !t->freed && tokens && !tokens_forget_name(tokens, t->name, &e)) {
		log_event(LOG_WARN, "name_not_forgotten", "tunnel", t->name, "failure", e.text, NULL);
		return false;
	}
	registry_forget_tunnel(t);
	return true;
}

bool registry_forget_unused(struct registry *r, const char *owner)
{
	struct tunnel *oldest = NULL;
	for (struct tunnel *t = r->table.tunnels; t; t = t->next)
		if (t->random_name && !t->probe && t->clients && strcmp(t->clients->owner, owner) == 0 &&
		    tunnel_is_idle(t) && (!oldest || tunnel_last_seen_us(t) < tunnel_last_seen_us(oldest)))
			oldest = t;
	return oldest && forget_tunnel(oldest);
}

void registry_forget_old_name(struct tunnel *t, uint64_t wall_us)
{
	uint64_t age_us = (uint64_t)t->table->relay->settings.spool_max_age_ms * 1000;
	bool old = t->random_name && wall_us > age_us && tunnel_last_seen_us(t) < wall_us - age_us;
	if ((t->probe || t->freed || old) && tunnel_is_idle(t))
		(void)forget_tunnel(t);
}

static bool is_owned(void *user, const char *name)
{
	return !registry_name_is_freed(user, name);
}

bool registry_last_name(const struct registry *r, const char *owner, struct bytes key, char out[TUNNEL_NAME_MAX + 1])
{
	for (const struct client *c = tunnel_keys_find(&r->table, key); c; c = c->same_key) {
		if (c->tunnel->random_name && c->mailbox != 0 && strcmp(c->owner, owner) == 0 && c->current &&
		    !c->connection && !c->remote && !c->in_grace) {
			memcpy(out, c->tunnel->name, sizeof c->tunnel->name);
			return true;
		}
	}
	return false;
}

void registry_check_names(struct registry *r)
{
	if (!tokens_changed_elsewhere(r->table.relay->tokens, &r->names_seen))
		return;
	router_forget_unheld(r->table.relay->router, is_owned, r);
	for (struct tunnel *t = r->table.tunnels; t; t = t->next) {
		if (t->probe || t->freed || !registry_name_is_freed(r, t->name))
			continue;
		log_event(LOG_INFO, "name_freed", "tunnel", t->name, NULL);
		t->freed = true;
		tunnel_watch(t);
		for (struct client *c = t->clients; c; c = c->next)
			registry_part_with(c, "the tunnel's name was freed on the relay: take it again, or another");
	}
}
