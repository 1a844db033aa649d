#include "relay/streams/delivery_streams.h"

#include "relay/streams/late.h"
#include "relay/tunnels/tunnel.h"
#include "relay/streams/stream.h"

void delivery_pump(struct delivery *d)
{
	delivery_hold(d);
	for (struct stream *st = d->streams, *next; st; st = next) {
		next = st->sibling;
		stream_pump(st);
	}
	delivery_drop(d);
}

void delivery_consumed(struct delivery *d, size_t len)
{
	struct stream *st = d->answerer;
	if (!st)
		return;
	size_t old = len < st->stale ? len : st->stale;
	st->stale -= old;
	stream_credit(st, len - old);
}

void delivery_reset(struct delivery *d, uint32_t code, const char *reason)
{
	delivery_hold(d);
	for (struct stream *st = d->streams, *next; st; st = next) {
		next = st->sibling;
		if (st->state == STREAM_WRITING)
			continue; /* it ends when the disk has answered */
		stream_send_reset(st, code, reason);
		stream_close(st);
	}
	delivery_drop(d);
}

void delivery_cut(struct delivery *d, uint32_t code, int status, const char *reason)
{
	for (struct stream *st = d->streams; st; st = st->sibling)
		if (st->state != STREAM_WRITING && !stream_was_sent(st))
			client_tell_refused(st->client, d, status);
	delivery_reset(d, code, reason);
}

void delivery_on_timeout(struct delivery *d)
{
	delivery_hold(d);
	for (struct stream *st = d->streams, *next; st; st = next) {
		next = st->sibling;
		if (stream_state_is_spooling(st->state))
			continue;
		stream_send_reset(st, WIRE_RESET_CANCEL, "the reply timeout passed");
		if (st->state != STREAM_OPEN)
			stream_close(st);
		else
			stream_give_up(st, REFUSE_REPLY_TIMEOUT);
	}
	/* The clients that recorded it have not answered in time, and the sender is told so. */
	if (d->spooling == 0 && d->phase == PHASE_WHOLE)
		delivery_refuse(d, REFUSE_REPLY_TIMEOUT);
	delivery_drop(d);
}

#define READ_FIRST_MS 50 /* between the look that finds a client late, and the one that counts */

static void give_up_late(struct stream *st)
{
	bool has_all = st->out == STREAM_SENT && client_may_queue(st->client, st->delivery->request.method);
	st->client->tunnel->table->relay->metrics.reached[REACHED_RECORD_TIMEOUT]++;
	if (!has_all || !late_add(st))
		stream_send_reset(st, WIRE_RESET_CANCEL, "it was not recorded in time");
	stream_give_up(st, REFUSE_CLIENT_SILENT);
}

int64_t delivery_on_record_timeout(struct delivery *d)
{
	int64_t next_look = -1;
	delivery_hold(d);
	for (struct stream *st = d->streams, *next; st; st = next) {
		next = st->sibling;
		if (st->state != STREAM_OPEN)
			continue;
		uint64_t now = client_now_ms(st->client), due = stream_record_due(st);
		/* Where the relay itself stood still, what the client sent meanwhile lies there to be read. */
		if (now >= due && st->late_since != due) {
			st->late_since = due;
			due = now + READ_FIRST_MS;
		} else if (now >= due) {
			give_up_late(st);
			continue;
		}
		if (next_look < 0 || (int64_t)(due - now) < next_look)
			next_look = (int64_t)(due - now);
	}
	delivery_drop(d);
	return next_look;
}

void delivery_leave_sender(struct delivery *d)
{
	d->wake = d->window_opened = NULL;
	d->owner = NULL;
	/* Other clients that share the tunnel still get their copy of what was answered. */
	bool answered = d->phase == PHASE_DONE || d->phase == PHASE_ACCEPTED;
	if (!answered && d->body_whole)
		delivery_reset(d, WIRE_RESET_CANCEL, "the sender hung up");
	else if (!answered)
		delivery_cut(d, WIRE_RESET_TRUNCATED, 0, "the sender hung up");
	if (answered && d->answerer)
		d->answerer = NULL;
	delivery_drop(d);
}

bool delivery_leave_out_copies(struct delivery *d, enum refusal why)
{
	bool any = false;
	if (d->live == 0)
		return false;
	for (struct stream *st = d->streams, *next; st; st = next) {
		next = st->sibling;
		if (!stream_state_is_spooling(st->state) || st->state == STREAM_WRITING)
			continue;
		stream_miss(st, why);
		any = true;
	}
	return any;
}
