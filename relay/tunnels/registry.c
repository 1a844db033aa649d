#include "relay/tunnels/registry.h"

#include "relay/tunnels/connection.h"
#include "shared/base/clock.h"
#include "shared/program/log.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_MS 100

struct link *client_link(const struct client *c)
{
	return c->connection && c->connection->welcomed ? c->connection->link : NULL;
}

const char *registry_folder(const struct registry *r)
{
	return r->relay->settings.data;
}

/* ---- tunnels and clients ---- */

static struct tunnel *find_tunnel(struct registry *r, const char *name)
{
	struct tunnel *t = r->tunnels;
	while (t && strcmp(t->name, name) != 0)
		t = t->next;
	return t;
}

static struct tunnel *make_tunnel(struct registry *r, const char *name, bool random_name)
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
	t->next = r->tunnels;
	return r->tunnels = t;
}

static struct client *find_client(const struct tunnel *t, struct bytes key)
{
	struct client *c = t->clients;
	while (c && (c->mailbox == 0 || !bytes_equal(bytes_make(c->key, c->key_len), key)))
		c = c->next;
	return c;
}

static struct client *make_client(struct tunnel *t, struct bytes key)
{
	struct client *c = key.len <= sizeof c->key ? calloc(1, sizeof *c) : NULL;
	if (!c)
		return NULL;
	c->tunnel = t;
	if (key.len)
		memcpy(c->key, key.at, key.len);
	c->key_len = key.len;
	c->drain.parallel = DRAIN_PARALLEL;
	c->next = t->clients;
	t->clients = c;
	return c;
}

static size_t count_current(const struct tunnel *t)
{
	size_t count = 0;
	for (const struct client *c = t->clients; c; c = c->next)
		count += c->current;
	return count;
}

/* A client that was replaced stays while something waits for it. */
static void forget_old_clients(struct tunnel *t)
{
	for (struct client **at = &t->clients; *at;) {
		struct client *c = *at;
		bool needed = c->current || c->connection || c->streams || c->spooling || c->drain.fetching ||
			      spool_level(t->registry->spool, c->mailbox).count > 0;
		if (needed) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		spool_leave(t->registry->spool, c->mailbox);
		drain_free(c);
		free(c);
	}
}

/* The one seen last is current, and all that shared with it. */
static void choose_current(struct tunnel *t)
{
	struct client *last = t->clients;
	for (struct client *c = t->clients; c; c = c->next)
		if (c->seen_at_us > last->seen_at_us)
			last = c;
	for (struct client *c = t->clients; c; c = c->next)
		c->current = !t->freed && (c == last || (c->options & last->options & WIRE_OPTION_SHARE));
}

/* A file that cannot be read frees nothing. */
static bool is_freed(const struct registry *r, const char *name)
{
	char owner[65];
	return r->relay->tokens && tokens_owner_of(r->relay->tokens, name, owner) == NAME_FREE;
}

static bool recall(void *user, const struct spool_mailbox *m)
{
	struct registry *r = user;
	char name[TUNNEL_NAME_MAX + 1];
	snprintf(name, sizeof name, "%.*s", (int)m->tunnel.len, (const char *)m->tunnel.at);
	if (!router_name_valid(m->tunnel))
		return true;
	struct tunnel *t = find_tunnel(r, name);
	if (!t)
		t = make_tunnel(r, name, m->random_name);
	struct client *c = t ? make_client(t, m->key) : NULL;
	if (!c)
		return false;
	snprintf(c->owner, sizeof c->owner, "%.*s", (int)m->owner.len, (const char *)m->owner.at);
	c->mailbox = m->id;
	c->options = m->options;
	c->seen_at_us = m->seen_at_us;
	t->freed = is_freed(r, name);
	choose_current(t);
	return true;
}

static void tell_gap(struct client *c)
{
	uint64_t all = spool_level(c->tunnel->registry->spool, c->mailbox).expired, expired = all - c->gap_told;
	char text[160];
	if (all <= c->gap_told || !client_link(c))
		return;
	snprintf(
	    text, sizeof text,
	    "%llu deliveries expired in the relay's spool, or found no room in it, before they could be handed over",
	    (unsigned long long)expired);
	connection_send_note(c->connection, WIRE_NOTICE, WIRE_NOTICE_GAP, expired, text);
	c->gap_told = all;
}

