/* Clients whose connection is gone, and the relay's end, when all connections are. */
#include "relay/tunnels/connection.h"
#include "relay/streams/delivery_streams.h"
#include "relay/streams/late.h"
#include "relay/registry/registry.h"
#include "relay/streams/stream.h"
#include "shared/base/clock.h"
#include "shared/program/log.h"

void registry_give_up_streams(struct client *c, enum refusal why)
{
	while (c->streams)
		stream_give_up(c->streams, why);
}

void registry_restart_streams(struct client *c)
{
	late_forget_all(c);
	for (struct stream *st = c->streams, *next; st; st = next) {
		next = st->hh.next;
		if (st->delivery->upgrade && stream_was_sent(st))
			stream_give_up(st, REFUSE_CLIENT_LOST);
		else
			stream_restart(st);
	}
}

void registry_tell_left(struct client *c, enum client_left why)
{
	const struct tunnel_table *table = c->tunnel->table;
	if (table->watcher && c->guests)
		table->watcher->left(table->watcher_user, c, why);
}

void registry_lost(struct client *c, bool grace)
{
	const struct tunnel_table *table = c->tunnel->table;
	const struct relay *relay = table->relay;
	c->connection = NULL;
	c->remote = NULL;
	if (table->closing)
		return;
	client_seen(c, clock_now_us());
	registry_restart_streams(c);
	c->in_grace = grace && !relay->draining && relay->settings.resume_grace_ms > 0;
	c->grace_end = uv_now(relay->loop) + (uint64_t)relay->settings.resume_grace_ms;
	registry_tell_left(c, c->in_grace ? CLIENT_AWAY : relay->draining ? CLIENT_MOVED : CLIENT_ENDED);
	if (c->in_grace) {
		tunnel_watch(c->tunnel);
	} else {
		registry_give_up_streams(c, REFUSE_CLIENT_LOST);
		if (!c->foreign)
			registry_tell_others(c->tunnel);
	}
}

void registry_end_upgrades(struct registry *r)
{
	for (struct tunnel *t = r->table.tunnels; t; t = t->next) {
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
	for (struct tunnel *t = r->table.tunnels; t; t = t->next) {
		for (struct client *c = t->clients; c; c = c->next) {
			c->in_grace = false;
			registry_give_up_streams(c, REFUSE_DRAINING);
		}
	}
}

size_t registry_drop(struct tunnel *t, const char *why)
{
	size_t count = 0;
	for (struct client *c = t->clients; c; c = c->next) {
		if (!c->connection)
			continue;
		/* The code of a name that is gone: clients of every version end with it and do not come back. */
		connection_send_away(c->connection, WIRE_NOTICE_NAME_TAKEN, why);
		registry_lost(c, false);
		count++;
	}
	return count;
}

void registry_part_with(struct client *c, const char *why)
{
	connection_send_away(c->connection, WIRE_NOTICE_NAME_TAKEN, why);
	c->connection = NULL;
	c->remote = NULL;
	registry_tell_left(c, CLIENT_ENDED);
	c->in_grace = c->current = c->has_nonce = c->has_older = false;
	if (c->key_len == 0) {
		log_event(LOG_WARN, "mailbox_dropped", "tunnel", c->tunnel->name, "owner", c->owner, NULL);
		spool_leave(c->tunnel->table->spool, c->mailbox);
		c->mailbox = 0;
	}
	registry_give_up_streams(c, REFUSE_CLIENT_LOST);
}
