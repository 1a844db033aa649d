#include "relay/crossing/crossing_private.h"

#include "shared/program/log.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define TICK_MS 200
#define MAILBOX_TICKS 25 /* a round of them */
#define ASKED_TICKS 3    /* the first of these */
#define EXPIRE_TICKS 300
#define MAILBOXES_A_ROUND 100

/* The peer of a trunk; NULL when out of memory. */
static struct crossing_peer *peer_of(struct crossing *x, struct trunk *t)
{
	struct crossing_peer *p = trunk_data(t);
	if (p || !(p = calloc(1, sizeof *p)))
		return p;
	p->crossing = x;
	p->trunk = t;
	LL_PREPEND(x->peers, p);
	trunk_set_data(t, p);
	return p;
}

/* ---- other nodes ---- */

static void note_there(struct crossing_peer *p)
{
	if (p->there)
		return;
	p->there = true;
	crossing_levels_tell(p->crossing);
}

static void note_away(struct crossing_peer *p)
{
	p->there = false;
	p->greeted = p->said = false; /* what changes meanwhile may be forgotten before it is told */
	crossing_levels_keep(p->crossing);
	crossing_ask_end_of_peer(p);
}

void crossing_node_heard(struct crossing *x, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct trunk *t = trunk_to(x->trunks, id);
	struct crossing_peer *p = t ? peer_of(x, t) : NULL;
	if (p)
		note_there(p);
}

void crossing_node_gone(struct crossing *x, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct trunk *t = trunk_to(x->trunks, id);
	struct crossing_peer *p = t ? peer_of(x, t) : NULL;
	if (p)
		note_away(p);
}

/* Nodes come and go for as long as this one runs, each with an id of its own. */
static void forget_gone(struct crossing *x)
{
	for (struct crossing_peer **at = &x->peers; *at;) {
		struct crossing_peer *p = *at;
		if (p->there || p->lines || p->guests || p->asks || !trunk_forget(p->trunk)) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		free(p);
	}
}

/* ---- what the trunks say ---- */

static bool on_publish(void *user, const uint8_t node[TRUNK_NODE_LEN], struct bytes message)
{
	struct crossing *x = user;
	return x->events.publish(x->user, node, message);
}

static bool on_part(void *user, struct trunk *t, const struct trunk_part *part)
{
	struct crossing_peer *p = peer_of(user, t);
	if (!p)
		return false;
	note_there(p);
	switch (part->kind) {
	case TRUNK_OPEN:
	case TRUNK_CLOSE:
	case TRUNK_TO_CLIENT:
	case TRUNK_FAIL:
	case TRUNK_OFFER:
	case TRUNK_GIVE_BACK:
		return crossing_guest_take(p, part);
	case TRUNK_STATE:
	case TRUNK_FROM_CLIENT:
	case TRUNK_CREDIT:
	case TRUNK_GRANT:
		return crossing_line_take(p, part);
	case TRUNK_ASK:
		return crossing_ask_take(p, part);
	case TRUNK_LEVEL:
	case TRUNK_LEVELS:
	case TRUNK_ADOPTED:
		return crossing_levels_take(p, part);
	case TRUNK_KINDS_END:
		break;
	}
	return false;
}

static void on_lost(void *user, struct trunk *t, uint64_t silent_ms)
{
	struct crossing_peer *p = trunk_data(t);
	(void)user;
	if (!p)
		return;
	const bool there = p->there && silent_ms == 0;
	note_away(p);
	p->there = there;
	crossing_guest_lose_all(p);
	crossing_line_lose_all(p, silent_ms);
	crossing_levels_tell(p->crossing);
}

static void on_drained(void *user, struct trunk *t)
{
	struct crossing_peer *p = trunk_data(t);
	(void)user;
	if (p)
		crossing_line_pump_all(p);
}

static bool on_waits(void *user, const struct trunk *t)
{
	const struct crossing_peer *p = trunk_data(t);
	(void)user;
	return p && (p->lines || p->guests || p->asks);
}

/* ---- what the registry tells of clients ---- */

static void on_resume(void *user, struct client *c, uint64_t below)
{
	(void)user;
	crossing_guest_resume(c, below);
}

