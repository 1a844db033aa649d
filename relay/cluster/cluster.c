#include "relay/cluster/cluster.h"

#include "relay/cluster/cluster_settings.h"
#include "relay/cluster/cluster_tokens.h"
#include "relay/cluster/nodes.h"
#include "relay/names/tokens.h"
#include "shared/base/clock.h"
#include "shared/program/log.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET "CREEL"
#define DESCRIPTION "creel cluster, records of version 1"
#define SUBJECT_LEN 64
#define HEX_ID_LEN (2 * RECORD_NODE_ID_LEN)
#define TRUNK_PREFIX "creel.n."
#define PARTS 4 /* bus, kv, nodes, tokens */

_Static_assert(RECORD_NODE_ID_LEN == TOKENS_NODE_ID_LEN, "one id");

enum said { SAID_NOTHING, SAID_CONNECTED, SAID_AWAY };

struct cluster {
	struct relay *relay;
	struct cluster_events events;
	void *user;
	struct cluster_settings settings;
	uint8_t id[RECORD_NODE_ID_LEN];
	uint64_t epoch;
	char trunk[SUBJECT_LEN], deliver[SUBJECT_LEN], nodes_subject[SUBJECT_LEN], tokens_subject[SUBJECT_LEN];
	struct bus *bus;
	struct kv *kv;
	struct nodes *nodes;
	struct cluster_tokens *tokens;
	enum said said; /* in the log */
	bool was_connected, refused, closing;
	unsigned open_parts;
};

