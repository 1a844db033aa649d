/* A delivery's way to a client's mailbox, where the client is away or gives it up. */
#include "relay/tunnels/registry.h"
#include "relay/tunnels/stream_private.h"
#include "shared/program/log.h"

#include <stdlib.h>
#include <string.h>

struct put {
	struct stream *stream;
	struct buffer payload;
};

void delivery_now_safe(struct delivery *d, struct spool *spool)
{
	d->safe = true;
	for (size_t i = 0; i < d->missed_count; i++)
		spool_missed(spool, d->missed[i]);
	d->missed_count = 0;
}

void delivery_note_missed(struct delivery *d, const struct client *c, struct spool *spool)
{
	int64_t *more = realloc(d->missed, (d->missed_count + 1) * sizeof *more);
	if (more) {
		d->missed = more;
		d->missed[d->missed_count++] = c->mailbox;
	}
	if (d->safe)
		delivery_now_safe(d, spool);
}

static void put_failed(struct stream *st, enum refusal why)
{
	struct delivery *d = st->delivery;
	delivery_note_missed(d, st->client, st->client->tunnel->registry->spool);
	st->client->quota_hit |= why == REFUSE_SPOOL_FULL;
	d->refusal = why;
	delivery_hold(d);
	stream_close(st);
	delivery_settle(d);
	delivery_drop(d);
}

bool delivery_leave_out_copies(struct delivery *d, enum refusal why)
{
	bool any = false;
	if (d->live == 0)
		return false;
	for (struct stream *st = d->streams, *next; st; st = next) {
		next = st->sibling;
		if (!st->spooling || st->put)
			continue;
		put_failed(st, why);
		any = true;
	}
	return any;
}

static void put_some(struct registry *r);

static void on_put(void *user, const struct error *e)
{
	struct put *p = user;
	struct stream *st = p->stream;
	struct client *c = st->client;
	struct delivery *d = st->delivery;
	struct registry *r = c->tunnel->registry;
	size_t len = p->payload.len;
	r->put_bytes -= len;
	c->tunnel->put_bytes -= len;
	buffer_free(&p->payload);
	free(p);
	if (e) {
		bool full = spool_disk_left(r->spool) < (uint64_t)SPOOL_DISK_FACTOR * len;
		if (RELAY_LOGS(r->relay, LOG_ERROR, "spool_failed", full ? "disk_full" : "failed"))
			log_event(LOG_ERROR, "spool_failed", "tunnel", c->tunnel->name, "failure", e->text, NULL);
		put_failed(st, full ? REFUSE_DISK_FULL : REFUSE_SPOOL_FAILED);
	} else {
		r->relay->metrics.spooled++;
		delivery_now_safe(d, r->spool);
		delivery_hold(d);
		stream_close(st);
		delivery_settle(d);
		delivery_drop(d);
		drain_more(c);
	}
	put_some(r);
}

static void put(struct stream *st)
{
	struct delivery *d = st->delivery;
	struct tunnel *t = st->client->tunnel;
	struct put *p = calloc(1, sizeof *p);
	if (!p || !delivery_encode(d, &p->payload)) {
		if (p)
			buffer_free(&p->payload);
		free(p);
		put_failed(st, REFUSE_OVERLOADED);
		return;
	}
	/* The room that was taken for it becomes what waits. */
	st->put = true;
	t->put_bytes += p->payload.len;
	t->registry->put_bytes += p->payload.len;
	p->stream = st;
	delivery_give_quota(d);
	struct spool_item item = { .received_at_us = d->request.received_at_us, .payload = buffer_view(&p->payload) };
	memcpy(item.event_id, d->request.event_id, UUID_LEN);
	spool_put(t->registry->spool, st->client->mailbox, &item, on_put, p);
}

/* ---- the queue for the disk ---- */

/* The oldest of the tunnel that has the least under way; of a tunnel that has its part, none. */
static struct stream *next_in_queue(const struct registry *r)
{
	struct stream *best = NULL;
	for (struct stream *st = r->put_first; st; st = st->queue_next) {
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

static void put_some(struct registry *r)
{
	if (r->putting)
		return; /* from within a put that failed at once */
	r->putting = true;
	for (struct stream *st; (st = next_in_queue(r)) != NULL;) {
		if (r->put_bytes > 0 && r->put_bytes + spill_len(&st->delivery->body) > LIMIT_SPOOL_WRITES)
			break;
		stream_leave_queue(st);
		put(st);
	}
	r->putting = false;
}

void stream_leave_queue(struct stream *st)
{
	if (!st->queued)
		return;
	struct registry *r = st->client->tunnel->registry;
	st->queued = false;
	*st->queue_back = st->queue_next;
	if (st->queue_next)
		st->queue_next->queue_back = st->queue_back;
	else
		r->put_last = st->queue_back;
}

void stream_spool(struct stream *st)
{
	struct registry *r = st->client->tunnel->registry;
	if (!st->delivery->body_whole || st->put || st->queued)
		return;
	if (!r->put_first)
		r->put_last = &r->put_first;
	st->queued = true;
	st->queue_next = NULL;
	st->queue_back = r->put_last;
	*r->put_last = st;
	r->put_last = &st->queue_next;
	put_some(r);
}

void stream_give_up(struct stream *st, enum refusal why)
{
	struct delivery *d = st->delivery;
	if (st->spooling)
		return;
	delivery_hold(d);
	if (d->answerer == st)
		delivery_answer_broken(d);
	bool wanted = d->wake || d->phase == PHASE_ACCEPTED || d->phase == PHASE_DONE;
	if (!d->row && !st->recorded && wanted && delivery_queueable(d->request.method) &&
	    !(st->client->options & WIRE_OPTION_OFFLINE_FAIL)) {
		stream_leave_table(st);
		st->spooling = true;
		d->spooling++;
		st->client->spooling++;
		enum refusal full = delivery_take_quota(d, 0);
		if (full == REFUSE_NOTHING)
			stream_spool(st);
		else
			put_failed(st, full);
	} else {
		if (!d->safe)
			d->refusal = why;
		stream_close(st);
	}
	delivery_settle(d);
	delivery_drop(d);
}
