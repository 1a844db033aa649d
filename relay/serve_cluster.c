#include "relay/serve_cluster.h"

#include "relay/cluster/cluster.h"
#include "relay/crossing/crossing.h"
#include "relay/links/tunnel_server.h"
#include "relay/names/router.h"
#include "relay/names/tokens.h"
#include "relay/registry/registry.h"
#include "relay/shares/levels.h"

#include <string.h>

static void on_refused(void *user, const struct error *e)
{
	struct serve_cluster *s = user;
	s->refused(s->user, e);
}

static void on_tokens_changed(void *user)
{
	struct serve_cluster *s = user;
	tunnel_server_check_tokens(s->relay->tunnels);
}

static bool on_held(void *user, const char *name, struct record_tunnel *out)
{
	struct serve_cluster *s = user;
	registry_ask_unsure(s->relay->registry, name);
	return registry_describe(s->relay->registry, name, cluster_id(s->relay->cluster), out);
}

static bool on_last_name(void *user, const char *owner, struct bytes key, char name[LIMIT_TUNNEL_NAME + 1])
{
	struct serve_cluster *s = user;
	return registry_last_name(s->relay->registry, owner, key, name);
}

static void on_moved(void *user, const char *name, const struct record_tunnel *r)
{
	struct serve_cluster *s = user;
	registry_note_record(s->relay->registry, name, r, cluster_id(s->relay->cluster));
	if (s->relay->crossing && router_holder(s->relay->router, name))
		crossing_learn(s->relay->crossing, name, r);
}

static void on_name_taken(void *user, const char *name)
{
	struct serve_cluster *s = user;
	registry_give_name_away(s->relay->registry, name);
}

static void on_name_contended(void *user, const char *name)
{
	struct serve_cluster *s = user;
	registry_name_is_contended(s->relay->registry, name);
}

static int64_t on_adopt(void *user, const struct copy_message *m)
{
	struct serve_cluster *s = user;
	struct record_tunnel r = { .random_name = m->random_name, .client_count = 1 };
	struct record_client *k = &r.clients[0];
	uint64_t claimed = tokens_claimed_at(s->relay->tokens, m->tunnel);
	snprintf(r.owner, sizeof r.owner, "%s", m->owner);
	r.claimed_at_us = claimed ? claimed : m->seen_at_us;
	*k = (struct record_client){
		.key_len = m->key_len, .options = m->options, .features = m->features, .seen_at_us = m->seen_at_us
	};
	memcpy(k->key, m->key, sizeof k->key);
	return registry_adopt(s->relay->registry, m->tunnel, &r, cluster_id(s->relay->cluster));
}

static void on_adopted(void *user, const uint8_t id[RECORD_NODE_ID_LEN], const struct copy_message *m, size_t size)
{
	struct serve_cluster *s = user;
	const struct level v = { .tunnel = bytes_of(m->tunnel), .key = bytes_make(m->key, m->key_len), 1, size, 0 };
	if (s->relay->crossing)
		crossing_adopted(s->relay->crossing, id, &v);
	registry_hand_out(s->relay->registry, m->tunnel);
}

static void on_node_heard(void *user, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct serve_cluster *s = user;
	if (s->relay->crossing)
		crossing_node_heard(s->relay->crossing, id);
}

static void on_node_gone(void *user, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct serve_cluster *s = user;
	if (s->relay->crossing)
		crossing_node_gone(s->relay->crossing, id);
}

static void on_node_adopted(void *user, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct serve_cluster *s = user;
	if (s->relay->crossing)
		crossing_node_adopted(s->relay->crossing, id);
}

static void on_trunk_message(void *user, struct bytes message)
{
	struct serve_cluster *s = user;
	if (s->relay->crossing)
		crossing_receive(s->relay->crossing, message);
}

static bool publish(void *user, const uint8_t node[RECORD_NODE_ID_LEN], struct bytes message)
{
	struct serve_cluster *s = user;
	return cluster_publish(s->relay->cluster, node, message);
}

static void look_up(void *user, const char *tunnel)
{
	struct serve_cluster *s = user;
	struct record_tunnel r;
	if (cluster_find(s->relay->cluster, tunnel, &r) == LOOKUP_FOUND)
		crossing_learn(s->relay->crossing, tunnel, &r);
}

bool serve_cluster_join(struct serve_cluster *s, struct relay *relay,
			void (*refused)(void *user, const struct error *e), void *user, struct error *e)
{
	static const struct cluster_events events = {
		.tokens_changed = on_tokens_changed,
		.refused = on_refused,
		.held = on_held,
		.last_name = on_last_name,
		.moved = on_moved,
		.taken = on_name_taken,
		.contended = on_name_contended,
		.adopt = on_adopt,
		.adopted = on_adopted,
		.node_heard = on_node_heard,
		.node_gone = on_node_gone,
		.node_adopted = on_node_adopted,
		.trunk = on_trunk_message,
	};
	*s = (struct serve_cluster){ relay, refused, user };
	return cluster_new(relay, &events, s, &relay->cluster, e);
}

bool serve_cluster_begin(struct serve_cluster *s, struct error *e)
{
	static const struct crossing_events events = { publish, look_up };
	struct relay *relay = s->relay;
	if (!relay->cluster)
		return true;
	relay->crossing = crossing_new(relay, cluster_id(relay->cluster), &events, s);
	if (!relay->crossing)
		return error_set(e, EXIT_RELAY, "out of memory");
	return cluster_begin_copies(relay->cluster, relay->registry->table.spool, e);
}

void serve_cluster_leave(struct serve_cluster *s)
{
	struct relay *relay = s->relay;
	if (!relay)
		return;
	crossing_close(relay->crossing);
	cluster_close(relay->cluster);
	relay->crossing = NULL;
	relay->cluster = NULL;
}
