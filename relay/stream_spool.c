/* A delivery's way to a client's mailbox, where the client is away or gives it up. */
#include "relay/registry.h"
#include "relay/stream_private.h"
#include "shared/log.h"

#include <stdlib.h>

#define MAX_PUT_BYTES (128u << 20) /* on their way to the disk at once, in memory */

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

static void put_failed(struct stream *st, enum refusal why)
{
	struct delivery *d = st->delivery;
	struct registry *r = st->client->tunnel->registry;
	int64_t *more = realloc(d->missed, (d->missed_count + 1) * sizeof *more);
	if (more) {
		d->missed = more;
		d->missed[d->missed_count++] = st->client->mailbox;
	}
	if (d->safe)
		delivery_now_safe(d, r->spool);
	d->refusal = why;
	delivery_hold(d);
	stream_close(st);
	delivery_settle(d);
	delivery_drop(d);
}

static void on_put(void *user, const struct error *e)
{
	struct put *p = user;
	struct stream *st = p->stream;
	struct client *c = st->client;
	struct delivery *d = st->delivery;
	c->tunnel->registry->put_bytes -= p->payload.len;
	buffer_free(&p->payload);
	free(p);
	if (e) {
		log_event(LOG_ERROR, "spool_failed", "tunnel", c->tunnel->name, "failure", e->text, NULL);
		put_failed(st, REFUSE_SPOOL_FAILED);
		return;
	}
	c->tunnel->registry->relay->metrics.spooled++;
	delivery_now_safe(d, c->tunnel->registry->spool);
	delivery_hold(d);
	stream_close(st);
	delivery_settle(d);
	delivery_drop(d);
	drain_more(c);
}

void stream_spool(struct stream *st)
{
	struct delivery *d = st->delivery;
	struct registry *r = st->client->tunnel->registry;
	if (!d->body_whole || st->put)
		return;
	if (r->put_bytes > 0 && r->put_bytes + spill_len(&d->body) > MAX_PUT_BYTES) {
		put_failed(st, REFUSE_OVERLOADED);
		return;
	}
	struct put *p = calloc(1, sizeof *p);
	if (!p || !delivery_encode(d, &p->payload)) {
		if (p)
			buffer_free(&p->payload);
		free(p);
		put_failed(st, REFUSE_OVERLOADED);
		return;
	}
	if (!registry_has_room(st->client->tunnel, p->payload.len)) {
		buffer_free(&p->payload);
		free(p);
		st->client->quota_hit = true;
		put_failed(st, REFUSE_SPOOL_FULL);
		return;
	}
	st->put = true;
	r->put_bytes += p->payload.len;
	p->stream = st;
	struct spool_item item = { .received_at_us = d->request.received_at_us, .payload = buffer_view(&p->payload) };
	memcpy(item.event_id, d->request.event_id, UUID_LEN);
	spool_put(r->spool, st->client->mailbox, &item, on_put, p);
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
		stream_spool(st);
	} else {
		if (!d->safe)
			d->refusal = why;
		stream_close(st);
	}
	delivery_settle(d);
	delivery_drop(d);
}