static void on_online(void *user, struct client *c, bool resumed)
{
	struct crossing *x = user;
	if (c->line)
		crossing_line_close(c->line);
	crossing_guest_online(c, resumed);
	if (!resumed)
		crossing_ask_all(x, c);
}

static void on_left(void *user, struct client *c, enum client_left why)
{
	(void)user;
	if (why != CLIENT_AWAY)
		crossing_ask_end_of_client(c);
	crossing_guest_left(c, why);
}

static void on_forgotten(void *user, struct client *c)
{
	(void)user;
	if (c->line)
		crossing_line_close(c->line);
	crossing_ask_end_of_client(c);
	crossing_guest_left(c, CLIENT_ENDED);
}

static const struct client_events watcher = { on_resume, on_online, on_left, on_forgotten };

/* ---- the directory ---- */

/* Whether there is nothing to do about it: it is here, or its line leads there already. */
static bool is_known(struct client *c, const struct record_client *there)
{
	if (c->connection)
		return c->generation == 0 || c->generation >= there->generation;
	if (!c->line)
		return c->generation > there->generation; /* an old record, that came late */
	if (c->line->generation > there->generation)
		return true;
	if (memcmp(trunk_node(c->line->peer->trunk), there->node, TRUNK_NODE_LEN) != 0)
		return false;
	c->generation = c->line->generation = there->generation; /* it joined again; that node says so itself */
	return true;
}

/* Whether one that is online took its place later: the record is an old one, that came late. */
static bool is_beaten(const struct tunnel *t, const struct record_client *there)
{
	for (const struct client *c = t ? t->clients : NULL; c; c = c->next)
		if (client_carrier(c) && c->generation > there->generation &&
		    !(c->options & there->options & WIRE_OPTION_SHARE))
			return true;
	return false;
}

static void expect(struct crossing *x, const char *tunnel, const struct record_tunnel *r,
		   const struct record_client *at)
{
	struct trunk *t = trunk_to(x->trunks, at->node);
	struct crossing_peer *p = t ? peer_of(x, t) : NULL;
	const struct join j = { .name = tunnel,
				.owner = r->owner,
				.random_name = r->random_name,
				.key = bytes_make(at->key, at->key_len),
				.options = at->options,
				.features = at->features };
	struct client *c = p ? registry_expect(x->relay->registry, &j) : NULL;
	if (!c)
		return;
	c->generation = at->generation;
	if (c->line)
		crossing_line_close(c->line);
	if (!crossing_line_open(p, c, at->generation))
		log_event(LOG_WARN, "line_not_opened", "tunnel", tunnel, NULL);
}

void crossing_learn(struct crossing *x, const char *tunnel, const struct record_tunnel *r)
{
	const uint8_t *self = x->id;
	struct tunnel *t = tunnel_find(&x->relay->registry->table, tunnel);
	for (struct client *c = t ? t->clients : NULL; c; c = c->next) {
		/* What is older than the record that led there says nothing about it. */
		if (!c->line || c->line->generation > record_last_generation(r) ||
		    record_find_client(r, bytes_make(c->key, c->key_len)))
			continue;
		crossing_line_close(c->line);
		registry_lost(c, false);
	}
	for (size_t i = 0; i < r->client_count; i++) {
		const struct record_client *at = &r->clients[i];
		t = tunnel_find(&x->relay->registry->table, tunnel);
		struct client *c = t ? tunnel_find_client(t, bytes_make(at->key, at->key_len)) : NULL;
		if (record_is_away(at) || memcmp(at->node, self, RECORD_NODE_ID_LEN) == 0 || (c && is_known(c, at)) ||
		    is_beaten(t, at))
			continue;
		expect(x, tunnel, r, at);
	}
}

/* ---- clients whose node is not known ---- */

static bool is_lost(const struct client *c)
{
	return c->foreign && c->in_grace && !c->line;
}

static bool waits_elsewhere(const struct client *c, const struct spool *spool)
{
	return !c->line && !c->connection && !c->in_grace && spool_level(spool, c->mailbox).count > 0;
}

/* Those whose streams wait for them. */
static void ask_for_lost(struct crossing *x)
{
	for (struct tunnel *t = x->relay->registry->table.watched, *next; t; t = next) {
		bool ask = false;
		next = t->watched_next;
		for (const struct client *c = t->clients; c; c = c->next)
			ask |= is_lost(c);
		if (ask)
			x->events.ask(x->user, t->name);
	}
}