void registry_heard(struct client *c)
{
	if (c->gap_told)
		spool_gap_told(c->tunnel->registry->spool, c->mailbox, c->gap_told);
	c->gap_told = 0;
}

static void on_gap(void *user, int64_t mailbox)
{
	struct registry *r = user;
	for (struct tunnel *t = r->tunnels; t; t = t->next)
		for (struct client *c = t->clients; c; c = c->next)
			if (c->mailbox == mailbox)
				tell_gap(c);
}

/* ---- forgetting tunnels ---- */

static bool is_unused(const struct tunnel *t)
{
	if (t->senders > 0 || t->passages > 0)
		return false;
	for (const struct client *c = t->clients; c; c = c->next)
		if (c->connection || c->in_grace || c->streams || c->spooling || c->drain.fetching ||
		    spool_level(t->registry->spool, c->mailbox).count > 0)
			return false;
	return true;
}

static uint64_t last_seen_us(const struct tunnel *t)
{
	uint64_t last = 0;
	for (const struct client *c = t->clients; c; c = c->next)
		last = c->seen_at_us > last ? c->seen_at_us : last;
	return last;
}

/* It is unused. What was handed to no table is in none. False: the table cannot be written, and all stays. */
static bool forget_tunnel(struct registry *r, struct tunnel *t)
{
	struct error e;
	if (!t->probe && !t->freed && r->relay->tokens && !tokens_forget_name(r->relay->tokens, t->name, &e)) {
		log_event(LOG_WARN, "name_not_forgotten", "tunnel", t->name, "failure", e.text, NULL);
		return false;
	}
	for (struct tunnel **at = &r->tunnels; *at; at = &(*at)->next) {
		if (*at == t) {
			*at = t->next;
			break;
		}
	}
	while (t->clients) {
		struct client *c = t->clients;
		t->clients = c->next;
		spool_leave(r->spool, c->mailbox);
		drain_free(c);
		free(c);
	}
	router_forget(r->relay->router, t->name);
	free(t);
	return true;
}

bool registry_forget_unused(struct registry *r, const char *owner)
{
	struct tunnel *oldest = NULL;
	for (struct tunnel *t = r->tunnels; t; t = t->next)
		if (t->random_name && !t->probe && t->clients && strcmp(t->clients->owner, owner) == 0 &&
		    is_unused(t) && (!oldest || last_seen_us(t) < last_seen_us(oldest)))
			oldest = t;
	return oldest && forget_tunnel(r, oldest);
}

/* Random names are forgotten when nobody came back for as long as what waits is kept. */
static void forget_unused_names(struct registry *r, uint64_t now_ms, uint64_t wall_us)
{
	uint64_t age_us = (uint64_t)r->relay->settings.spool_max_age_ms * 1000;
	bool due = now_ms >= r->names_due;
	if (due)
		r->names_due = now_ms + (age_us < UINT64_C(60000000) ? 1000 : 60000);
	for (struct tunnel *t = r->tunnels, *next; t; t = next) {
		next = t->next;
		bool old = due && t->random_name && wall_us > age_us && last_seen_us(t) < wall_us - age_us;
		if ((t->probe || t->freed || old) && is_unused(t))
			(void)forget_tunnel(r, t);
	}
}

static bool is_owned(void *user, const char *name)
{
	return !is_freed(user, name);
}

/* ---- being away ---- */

/* Not back within the grace: what it has not recorded goes to its mailbox. */
static void give_up_streams(struct client *c, enum refusal why)
{
	while (c->streams)
		stream_give_up(c->streams, why);
}

/* What is under way begins again on the next connection; the bytes of a WebSocket cannot. */
static void restart_streams(struct client *c)
{
	for (struct stream *st = c->streams, *next; st; st = next) {
		next = st->hh.next;
		if (st->delivery->upgrade)
			stream_give_up(st, REFUSE_CLIENT_LOST);
		else
			stream_restart(st);
	}
}

