#include "relay/cluster/cluster.h"

#include "relay/cluster/adoption.h"
#include "relay/cluster/cluster_settings.h"
#include "relay/cluster/cluster_tokens.h"
#include "relay/cluster/directory.h"
#include "relay/cluster/nodes.h"
#include "relay/names/router.h"
#include "relay/names/tokens.h"
#include "shared/base/clock.h"
#include "shared/base/hex.h"
#include "shared/base/reader.h"
#include "shared/program/log.h"

#include <jansson.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET "CREEL"
#define DESCRIPTION "creel cluster, records of version 1"
#define SUBJECT_LEN 64
#define HEX_ID_LEN (2 * RECORD_NODE_ID_LEN)
#define TRUNK_PREFIX "creel.n."
#define MOVED_SUBJECT "creel.moved"
#define DENIED_EVERY_MS 60000
#define ADOPTING_MS 3600000 /* more than it takes to take over what waited at a node */
#define MALFORMED_EVERY_US (UINT64_C(60) * 1000000)

_Static_assert(RECORD_NODE_ID_LEN == TOKENS_NODE_ID_LEN, "one id");

enum said { SAID_NOTHING, SAID_CONNECTED, SAID_AWAY };

struct cluster {
	struct relay *relay;
	struct cluster_events events;
	void *user;
	struct cluster_settings settings;
	uint8_t id[RECORD_NODE_ID_LEN];
	uint64_t epoch;
	char trunk[SUBJECT_LEN], deliver[SUBJECT_LEN];
	struct bus *bus;
	struct kv *kv;
	struct nodes *nodes;
	struct cluster_tokens *tokens;
	struct lookups *lookups;
	struct directory *directory;
	struct copies *copies;     /* NULL: none are made */
	struct adoption *adoption; /* NULL: nothing is adopted */
	uint64_t malformed;        /* messages that another node says it wrote */
	uint64_t malformed_said;   /* in the log: how many of all kinds, */
	uint64_t malformed_at_us;  /* and when */
	uint64_t denied_at;        /* loop ms: when the log said so; 0: never */
	enum said said;            /* in the log */
	bool was_connected, was_open, refused, closing;
	unsigned open_parts; /* what cluster_close waits for */
};

static void refuse(struct cluster *c, enum exit_code code, const char *what, const char *why)
{
	struct error e;
	if (c->refused || c->closing)
		return;
	c->refused = true;
	error_set(&e, code, "%s%.400s", what, why);
	c->events.refused(c->user, &e);
}

/* ---- where tunnels are ---- */

/* A client of a node that is gone, or that has forgotten it, is away. */
static void see_who_is_there(const struct cluster *c, struct record_tunnel *r)
{
	for (size_t i = 0; i < r->client_count; i++) {
		struct record_client *k = &r->clients[i];
		bool own = memcmp(k->node, c->id, sizeof c->id) == 0;
		if (own ? k->epoch != c->epoch : !nodes_may_have(c->nodes, k->node, k->epoch))
			memset(k->node, 0, sizeof k->node);
	}
}

static void note_record(struct cluster *c, const char *name, const struct record_tunnel *r)
{
	struct record_tunnel seen = *r;
	lookups_note(c->lookups, name, r);
	see_who_is_there(c, &seen);
	c->events.moved(c->user, name, &seen);
}

static bool on_held(void *user, const char *name, struct record_tunnel *out)
{
	struct cluster *c = user;
	if (!c->events.held(c->user, name, out))
		return false;
	for (size_t i = 0; i < out->client_count; i++)
		if (!record_is_away(&out->clients[i]))
			out->clients[i].epoch = c->epoch;
	return true;
}

/* The sender's id, the name with its length, the record. */
static void tell_moved(struct cluster *c, const char *name, const struct record_tunnel *r)
{
	struct buffer b = { 0 };
	bool fine = buffer_append(&b, c->id, sizeof c->id) && buffer_put_text8(&b, name) && record_put_tunnel(&b, r) &&
		    bus_publish(c->bus, &(struct bus_post){ .subject = MOVED_SUBJECT, .data = buffer_view(&b) });
	buffer_free(&b);
	if (!fine) /* the others find it in the bucket when they ask the next time */
		log_event(LOG_DEBUG, "not_told", "tunnel", name, NULL);
}

