/* What the other nodes of a cluster are told of this one's tunnels, and what they say of theirs. */
#include "relay/registry/registry.h"
#include "relay/streams/stream.h"
#include "relay/names/tokens.h"
#include "relay/tunnels/connection.h"
#include "shared/program/log.h"

#include <string.h>

/* One that joined while nothing could be written, and was lost before it was, is away: it may be at another node by
 * now, and what is written late must not take it from there. Where it comes back here, that is written. It may also be
 * lost and this node not know it yet: then it has to answer first. */
static bool is_held_here(const struct client *c)
{
	if (c->foreign)
		return false;
	if (c->generation > 0)
		return c->connection || c->in_grace;
	return c->connection && connection_is_sure(c->connection);
}

void registry_ask_unsure(const struct registry *r, const char *name)
{
	const struct tunnel *t = tunnel_find(&r->table, name);
	for (const struct client *c = t ? t->clients : NULL; c; c = c->next)
		if (c->connection && c->generation == 0 && !connection_is_sure(c->connection))
			connection_ask(c->connection);
}

static void describe_client(const struct client *c, const uint8_t node[RECORD_NODE_ID_LEN], struct record_client *out)
{
	*out = (struct record_client){ .key_len = (uint8_t)c->key_len,
				       .options = c->options,
				       .features = c->features,
				       .generation = c->generation,
				       .seen_at_us = c->seen_at_us };
	memcpy(out->key, c->key, c->key_len);
	if (is_held_here(c))
		memcpy(out->node, node, RECORD_NODE_ID_LEN);
}

bool registry_describe(const struct registry *r, const char *name, const uint8_t node[RECORD_NODE_ID_LEN],
		       struct record_tunnel *out)
{
	const struct tunnel *t = tunnel_find(&r->table, name);
	memset(out, 0, sizeof *out);
	if (!t || t->probe || t->freed)
		return false;
	out->random_name = t->random_name;
	for (const struct client *c = t->clients; c; c = c->next) {
		if (!c->current || c->mailbox == 0 || out->client_count == RECORD_CLIENTS_MOST)
			continue;
		snprintf(out->owner, sizeof out->owner, "%s", c->owner);
		describe_client(c, node, &out->clients[out->client_count++]);
	}
	out->claimed_at_us = tokens_claimed_at(r->table.relay->tokens, name);
	return out->client_count > 0;
}

/* Those of another token than `owner`: NULL for all. */
static void part_with(struct tunnel *t, const char *owner)
{
	for (struct client *c = t->clients; c; c = c->next)
		if (*c->owner && (!owner || strcmp(c->owner, owner) != 0))
			registry_part_with(c, "the tunnel's name belongs to another token");
}

void registry_give_name_away(struct registry *r, const char *name)
{
	struct tunnel *t = tunnel_find(&r->table, name);
	struct error e;
	if (!tokens_forget_name(r->table.relay->tokens, name, &e))
		log_event(LOG_WARN, "name_not_forgotten", "tunnel", name, "failure", e.text, NULL);
	if (t)
		part_with(t, NULL);
	log_event(LOG_INFO, "name_given_away", "tunnel", name, NULL);
}

void registry_name_is_contended(struct registry *r, const char *name)
{
	struct tunnel *t = tunnel_find(&r->table, name);
	for (struct client *c = t ? t->clients : NULL; c; c = c->next)
		if (c->connection && c->generation == 0)
			connection_refuse(c->connection, WIRE_NOTICE_LIMIT,
					  "the cluster is overloaded: other relays changed this tunnel at the same "
					  "time; try again later");
}

/* The generation that the record gives a client that joined here. */
static void learn_generations(struct tunnel *t, const struct record_tunnel *record,
			      const uint8_t node[RECORD_NODE_ID_LEN])
{
	for (struct client *c = t->clients; c; c = c->next) {
		const struct record_client *k = record_find_client(record, bytes_make(c->key, c->key_len));
		if (k && memcmp(k->node, node, RECORD_NODE_ID_LEN) == 0 && k->generation > c->generation)
			c->generation = k->generation;
	}
}