static void note_seen(struct client *c, uint64_t now)
{
	if (now < c->seen_at_us)
		return;
	c->seen_at_us = now;
	spool_seen(c->tunnel->registry->spool, c->mailbox, now);
}

static void on_sweep(uv_timer_t *h)
{
	struct registry *r = h->data;
	uint64_t now = uv_now(r->relay->loop), wall_us = clock_now_us();
	uint64_t often_us = (uint64_t)r->relay->settings.spool_max_age_ms * 1000 / 4;
	forget_unused_names(r, now, wall_us);
	for (struct tunnel *t = r->tunnels; t; t = t->next) {
		for (struct client *c = t->clients; c; c = c->next) {
			if (c->in_grace && now >= c->grace_end) {
				c->in_grace = false;
				give_up_streams(c, REFUSE_CLIENT_LOST);
			}
			if (c->drain.paused_until && now >= c->drain.paused_until) {
				c->drain.paused_until = 0;
				drain_more(c);
			}
			/* On disk too: a relay that is killed must not take who was here for long gone. */
			if (client_link(c) && wall_us > c->seen_at_us + often_us)
				note_seen(c, wall_us);
			if (c->quota_hit && client_link(c)) {
				c->quota_hit = false;
				connection_send_note(c->connection, WIRE_NOTICE, WIRE_NOTICE_QUOTA, 0,
						     "the relay's spool for this tunnel is full: senders get 503");
			}
		}
	}
}

void registry_lost(struct client *c, bool grace)
{
	struct registry *r = c->tunnel->registry;
	c->connection = NULL;
	if (r->closing)
		return;
	note_seen(c, clock_now_us());
	restart_streams(c);
	c->in_grace = grace && !r->relay->draining && r->relay->settings.resume_grace_ms > 0;
	c->grace_end = uv_now(r->relay->loop) + (uint64_t)r->relay->settings.resume_grace_ms;
	if (!c->in_grace)
		give_up_streams(c, REFUSE_CLIENT_LOST);
}

void registry_end_upgrades(struct registry *r)
{
	for (struct tunnel *t = r->tunnels; t; t = t->next) {
		for (struct client *c = t->clients; c; c = c->next) {
			for (struct stream *st = c->streams, *next; st; st = next) {
				struct delivery *d = st->delivery;
				next = st->hh.next;
				if (!d->upgrade)
					continue;
				delivery_hold(d);
				delivery_answer_broken(d);
				delivery_reset(d, WIRE_RESET_CANCEL, "the relay is restarting");
				delivery_refuse(d, REFUSE_DRAINING);
				delivery_drop(d);
			}
		}
	}
}

void registry_spool_all(struct registry *r)
{
	for (struct tunnel *t = r->tunnels; t; t = t->next) {
		for (struct client *c = t->clients; c; c = c->next) {
			c->in_grace = false;
			give_up_streams(c, REFUSE_DRAINING);
		}
	}
}

/* ---- joining ---- */

bool registry_last_name(const struct registry *r, const char *owner, struct bytes key, char out[TUNNEL_NAME_MAX + 1])
{
	for (const struct tunnel *t = r->tunnels; t && key.len > 0; t = t->next) {
		const struct client *c = t->random_name ? find_client(t, key) : NULL;
		if (c && strcmp(c->owner, owner) == 0 && c->current && !c->connection && !c->in_grace) {
			memcpy(out, t->name, sizeof t->name);
			return true;
		}
	}
	return false;
}

/* Streams of a client that is gone for good go to the one that takes its place, as new ones; it begins counting anew.
 */
static void move_streams(struct client *from, struct client *to)
{
	struct stream *list = NULL, **last = &list;
	while (from->streams) {
		struct stream *st = from->streams;
		if (st->recorded || st->delivery->row || st->delivery->upgrade) {
			stream_give_up(st, REFUSE_CLIENT_LOST);
			continue;
		}
		HASH_DELETE(hh, from->streams, st);
		stream_restart(st);
		st->end_sent_before = false;
		*last = st;
		last = &st->blocked_next;
	}
	if (from == to)
		to->last_stream = 0;
	while (list) {
		struct stream *st = list;
		list = st->blocked_next;
		st->blocked_next = NULL;
		st->client = to;
		st->id = ++to->last_stream;
		HASH_ADD(hh, to->streams, id, sizeof st->id, st);
		if (!st->hh.tbl) { /* out of memory: its sender has to come again */
			st->id = 0;
			st->delivery->live--;
			stream_give_up(st, REFUSE_OVERLOADED);
		}
	}
}