static void write_hex(const uint8_t id[RECORD_NODE_ID_LEN], char *out)
{
	for (size_t i = 0; i < RECORD_NODE_ID_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", id[i]);
}

static void refuse(struct cluster *c, enum exit_code code, const char *what, const char *why)
{
	struct error e;
	if (c->refused || c->closing)
		return;
	c->refused = true;
	error_set(&e, code, "%s%.400s", what, why);
	c->events.refused(c->user, &e);
}

/* ---- the bus ---- */

static void on_connected(void *user, const char *server)
{
	struct cluster *c = user;
	c->was_connected = true;
	if (c->said != SAID_CONNECTED)
		log_event(LOG_INFO, "cluster_connected", "server", server, NULL);
	c->said = SAID_CONNECTED;
	kv_on_connected(c->kv);
}

/* It is tried again every 200 ms: one line is enough. */
static void on_away(void *user, enum bus_away why, const char *server, const char *text)
{
	struct cluster *c = user;
	kv_on_away(c->kv);
	if (why == BUS_REFUSED && !c->was_connected) {
		refuse(c, EXIT_RELAY, "NATS refuses this relay (see --cluster-credentials): ", text);
		return;
	}
	if (c->said != SAID_AWAY)
		log_event(LOG_WARN, "cluster_away", "server", server, "failure", text, "text",
			  "the relay goes on alone, and keeps trying", NULL);
	c->said = SAID_AWAY;
}

static void on_message(void *user, const struct bus_message *m)
{
	struct cluster *c = user;
	if (kv_on_message(c->kv, m))
		return;
	if (strcmp(m->subject, c->trunk) == 0)
		c->events.trunk(c->user, m->data);
}

/* ---- the bucket and what is read of it ---- */

static void on_opened(void *user)
{
	(void)user;
}

static void on_refused(void *user, const char *why)
{
	refuse(user, EXIT_RELAY, "the cluster cannot be used: ", why);
}

static void on_node_came(void *user, const uint8_t id[RECORD_NODE_ID_LEN], uint64_t epoch)
{
	struct cluster *c = user;
	char hex[HEX_ID_LEN + 1];
	write_hex(id, hex);
	log_event(LOG_INFO, "node_here", "node", hex, NULL);
	c->events.node(c->user, id, epoch);
}

static void on_node_gone(void *user, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct cluster *c = user;
	char hex[HEX_ID_LEN + 1];
	write_hex(id, hex);
	log_event(LOG_WARN, "node_gone", "node", hex, NULL);
	c->events.node(c->user, id, 0);
}

static void on_cloned(void *user)
{
	struct cluster *c = user;
	refuse(c, EXIT_USAGE, "another relay of the cluster runs with the same id: its data folder was copied to ",
	       c->relay->settings.data);
}

static void on_tokens_changed(void *user)
{
	struct cluster *c = user;
	c->events.tokens_changed(c->user);
}

/* ---- beginning and end ---- */

static bool name_subjects(struct cluster *c, struct error *e)
{
	char hex[HEX_ID_LEN + 1];
	uint8_t random[8];
	if (RAND_bytes(random, sizeof random) != 1)
		return error_set(e, EXIT_RELAY, "the system gave no random bytes");
	c->epoch = bytes_get_u64(random);
	write_hex(c->id, hex);
	snprintf(c->trunk, sizeof c->trunk, TRUNK_PREFIX "%s", hex);
	/* By the run: two with one id must not take each other's records away. */
	snprintf(c->deliver, sizeof c->deliver, "creel.kv.%016llx", (unsigned long long)c->epoch);
	snprintf(c->nodes_subject, sizeof c->nodes_subject, "%.40s.node", c->deliver);
	snprintf(c->tokens_subject, sizeof c->tokens_subject, "%.40s.token", c->deliver);
	return true;
}

static bool make_bus(struct cluster *c, struct error *e)
{
	static const struct bus_events events = { on_connected, on_away, on_message };
	const struct settings *set = &c->relay->settings;
	struct bus_settings s = { .servers = c->settings.servers,
				  .credentials = c->settings.credentials,
				  .credentials_file = set->cluster_credentials,
				  .ca = set->cluster_ca };
	const char *subjects[] = { c->trunk, c->nodes_subject, c->tokens_subject };
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
		s.subjects[s.subject_count++] = subjects[i];
	c->bus = bus_new(c->relay->loop, &s, &events, c, e);
	bus_credentials_forget(&s.credentials);
	return c->bus;
}

/* Nothing calls back before the loop runs. */
static bool make_parts(struct cluster *c, struct error *e)
{
	static const struct kv_events kv_events = { on_opened, on_refused };
	static const struct nodes_events nodes_events = { on_node_came, on_node_gone, on_cloned };
	const struct kv_settings k = { BUCKET, DESCRIPTION, c->settings.replicas, c->deliver };
	struct nodes_settings n = { .self = { .epoch = c->epoch, .started_at_us = clock_now_us() } };
	uv_loop_t *loop = c->relay->loop;
	memcpy(n.id, c->id, sizeof n.id);
	snprintf(n.self.version, sizeof n.self.version, "%s", CREEL_VERSION);
	if (make_bus(c, e) && (c->kv = kv_new(loop, c->bus, &k, &kv_events, c)) &&
	    (c->nodes = nodes_new(loop, c->kv, &n, &nodes_events, c)) &&
	    (c->tokens = cluster_tokens_new(loop, c->kv, c->relay->tokens, on_tokens_changed, c)))
		return true;
	return c->bus ? error_set(e, EXIT_RELAY, "out of memory") : false;
}

bool cluster_new(struct relay *relay, const struct cluster_events *events, void *user, struct cluster **out,
		 struct error *e)
{
	*out = NULL;
	if (!relay->settings.cluster)
		return true;
	struct cluster *c = calloc(1, sizeof *c);
	if (!c)
		return error_set(e, EXIT_RELAY, "out of memory");
	c->relay = relay;
	c->events = *events;
	c->user = user;
	if (cluster_settings_read(&relay->settings, &c->settings, e) && tokens_shared_open(relay->tokens, c->id, e) &&
	    name_subjects(c, e) && make_parts(c, e)) {
		*out = c;
		return true;
	}
	cluster_close(c);
	return false;
}

static void on_part_closed(void *user)
{
	struct cluster *c = user;
	if (--c->open_parts > 0)
		return;
	cluster_settings_forget(&c->settings);
	free(c);
}

void cluster_close(struct cluster *c)
{
	if (!c)
		return;
	c->closing = true;
	c->open_parts = PARTS + 1;
	if (c->bus)
		bus_close(c->bus, on_part_closed, c);
	else
		on_part_closed(c);
	if (c->tokens)
		cluster_tokens_close(c->tokens, on_part_closed, c);
	else
		on_part_closed(c);
	if (c->nodes)
		nodes_close(c->nodes, on_part_closed, c);
	else
		on_part_closed(c);
	if (c->kv)
		kv_close(c->kv, on_part_closed, c);
	else
		on_part_closed(c);
	on_part_closed(c);
}

/* ---- what the rest of the relay asks ---- */

const uint8_t *cluster_id(const struct cluster *c)
{
	return c->id;
}

uint64_t cluster_epoch(const struct cluster *c)
{
	return c->epoch;
}

bool cluster_publish(struct cluster *c, const uint8_t node[RECORD_NODE_ID_LEN], struct bytes message)
{
	char subject[SUBJECT_LEN] = TRUNK_PREFIX;
	write_hex(node, subject + sizeof TRUNK_PREFIX - 1);
	return bus_publish(c->bus, &(struct bus_post){ .subject = subject, .data = message });
}

enum cluster_state cluster_state(const struct cluster *c)
{
	return !cluster_tokens_are_read(c->tokens) ? CLUSTER_STARTING
	       : kv_is_open(c->kv)                 ? CLUSTER_CONNECTED
						   : CLUSTER_AWAY;
}

size_t cluster_nodes(const struct cluster *c)
{
	return nodes_count(c->nodes);
}

uint64_t cluster_malformed(const struct cluster *c)
{
	return nodes_malformed(c->nodes) + cluster_tokens_malformed(c->tokens);
}
