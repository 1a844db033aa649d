#include "relay/streams/stream.h"

#include "relay/streams/delivery_streams.h"
#include "relay/tunnels/tunnel.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

static void count_spooling(struct stream *st, int change)
{
	st->delivery->spooling += (unsigned)change;
	st->client->spooling += (unsigned)change;
}

void stream_to(struct stream *st, enum stream_state to)
{
	enum stream_state from = st->state;
	struct tunnel_table *table = st->client->tunnel->table;
	if (!stream_state_may(from, to)) {
		fprintf(stderr, "creel-relay: a stream in state %d cannot go to %d\n", (int)from, (int)to);
		abort();
	}
	if (stream_state_is_live(from) && !stream_state_is_live(to)) {
		stream_detach(st);
		st->delivery->live--;
	}
	if (!stream_state_is_spooling(from) && stream_state_is_spooling(to))
		count_spooling(st, 1);
	else if (stream_state_is_spooling(from) && !stream_state_is_spooling(to))
		count_spooling(st, -1);
	if (from == STREAM_QUEUED)
		DL_DELETE2(table->put_queue, st, queue_prev, queue_next);
	if (to == STREAM_QUEUED)
		DL_APPEND2(table->put_queue, st, queue_prev, queue_next);
	st->state = to;
}

void stream_block(struct stream *st)
{
	if (!st->blocked)
		DL_APPEND2(st->client->blocked, st, blocked_prev, blocked_next);
	st->blocked = true;
}

void stream_unblock(struct stream *st)
{
	if (st->blocked)
		DL_DELETE2(st->client->blocked, st, blocked_prev, blocked_next);
	st->blocked = false;
}

void stream_detach(struct stream *st)
{
	if (!st->id)
		return;
	stream_unblock(st);
	HASH_DELETE(hh, st->client->streams, st);
	st->id = 0;
}

bool stream_attach(struct stream *st, struct client *to)
{
	st->client = to;
	st->id = to->last_stream + 1;
	HASH_ADD(hh, to->streams, id, sizeof st->id, st);
	if (!st->hh.tbl) {
		st->id = 0;
		return false;
	}
	to->last_stream++;
	return true;
}

struct stream *stream_open(struct client *c, struct delivery *d, enum stream_state first)
{
	bool full = HASH_COUNT(c->streams) >= LIMIT_STREAMS_PER_CLIENT;
	struct stream *st = full ? NULL : calloc(1, sizeof *st);
	c->tunnel->table->relay->metrics.reached[REACHED_STREAMS_PER_CLIENT] += full;
	if (!st)
		return NULL;
	st->client = c;
	st->delivery = d;
	st->state = first;
	st->send_window = st->receive_window = WIRE_STREAM_WINDOW;
	if (stream_state_is_live(first) && !stream_attach(st, c)) {
		free(st);
		return NULL;
	}
	if (stream_state_is_live(first))
		d->live++;
	else
		count_spooling(st, 1);
	LL_PREPEND2(d->streams, st, sibling);
	delivery_hold(d);
	return st;
}

void stream_close(struct stream *st)
{
	struct delivery *d = st->delivery;
	struct client *c = st->client;
	bool stored = d->row != 0;
	size_t size = d->stored_size;
	stream_to(st, STREAM_OVER);
	LL_DELETE2(d->streams, st, sibling);
	if (d->answerer == st)
		d->answerer = NULL;
	free(st);
	delivery_give_quota(d);
	delivery_drop(d);
	if (stored)
		c->events->ended(c, size);
}