static void displace(struct client *c, struct client *by)
{
	if (c->connection) {
		connection_refuse(c->connection, WIRE_NOTICE_REPLACED, "a newer client took over this tunnel");
		c->connection->client = NULL;
		c->connection = NULL;
	}
	c->in_grace = false;
	if (c != by)
		c->current = false;
	move_streams(c, by);
}

/* The name went to another token. What is sealed waits for whoever has its key; the rest is not for the new owner. */
static void part_with_owner(struct client *c, const char *why)
{
	if (c->connection) {
		connection_refuse(c->connection, WIRE_NOTICE_NAME_TAKEN, why);
		c->connection->client = NULL;
		c->connection = NULL;
	}
	c->in_grace = c->current = c->has_nonce = c->has_older = false;
	if (c->key_len == 0) {
		log_event(LOG_WARN, "mailbox_dropped", "tunnel", c->tunnel->name, "owner", c->owner, NULL);
		spool_leave(c->tunnel->registry->spool, c->mailbox);
		c->mailbox = 0;
	}
	give_up_streams(c, REFUSE_CLIENT_LOST);
}

void registry_check_names(struct registry *r)
{
	if (!tokens_changed_elsewhere(r->relay->tokens, &r->names_seen))
		return;
	router_forget_unheld(r->relay->router, is_owned, r);
	for (struct tunnel *t = r->tunnels; t; t = t->next) {
		if (t->probe || t->freed || !is_freed(r, t->name))
			continue;
		log_event(LOG_INFO, "name_freed", "tunnel", t->name, NULL);
		t->freed = true;
		for (struct client *c = t->clients; c; c = c->next)
			part_with_owner(c, "the tunnel's name was freed on the relay: take it again, or another");
	}
}

static bool is_nonce(bool has, const uint8_t at[WIRE_NONCE_LEN], struct bytes shown)
{
	return has && shown.len == WIRE_NONCE_LEN && CRYPTO_memcmp(shown.at, at, WIRE_NONCE_LEN) == 0;
}

static bool may_resume(const struct client *c, struct bytes nonce)
{
	return (is_nonce(c->has_nonce, c->nonce, nonce) || is_nonce(c->has_older, c->older_nonce, nonce)) &&
	       (c->connection || c->in_grace);
}

/* Now, and later than any other was seen, though the clock was set back: after a restart the last one is current. */
static uint64_t latest(const struct tunnel *t)
{
	uint64_t now = clock_now_us();
	for (const struct client *c = t->clients; c; c = c->next)
		if (c->seen_at_us >= now)
			now = c->seen_at_us + 1;
	return now;
}