/* Whether another token than the one that is known here is said to have the name. The message may be an old one, or the
 * other node may not know yet who was first: where clients are here, or what is here is not written yet, the bucket is
 * asked, and decides; elsewhere only what is newer counts. */
static bool is_disputed(struct cluster *c, const char *name, const struct record_tunnel *r)
{
	struct record_tunnel own;
	if (!on_held(c, name, &own) || strcmp(own.owner, r->owner) == 0)
		return false;
	bool asks = directory_is_due(c->directory, name);
	for (size_t i = 0; i < own.client_count; i++)
		asks |= !record_is_away(&own.clients[i]);
	if (asks) {
		directory_write(c->directory, name);
		return true;
	}
	return record_last_generation(r) <= record_last_generation(&own);
}

static void on_moved(struct cluster *c, struct bytes message)
{
	struct reader m = reader_of(message);
	struct record_tunnel r;
	char name[LIMIT_TUNNEL_NAME + 1];
	struct bytes id = reader_bytes(&m, RECORD_NODE_ID_LEN), text = reader_bytes(&m, reader_u8(&m));
	struct bytes rest = reader_bytes(&m, m.left);
	if (m.bad || !router_name_valid(text) || !record_read_tunnel(rest, &r)) {
		c->malformed++;
		return;
	}
	snprintf(name, sizeof name, "%.*s", (int)text.len, (const char *)text.at);
	if (memcmp(id.at, c->id, sizeof c->id) != 0 && !is_disputed(c, name, &r))
		note_record(c, name, &r);
}

static void on_written(void *user, const char *name, const struct record_tunnel *r)
{
	struct cluster *c = user;
	tell_moved(c, name, r);
	note_record(c, name, r);
}

static void on_taken(void *user, const char *name, const struct record_tunnel *r)
{
	struct cluster *c = user;
	c->events.taken(c->user, name);
	note_record(c, name, r);
}

static void on_contended(void *user, const char *name)
{
	struct cluster *c = user;
	c->events.contended(c->user, name);
}

static bool is_owner(void *user, const char *owner)
{
	struct cluster *c = user;
	return tokens_is_known(c->relay->tokens, owner);
}

/* A node found no record: if this one has the tunnel, it says so, and writes the record again. */
static void answer_question(struct cluster *c, const struct bus_message *m)
{
	char name[LIMIT_TUNNEL_NAME + 1];
	struct record_tunnel r = { .client_count = 0 };
	struct buffer b = { 0 };
	if (!m->reply || !lookups_read_question(c->lookups, m->data, name) || !on_held(c, name, &r) ||
	    r.client_count == 0)
		return;
	if (record_put_tunnel(&b, &r) &&
	    bus_publish(c->bus, &(struct bus_post){ .subject = m->reply, .data = buffer_view(&b) }))
		log_event(LOG_INFO, "record_missing", "tunnel", name, NULL);
	buffer_free(&b);
	directory_write(c->directory, name);
}