/* Some of those with a mailbox that is not empty: where their node was not heard, it is found so. Each is asked for in
 * several ticks one after another, for the first may have to wait for the answer. */
static void ask_for_mailboxes(struct crossing *x)
{
	struct tunnel_table *table = &x->relay->registry->table;
	size_t at = 0;
	for (struct tunnel *t = table->tunnels, *next; t; t = next) {
		bool ask = false;
		next = t->next;
		for (const struct client *c = t->clients; c; c = c->next)
			ask |= waits_elsewhere(c, table->spool);
		if (ask && at >= x->mailboxes_from && at < x->mailboxes_from + MAILBOXES_A_ROUND)
			x->events.ask(x->user, t->name);
		at += ask;
	}
	if (x->ticks % MAILBOX_TICKS == ASKED_TICKS - 1)
		x->mailboxes_from =
		    at > x->mailboxes_from + MAILBOXES_A_ROUND ? x->mailboxes_from + MAILBOXES_A_ROUND : 0;
}

static void on_tick(uv_timer_t *h)
{
	struct crossing *x = h->data;
	ask_for_lost(x);
	if (++x->ticks % MAILBOX_TICKS < ASKED_TICKS)
		ask_for_mailboxes(x);
	for (struct crossing_peer *p = x->peers; p; p = p->next)
		crossing_ask_look(p, uv_now(h->loop));
	if (x->ticks % MAILBOX_TICKS == 0) {
		crossing_levels_keep(x);
		forget_gone(x);
	}
	if (x->ticks % EXPIRE_TICKS == 0)
		crossing_levels_expire(x);
}

/* ---- the whole ---- */

void crossing_receive(struct crossing *x, struct bytes message)
{
	trunk_receive(x->trunks, message);
}

uint64_t crossing_malformed(const struct crossing *x)
{
	return trunk_malformed(x->trunks);
}

uint64_t crossing_bytes(const struct crossing *x)
{
	return trunk_bytes(x->trunks);
}

struct crossing *crossing_new(struct relay *relay, const uint8_t id[RECORD_NODE_ID_LEN],
			      const struct crossing_events *events, void *user)
{
	static const struct trunk_events trunk_events = { on_publish, on_part, on_lost, on_drained, on_waits };
	struct trunk_settings settings = { .probe_ms = 0 };
	struct crossing *x = calloc(1, sizeof *x);
	if (!x)
		return NULL;
	x->relay = relay;
	x->events = *events;
	x->user = user;
	memcpy(x->id, id, sizeof x->id);
	memcpy(settings.id, id, sizeof settings.id);
	x->trunks = trunk_set_new(relay->loop, &settings, &trunk_events, x);
	if (!x->trunks || !crossing_levels_begin(x)) {
		trunk_set_free(x->trunks);
		free(x);
		return NULL;
	}
	uv_timer_init(relay->loop, &x->tick);
	x->tick.data = x;
	x->open_handles = 2;
	uv_timer_start(&x->tick, on_tick, TICK_MS, TICK_MS);
	relay->registry->table.watcher = &watcher;
	relay->registry->table.watcher_user = x;
	return x;
}

static void on_closed(uv_handle_t *h)
{
	struct crossing *x = h->data;
	if (--x->open_handles == 0)
		free(x);
}

void crossing_close(struct crossing *x)
{
	if (!x)
		return;
	for (struct crossing_peer *p = x->peers; p; p = p->next) {
		while (p->lines) {
			struct client *c = p->lines->client;
			crossing_line_close(p->lines);
			registry_lost(c, false);
		}
		while (p->guests)
			crossing_guest_left(p->guests->client, CLIENT_MOVED);
		crossing_ask_end_of_peer(p);
	}
	crossing_levels_end(x);
	x->relay->registry->table.watcher = NULL;
	trunk_set_free(x->trunks);
	while (x->peers) {
		struct crossing_peer *p = x->peers;
		x->peers = p->next;
		free(p);
	}
	buffer_free(&x->frame);
	uv_close((uv_handle_t *)&x->tick, on_closed);
	uv_close((uv_handle_t *)&x->telling, on_closed);
}