struct client *registry_join(struct registry *r, struct connection *connection, const struct join *j, bool *resumed)
{
	struct tunnel *t = find_tunnel(r, j->name);
	if (!t)
		t = make_tunnel(r, j->name, j->random_name);
	if (t) {
		t->probe = j->probe;
		t->freed = false;
	}
	/* A mailbox of before there were tokens is nobody's, as the name was. */
	for (struct client *other = t ? t->clients : NULL; other; other = other->next)
		if (*other->owner && strcmp(other->owner, j->owner) != 0)
			part_with_owner(other, "the tunnel's name belongs to another token");
	/* Who gets no more copies must not keep a place either. */
	for (struct client *other = t ? t->clients : NULL; other; other = other->next)
		other->current = client_takes_part(other);
	struct client *c = t ? find_client(t, j->key) : NULL;
	bool full = t && !c && count_current(t) >= LIMIT_CLIENTS_PER_TUNNEL;
	r->relay->metrics.reached[REACHED_CLIENTS_PER_TUNNEL] += full;
	if (t && !c && !full)
		c = make_client(t, j->key);
	uint64_t now = t ? latest(t) : 0;
	struct spool_mailbox m = { .tunnel = bytes_of(j->name),
				   .owner = bytes_of(j->owner),
				   .key = j->key,
				   .options = j->options,
				   .random_name = t && t->random_name,
				   .seen_at_us = now };
	/* First: a client that cannot have one is as if it had not come. */
	int64_t mailbox = c ? spool_join(r->spool, &m) : 0;
	if (!mailbox)
		return NULL;
	c->mailbox = mailbox;
	snprintf(c->owner, sizeof c->owner, "%s", j->owner);
	*resumed = may_resume(c, j->nonce);
	c->has_older = *resumed;
	if (*resumed)
		memcpy(c->older_nonce, j->nonce.at, sizeof c->older_nonce);
	if (*resumed && c->connection) {
		/* It noticed the end of its old connection before we did. */
		c->connection->client = NULL;
		link_close(c->connection->link, 1001, "the client connected again");
		restart_streams(c);
	} else if (!*resumed) {
		c->in_grace = false;
		displace(c, c);
	}
	for (struct client *other = t->clients; other; other = other->next)
		if (other != c && other->current && !(other->options & j->options & WIRE_OPTION_SHARE))
			displace(other, c);
	c->connection = connection;
	c->gap_told = 0;
	c->current = true;
	c->in_grace = false;
	c->options = j->options | (j->probe ? WIRE_OPTION_OFFLINE_FAIL : 0);
	c->upgrades = j->features & WIRE_FEATURE_UPGRADE;
	c->drain.parallel = j->drain_parallel == 0                     ? DRAIN_PARALLEL
			    : j->drain_parallel > LIMIT_HAND_OUT_COUNT ? LIMIT_HAND_OUT_COUNT
								       : j->drain_parallel;
	c->seen_at_us = now;
	forget_old_clients(t);
	return c;
}

void registry_online(struct client *c, bool resumed)
{
	struct link *l = client_link(c);
	struct wire_resume end = { .recorded = false };
	if (resumed) {
		for (struct stream *st = c->streams; st; st = st->hh.next)
			stream_tell_resume(st);
		if (!wire_encode_resume(link_out(l), 0, &end))
			link_close(l, 1011, "out of memory");
		link_flush_soon(l);
	}
	for (struct stream *st = c->streams, *next; st; st = next) {
		next = st->hh.next;
		stream_pump(st);
	}
	tell_gap(c);
	if (resumed)
		drain_more(c);
	else
		drain_begin(c);
}

/* ---- beginning and end ---- */

static struct quota_limits quota_limits(const struct settings *s)
{
	return (struct quota_limits){ .tunnel = s->spool_max_bytes,
				      .tunnel_files = s->spool_max_bytes,
				      .relay = (uint64_t)limits_value(REACHED_SPOOL_MAX_TOTAL, s) };
}

struct registry *registry_new(struct relay *relay, struct error *e)
{
	struct registry *r = calloc(1, sizeof *r);
	struct spool_settings s = { relay->settings.spool_max_age_ms,
				    relay->settings.spool_max_age_ms < 60000 ? 1000 : 60000 };
	if (!r) {
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	r->relay = relay;
	r->quota.limits = quota_limits(&relay->settings);
	r->spool = spool_open(relay->loop, relay->settings.data, &s, e);
	if (!r->spool) {
		free(r);
		return NULL;
	}
	uv_timer_init(relay->loop, &r->sweep);
	r->sweep.data = r;
	if (!spool_recall(r->spool, recall, r, e)) {
		registry_close(r, NULL, NULL);
		uv_run(relay->loop, UV_RUN_DEFAULT);
		registry_free(r);
		return NULL;
	}
	spool_on_gap(r->spool, on_gap, r);
	uv_timer_start(&r->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	return r;
}

void registry_close(struct registry *r, void (*closed)(void *user), void *user)
{
	r->closing = true;
	uv_close((uv_handle_t *)&r->sweep, NULL);
	spool_close(r->spool, closed, user);
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	while (r->tunnels) {
		struct tunnel *t = r->tunnels;
		r->tunnels = t->next;
		while (t->clients) {
			struct client *c = t->clients;
			t->clients = c->next;
			c->connection = NULL;
			while (c->streams)
				stream_close(c->streams);
			drain_free(c);
			free(c);
		}
		free(t);
	}
	free(r);
}
