/* The registry's beginning and end, and what the passing of time brings. */
#include "relay/tunnels/connection.h"
#include "relay/streams/drain.h"
#include "relay/registry/registry.h"
#include "relay/streams/stream.h"
#include "shared/base/clock.h"

#include <stdlib.h>
#include <string.h>

#define SWEEP_MS 100
#define ALL_PER_AGE 16        /* how often in --spool-max-age all tunnels are looked at, */
#define ALL_AT_LEAST_MS 60000 /* and at least */

const char *registry_folder(const struct registry *r)
{
	return r->table.relay->settings.data;
}

static bool recall(void *user, const struct spool_mailbox *m)
{
	struct registry *r = user;
	char name[TUNNEL_NAME_MAX + 1];
	snprintf(name, sizeof name, "%.*s", (int)m->tunnel.len, (const char *)m->tunnel.at);
	if (!router_name_valid(m->tunnel))
		return true;
	struct tunnel *t = tunnel_find(&r->table, name);
	if (!t)
		t = tunnel_new(&r->table, name, m->random_name);
	struct client *c = t ? registry_add_client(t, m->key) : NULL;
	if (!c)
		return false;
	snprintf(c->owner, sizeof c->owner, "%.*s", (int)m->owner.len, (const char *)m->owner.at);
	c->mailbox = m->id;
	c->options = m->options;
	c->features = m->features;
	c->seen_at_us = m->seen_at_us;
	t->freed = registry_name_is_freed(r, name);
	if (t->freed)
		tunnel_watch(t);
	tunnel_choose_current(t);
	return true;
}

static void on_gap(void *user, const struct spool_mailbox *m)
{
	struct registry *r = user;
	char name[TUNNEL_NAME_MAX + 1];
	snprintf(name, sizeof name, "%.*s", (int)m->tunnel.len, (const char *)m->tunnel.at);
	const struct tunnel *t = tunnel_find(&r->table, name);
	for (struct client *c = t ? t->clients : NULL; c; c = c->next)
		if (c->mailbox == m->id)
			client_tell_gap(c);
}

/* What is due of a client. True: there will be more. */
static bool look_after(struct client *c, uint64_t now_ms)
{
	if (c->in_grace && now_ms >= c->grace_end) {
		c->in_grace = false;
		registry_tell_left(c, CLIENT_ENDED);
		registry_give_up_streams(c, REFUSE_CLIENT_LOST);
		if (!c->foreign)
			registry_tell_others(c->tunnel);
	}
	if (c->drain.paused_until && now_ms >= c->drain.paused_until) {
		c->drain.paused_until = 0;
		drain_more(c);
	}
	struct carrier *carrier = client_carrier(c);
	if (c->quota_hit && carrier) {
		c->quota_hit = false;
		carrier_send_note(carrier, WIRE_NOTICE, WIRE_NOTICE_QUOTA, 0,
				  "the relay's spool for this tunnel is full: senders get 503");
	}
	return c->in_grace || c->drain.paused_until;
}

static void look_after_watched(struct registry *r, uint64_t now_ms, uint64_t wall_us)
{
	for (struct tunnel *t = r->table.watched, *next; t; t = next) {
		bool more = t->probe || t->freed;
		for (struct client *c = t->clients; c; c = c->next)
			more |= look_after(c, now_ms);
		next = t->watched_next;
		if (!more)
			tunnel_unwatch(t);
		else
			registry_forget_old_name(t, wall_us);
	}
}

/* How long nobody came is counted in days, so all tunnels are looked at seldom: as many as there are. */
static void look_after_all(struct registry *r, uint64_t now_ms, uint64_t wall_us)
{
	uint64_t age_ms = (uint64_t)r->table.relay->settings.spool_max_age_ms, often_ms = age_ms / ALL_PER_AGE;
	r->all_due = now_ms + (often_ms > ALL_AT_LEAST_MS ? ALL_AT_LEAST_MS : often_ms);
	for (struct tunnel *t = r->table.tunnels, *next; t; t = next) {
		next = t->next;
		/* On disk too, so that a relay that was killed does not take a client that was here for long gone. */
		for (struct client *c = t->clients; c; c = c->next)
			if (client_carrier(c) && wall_us > c->seen_at_us + age_ms * 1000 / 4)
				client_seen(c, wall_us);
		registry_forget_old_name(t, wall_us);
	}
}

static void on_sweep(uv_timer_t *h)
{
	struct registry *r = h->data;
	uint64_t now_ms = uv_now(r->table.relay->loop), wall_us = clock_now_us();
	look_after_watched(r, now_ms, wall_us);
	if (now_ms >= r->all_due)
		look_after_all(r, now_ms, wall_us);
}

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
	r->table.relay = relay;
	r->table.quota.limits = quota_limits(&relay->settings);
	r->table.spool = spool_open(relay->loop, relay->settings.data, &s, e);
	if (!r->table.spool) {
		free(r);
		return NULL;
	}
	uv_timer_init(relay->loop, &r->sweep);
	r->sweep.data = r;
	if (!spool_recall(r->table.spool, recall, r, e)) {
		registry_close(r, NULL, NULL);
		uv_run(relay->loop, UV_RUN_DEFAULT);
		registry_free(r);
		return NULL;
	}
	spool_on_gap(r->table.spool, on_gap, r);
	uv_timer_start(&r->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	return r;
}

void registry_close(struct registry *r, void (*closed)(void *user), void *user)
{
	r->table.closing = true;
	uv_close((uv_handle_t *)&r->sweep, NULL);
	spool_close(r->table.spool, closed, user);
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	registry_free_tunnels(r);
	free(r);
}
