/* A delivery's way to a client's mailbox, where the client is away or gives it up. */
#include "relay/streams/delivery_streams.h"
#include "relay/tunnels/tunnel.h"
#include "relay/streams/stream.h"
#include "shared/program/log.h"

#include <stdlib.h>
#include <string.h>

struct put {
	struct stream *stream;
	struct buffer payload;
};

void stream_miss(struct stream *st, enum refusal why)
{
	struct delivery *d = st->delivery;
	delivery_note_missed(d, st->client);
	if (why == REFUSE_SPOOL_FULL)
		client_note_full(st->client);
	d->refusal = why;
	delivery_hold(d);
	stream_close(st);
	delivery_settle(d);
	delivery_drop(d);
}

static void put_some(struct tunnel_table *table);

static void on_put(void *user, const struct error *e)
{
	struct put *p = user;
	struct stream *st = p->stream;
	struct client *c = st->client;
	struct delivery *d = st->delivery;
	struct tunnel_table *table = c->tunnel->table;
	size_t len = p->payload.len;
	table->put_bytes -= len;
	c->tunnel->put_bytes -= len;
	buffer_free(&p->payload);
	free(p);
	if (e) {
		bool full = spool_disk_left(table->spool) < (uint64_t)SPOOL_DISK_FACTOR * len;
		if (RELAY_LOGS(table->relay, LOG_ERROR, "spool_failed", full ? "disk_full" : "failed"))
			log_event(LOG_ERROR, "spool_failed", "tunnel", c->tunnel->name, "failure", e->text, NULL);
		stream_miss(st, full ? REFUSE_DISK_FULL : REFUSE_SPOOL_FAILED);
	} else {
		table->relay->metrics.spooled++;
		delivery_now_safe(d, table->spool);
		delivery_hold(d);
		stream_close(st);
		delivery_settle(d);
		delivery_drop(d);
		c->events->put(c);
	}
	put_some(table);
}

/* What is sealed cannot be written another way when the client comes for it; what is not, is then. */
static uint32_t features_of_payload(const struct client *c)
{
	return c->key_len > 0 ? c->features : WIRE_FEATURES;
}

static void put(struct stream *st)
{
	struct delivery *d = st->delivery;
	struct tunnel *t = st->client->tunnel;
	struct put *p = calloc(1, sizeof *p);
	if (!p || !delivery_encode(d, features_of_payload(st->client), &p->payload)) {
		if (p)
			buffer_free(&p->payload);
		free(p);
		stream_miss(st, REFUSE_OVERLOADED);
		return;
	}
	/* The space that was taken for it becomes what waits. */
	stream_to(st, STREAM_WRITING);
	t->put_bytes += p->payload.len;
	t->table->put_bytes += p->payload.len;
	p->stream = st;
	delivery_give_quota(d);
	struct spool_item item = { .received_at_us = d->request.received_at_us, .payload = buffer_view(&p->payload) };
	memcpy(item.event_id, d->request.event_id, UUID_LEN);
	spool_put(t->table->spool, st->client->mailbox, &item, on_put, p);
}

/* ---- the queue for the disk ---- */

/* The oldest stream of the tunnel with the least under way, and none of a tunnel that has its share. */
static struct stream *next_in_queue(const struct tunnel_table *table)
{
	struct stream *best = NULL;
	for (struct stream *st = table->put_queue; st; st = st->queue_next) {
		size_t under_way = st->client->tunnel->put_bytes;
		if (under_way > 0 && under_way + spill_len(&st->delivery->body) > LIMIT_SPOOL_WRITES_PER_TUNNEL)
			continue;
		if (!best || under_way < best->client->tunnel->put_bytes)
			best = st;
		if (under_way == 0)
			break;
	}
	return best;
}

static void put_some(struct tunnel_table *table)
{
	if (table->putting)
		return; /* called from within a put that failed at once */
	table->putting = true;
	for (struct stream *st; (st = next_in_queue(table)) != NULL;) {
		if (table->put_bytes > 0 && table->put_bytes + spill_len(&st->delivery->body) > LIMIT_SPOOL_WRITES)
			break;
		put(st);
	}
	table->putting = false;
}

void stream_spool(struct stream *st)
{
	if (st->state != STREAM_SPOOLING || !st->delivery->body_whole)
		return;
	stream_to(st, STREAM_QUEUED);
	put_some(st->client->tunnel->table);
}

void stream_give_up(struct stream *st, enum refusal why)
{
	struct delivery *d = st->delivery;
	if (stream_state_is_spooling(st->state))
		return;
	delivery_hold(d);
	if (d->answerer == st)
		delivery_answer_broken(d);
	bool wanted = d->wake || d->phase == PHASE_ACCEPTED || d->phase == PHASE_DONE;
	if (!d->row && st->state == STREAM_OPEN && wanted && client_may_queue(st->client, d->request.method)) {
		stream_to(st, STREAM_SPOOLING);
		enum refusal full = delivery_take_quota(d, 0);
		if (full == REFUSE_NOTHING)
			stream_spool(st);
		else
			stream_miss(st, full);
	} else {
		if (!d->safe)
			d->refusal = why;
		stream_close(st);
	}
	delivery_settle(d);
	delivery_drop(d);
}