/* A client came to a node without asking for a name; without `reply` that node knows the name itself. */
static void answer_recall(struct cluster *c, const struct bus_message *m)
{
	struct record_tunnel r;
	char name[LIMIT_TUNNEL_NAME + 1];
	if (lookups_read_recall(c->lookups, m->data, &r) && m->reply &&
	    c->events.last_name(c->user, r.owner, bytes_make(r.clients[0].key, r.clients[0].key_len), name) &&
	    !bus_publish(c->bus, &(struct bus_post){ .subject = m->reply, .data = bytes_of(name) }))
		log_event(LOG_DEBUG, "not_told", "tunnel", name, NULL);
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

/* Credentials that lack some subjects: without a sentence all would look well, and nothing would pass between nodes. */
static void on_denied(struct cluster *c, const char *server, const char *text)
{
	const uint64_t now = uv_now(c->relay->loop);
	if (!c->was_open)
		refuse(c, EXIT_RELAY, "NATS refuses this relay (see --cluster-credentials): ", text);
	else if (!c->denied_at || now - c->denied_at >= DENIED_EVERY_MS)
		log_event(LOG_WARN, "cluster_denied", "server", server, "failure", text, NULL);
	else
		return;
	c->denied_at = now;
}

/* It is tried again every 200 ms: one line is enough. */
static void on_away(void *user, enum bus_away why, const char *server, const char *text)
{
	struct cluster *c = user;
	if (why == BUS_DENIED) {
		on_denied(c, server, text);
		return;
	}
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
	else if (strcmp(m->subject, LOOKUPS_WHO_SUBJECT) == 0)
		answer_question(c, m);
	else if (strcmp(m->subject, LOOKUPS_WHOSE_SUBJECT) == 0)
		answer_recall(c, m);
	else if (strcmp(m->subject, MOVED_SUBJECT) == 0)
		on_moved(c, m->data);
}

/* ---- the bucket and what is read of it ---- */

static void on_opened(void *user)
{
	struct cluster *c = user;
	c->was_open = true;
	if (c->said == SAID_AWAY)
		log_event(LOG_INFO, "cluster_connected", NULL);
	c->said = SAID_CONNECTED;
}

static void on_refused(void *user, const char *why)
{
	struct cluster *c = user;
	if (!c->was_open) {
		refuse(c, EXIT_RELAY, "the cluster cannot be used: ", why);
		return;
	}
	if (c->said != SAID_AWAY)
		log_event(LOG_WARN, "cluster_away", "failure", why, "text", "the relay goes on alone, and keeps trying",
			  NULL);
	c->said = SAID_AWAY;
}

static void on_node_came(void *user, const uint8_t id[RECORD_NODE_ID_LEN], uint64_t epoch)
{
	struct cluster *c = user;
	char hex[HEX_ID_LEN + 1];
	hex_write(hex, id, RECORD_NODE_ID_LEN);
	log_event(LOG_INFO, "node_here", "node", hex, NULL);
	if (c->adoption)
		adoption_came(c->adoption, id);
	(void)epoch;
}

static void on_node_gone(void *user, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct cluster *c = user;
	char hex[HEX_ID_LEN + 1];
	hex_write(hex, id, RECORD_NODE_ID_LEN);
	log_event(LOG_WARN, "node_gone", "node", hex, NULL);
	if (c->adoption)
		adoption_gone(c->adoption, id);
	c->events.node_gone(c->user, id);
}

static void on_node_past(void *user, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct cluster *c = user;
	if (c->adoption)
		adoption_past(c->adoption, id);
}

static void on_node_heard(void *user, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct cluster *c = user;
	c->events.node_heard(c->user, id);
}

static void on_cloned(void *user)
{
	struct cluster *c = user;
	refuse(c, EXIT_USAGE, "another relay of the cluster runs with the same id: its data folder was copied to ",
	       c->relay->settings.data);
}

/* What did not parse, once a minute: whoever writes such records writes many. */
static void say_malformed(struct cluster *c)
{
	const uint64_t all = cluster_malformed(c), now = clock_now_us();
	char count[24];
	if (all == c->malformed_said || (c->malformed_at_us && now - c->malformed_at_us < MALFORMED_EVERY_US))
		return;
	snprintf(count, sizeof count, "%llu", (unsigned long long)(all - c->malformed_said));
	c->malformed_said = all;
	c->malformed_at_us = now;
	log_event(LOG_WARN, "cluster_records_malformed", "count", count, "text",
		  "records or messages of other relays could not be read, and were dropped", NULL);
}

static void measure(void *user, struct record_node *self)
{
	struct cluster *c = user;
	say_malformed(c);
	uint64_t copies = cluster_copies(c).pending;
	self->tunnels = c->relay->metrics.tunnels > 0 ? (uint32_t)c->relay->metrics.tunnels : 0;
	self->copies = copies < UINT32_MAX ? (uint32_t)copies : UINT32_MAX;
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
	hex_write(hex, c->id, RECORD_NODE_ID_LEN);
	snprintf(c->trunk, sizeof c->trunk, TRUNK_PREFIX "%s", hex);
	/* A name of this run: two nodes with one id must not take each other's records away. */
	snprintf(c->deliver, sizeof c->deliver, "creel.kv.%016llx", (unsigned long long)c->epoch);
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
	const char *subjects[] = { c->trunk, LOOKUPS_WHO_SUBJECT, LOOKUPS_WHOSE_SUBJECT, MOVED_SUBJECT };
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
	static const struct nodes_events nodes_events = { on_node_came,  on_node_gone, on_node_past,
							  on_node_heard, on_cloned,    measure };
	static const struct directory_events directory_events = { on_held, on_written, on_taken, on_contended,
								  is_owner };
	const struct kv_settings k = { BUCKET, DESCRIPTION, c->settings.replicas, c->deliver };
	struct nodes_settings n = { .self = { .epoch = c->epoch }, .kept_ms = c->settings.adopt_after + ADOPTING_MS };
	uv_loop_t *loop = c->relay->loop;
	memcpy(n.id, c->id, sizeof n.id);
	snprintf(n.self.version, sizeof n.self.version, "%s", CREEL_VERSION);
	if (make_bus(c, e) && (c->kv = kv_new(loop, c->bus, &k, &kv_events, c)) &&
	    (c->nodes = nodes_new(loop, c->kv, &n, &nodes_events, c)) &&
	    (c->tokens = cluster_tokens_new(loop, c->kv, c->relay->tokens, on_tokens_changed, c)) &&
	    (c->directory = directory_new(loop, c->kv, c->id, &directory_events, c)) &&
	    (c->lookups = lookups_new(loop, c->kv, c->bus, c->id)))
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

static int64_t on_adopt(void *user, const struct copy_message *m)
{
	struct cluster *c = user;
	return c->events.adopt(c->user, m);
}

static void on_adopted(void *user, const uint8_t id[RECORD_NODE_ID_LEN], const struct copy_message *m, size_t size)
{
	struct cluster *c = user;
	c->events.adopted(c->user, id, m, size);
}

static void on_node_adopted(void *user, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct cluster *c = user;
	c->events.node_adopted(c->user, id);
}

static bool is_there(void *user, const uint8_t id[RECORD_NODE_ID_LEN])
{
	const struct cluster *c = user;
	return nodes_epoch(c->nodes, id) != 0;
}

bool cluster_begin_copies(struct cluster *c, struct spool *spool, struct error *e)
{
	static const struct adoption_events events = { on_adopt, on_adopted, on_node_adopted, is_there };
	struct copies_settings s = { .replicas = c->settings.replicas,
				     .max_age_ms = (uint64_t)c->relay->settings.spool_max_age_ms };
	struct adoption_settings a = { .after_ms = c->settings.adopt_after };
	uv_loop_t *loop = c->relay->loop;
	memcpy(s.node, c->id, sizeof s.node);
	memcpy(a.node, c->id, sizeof a.node);
	if (!c->settings.copies)
		return true;
	log_event(LOG_INFO, "copies", "replicas",
		  c->settings.replicas == 1   ? "1"
		  : c->settings.replicas == 3 ? "3"
					      : "5",
		  "text", "what a copy is worth depends on the version of NATS: see CLUSTERS in creel-relay(8)", NULL);
	bool fine = (c->copies = copies_new(loop, c->bus, c->kv, spool, &s)) &&
		    (!a.after_ms || (c->adoption = adoption_new(loop, c->bus, c->kv, spool, &a, &events, c)));
	return fine || error_set(e, EXIT_RELAY, "out of memory");
}

static void on_part_closed(void *user)
{
	struct cluster *c = user;
	if (--c->open_parts > 0)
		return;
	lookups_free(c->lookups);
	cluster_settings_forget(&c->settings);
	free(c);
}

void cluster_close(struct cluster *c)
{
	if (!c)
		return;
	c->closing = true;
	const void *parts[] = { c->bus, c->tokens, c->copies, c->adoption, c->directory, c->nodes, c->kv };
	c->open_parts = 1;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		c->open_parts += parts[i] != NULL;
	if (c->bus)
		bus_close(c->bus, on_part_closed, c);
	if (c->tokens)
		cluster_tokens_close(c->tokens, on_part_closed, c);
	if (c->copies)
		copies_close(c->copies, on_part_closed, c);
	if (c->adoption)
		adoption_close(c->adoption, on_part_closed, c);
	if (c->directory)
		directory_close(c->directory, on_part_closed, c);
	if (c->nodes)
		nodes_close(c->nodes, on_part_closed, c);
	if (c->kv)
		kv_close(c->kv, on_part_closed, c);
	on_part_closed(c);
}

/* ---- what the rest of the relay asks ---- */

const uint8_t *cluster_id(const struct cluster *c)
{
	return c->id;
}

bool cluster_publish(struct cluster *c, const uint8_t node[RECORD_NODE_ID_LEN], struct bytes message)
{
	char subject[SUBJECT_LEN] = TRUNK_PREFIX;
	hex_write(subject + sizeof TRUNK_PREFIX - 1, node, RECORD_NODE_ID_LEN);
	return bus_publish(c->bus, &(struct bus_post){ .subject = subject, .data = message, .bulk = true });
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
	return c->malformed + (c->adoption ? adoption_malformed(c->adoption) : 0) + nodes_malformed(c->nodes) +
	       cluster_tokens_malformed(c->tokens) + lookups_malformed(c->lookups) + directory_malformed(c->directory);
}

void cluster_tell(struct cluster *c, const char *name)
{
	directory_write(c->directory, name);
}

enum lookup cluster_find(struct cluster *c, const char *name, struct record_tunnel *out)
{
	enum lookup result = lookups_find(c->lookups, name, out);
	if (result == LOOKUP_FOUND)
		see_who_is_there(c, out);
	return result;
}

void cluster_wait(struct cluster *c, const char *name, struct lookups_waiter *w)
{
	lookups_wait(c->lookups, name, w);
}

enum lookup cluster_recall(struct cluster *c, const char *owner, struct bytes key, char name[LIMIT_TUNNEL_NAME + 1])
{
	if (nodes_count(c->nodes) == 0)
		return LOOKUP_NONE;
	return kv_is_open(c->kv) ? lookups_recall(c->lookups, owner, key, name) : LOOKUP_AWAY;
}

void cluster_take_up(struct cluster *c, const char *owner, struct bytes key)
{
	if (nodes_count(c->nodes) > 0)
		lookups_take_up(c->lookups, owner, key);
}

bool cluster_has_rival(const struct cluster *c, const char *owner, struct bytes key)
{
	return lookups_has_rival(c->lookups, owner, key);
}

const uint64_t *cluster_lookups(const struct cluster *c)
{
	return lookups_counts(c->lookups);
}

size_t cluster_unwritten(const struct cluster *c)
{
	return directory_pending(c->directory);
}

static void append_node(void *user, const uint8_t id[RECORD_NODE_ID_LEN], const struct record_node *r)
{
	char hex[HEX_ID_LEN + 1];
	hex_write(hex, id, RECORD_NODE_ID_LEN);
	json_array_append_new(user, json_pack("{s:s, s:s, s:I, s:I}", "id", hex, "version", r->version, "tunnels",
					      (json_int_t)r->tunnels, "copies_pending", (json_int_t)r->copies));
}

char *cluster_describe(const struct cluster *c)
{
	static const char *const states[] = {
		[CLUSTER_STARTING] = "starting", [CLUSTER_AWAY] = "away", [CLUSTER_CONNECTED] = "connected"
	};
	char hex[HEX_ID_LEN + 1];
	json_t *nodes = json_array();
	hex_write(hex, c->id, RECORD_NODE_ID_LEN);
	nodes_each(c->nodes, append_node, nodes);
	json_t *all = json_pack("{s:s, s:s, s:o}", "node", hex, "state", states[cluster_state(c)], "nodes", nodes);
	char *text = all ? json_dumps(all, JSON_COMPACT) : NULL;
	json_decref(all);
	return text;
}

struct copies_figures cluster_copies(const struct cluster *c)
{
	return c->copies ? copies_figures(c->copies) : (struct copies_figures){ .pending = 0 };
}

uint64_t cluster_adopted(const struct cluster *c)
{
	return c->adoption ? adoption_count(c->adoption) : 0;
}