void registry_note_record(struct registry *r, const char *name, const struct record_tunnel *record,
			  const uint8_t node[RECORD_NODE_ID_LEN])
{
	struct tunnel *t = tunnel_find(&r->table, name);
	if (!t || record->client_count == 0)
		return;
	learn_generations(t, record, node);
	bool joined = false; /* somebody here, whose record is under way */
	for (const struct client *c = t->clients; c; c = c->next)
		joined |= c->connection && c->generation == 0;
	if (!joined)
		part_with(t, record->owner);
}

bool registry_has_client(const struct registry *r, const char *name)
{
	const struct tunnel *t = tunnel_find(&r->table, name);
	for (const struct client *c = t ? t->clients : NULL; c; c = c->next)
		if (c->current && client_carrier(c))
			return true;
	return false;
}

bool registry_is_elsewhere(const struct tunnel *t)
{
	for (const struct client *c = t->clients; c; c = c->next)
		if (c->current && c->foreign && client_is_here(c))
			return true;
	return false;
}

/* A client with a mailbox here, so that what comes for it while it is nowhere may wait at every node. */
static void add_client(struct tunnel *t, const char *owner, const struct record_client *k)
{
	struct client *c = registry_add_client(t, bytes_make(k->key, k->key_len));
	if (!c)
		return;
	struct spool_mailbox m = { .tunnel = bytes_of(t->name),
				   .owner = bytes_of(owner),
				   .key = bytes_make(k->key, k->key_len),
				   .options = k->options,
				   .features = k->features,
				   .random_name = t->random_name,
				   .seen_at_us = k->seen_at_us };
	c->mailbox = spool_join(t->table->spool, &m);
	snprintf(c->owner, sizeof c->owner, "%s", owner);
	c->options = k->options;
	c->features = k->features;
	c->seen_at_us = k->seen_at_us;
	c->generation = k->generation;
	c->current = c->mailbox != 0;
}

void registry_take_record(struct registry *r, const char *name, const struct record_tunnel *record,
			  const uint8_t node[RECORD_NODE_ID_LEN])
{
	struct error e;
	if (!tokens_shared_own(r->table.relay->tokens, name, record->owner, record->claimed_at_us, &e)) {
		log_event(LOG_WARN, "name_not_known", "tunnel", name, "failure", e.text, NULL);
		return;
	}
	struct tunnel *t = tunnel_find(&r->table, name);
	if (!t && !(t = tunnel_new(&r->table, name, record->random_name)))
		return;
	t->freed = false;
	registry_note_record(r, name, record, node);
	for (size_t i = 0; i < record->client_count; i++) {
		const struct record_client *k = &record->clients[i];
		if (!tunnel_find_client(t, bytes_make(k->key, k->key_len)))
			add_client(t, record->owner, k);
	}
}

int64_t registry_adopt(struct registry *r, const char *name, const struct record_tunnel *one,
		       const uint8_t node[RECORD_NODE_ID_LEN])
{
	struct tokens *tokens = r->table.relay->tokens;
	const struct record_client *k = &one->clients[0];
	struct bytes key = bytes_make(k->key, k->key_len);
	char owner[65];
	bool others = tokens_owner_of(tokens, name, owner) == NAME_OWNED && *owner && strcmp(owner, one->owner) != 0;
	struct tunnel *t = tunnel_find(&r->table, name);
	if (!others)
		registry_take_record(r, name, one, node);
	else if (t && !tunnel_find_client(t, key))
		add_client(t, one->owner, k);
	t = tunnel_find(&r->table, name);
	struct client *c = t ? tunnel_find_client(t, key) : NULL;
	if (c && others && strcmp(c->owner, one->owner) == 0)
		c->current = false; /* the name is another token's by now: what waits is for the holder of the key */
	return c ? c->mailbox : 0;
}

void registry_hand_out(struct registry *r, const char *name)
{
	struct tunnel *t = tunnel_find(&r->table, name);
	for (struct client *c = t ? t->clients : NULL; c; c = c->next)
		c->events->put(c);
}
