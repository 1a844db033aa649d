/* A delivery's way to a client that is here: its frames, within the windows. */
#include "relay/streams/delivery_streams.h"
#include "relay/tunnels/tunnel.h"
#include "relay/streams/stream.h"
#include "shared/program/log.h"
#include "shared/wire/wire_block.h"

#include <string.h>
#include <utlist.h>

/* Counts body bytes against both windows. */
static void spend(struct stream *st, struct carrier *to, size_t len)
{
	st->send_window -= (int64_t)len;
	carrier_sent_body(to, len);
}

static bool may_send(const struct stream *st, const struct carrier *to)
{
	return st->send_window > 0 && carrier_may_send_body(to);
}

/* To be called where some of it is left: the client may give no window to one of which it has next to nothing. */
static void wait_for_way(struct stream *st, const struct carrier *to)
{
	if (st->send_window > 0 && !carrier_may_send_body(to))
		stream_block(st);
}

bool stream_was_sent(const struct stream *st)
{
	return st->id && (st->out != STREAM_UNSENT || st->sent_before);
}

uint64_t stream_record_due(const struct stream *st)
{
	const struct client *c = st->client;
	uint64_t since = st->moved_at;
	if (!client_carrier(c))
		since = client_now_ms(st->client);
	if (c->recorded_stream < st->id && c->recorded_at > since)
		since = c->recorded_at;
	if (st->out != STREAM_SENT && c->credited_at > since)
		since = c->credited_at;
	return since + (uint64_t)c->tunnel->table->relay->settings.record_timeout_ms;
}

void stream_send_reset(struct stream *st, uint32_t code, const char *reason)
{
	struct carrier *to = client_carrier(st->client);
	if (to && stream_was_sent(st))
		carrier_sent(to, wire_encode_reset(carrier_out(to), st->id, code, bytes_of(reason)));
}

/* The two frames with header blocks, as this client takes them. */
static bool encode_request(struct stream *st, struct carrier *to, uint8_t flags, struct wire_request *r)
{
	struct buffer spare = { 0 };
	bool fine = wire_block_for(st->client->features, &r->headers, &spare) &&
		    wire_encode_request(carrier_out(to), st->id, flags, r);
	buffer_free(&spare);
	return fine;
}

static bool encode_trailers(struct stream *st, struct carrier *to, struct bytes trailers)
{
	struct buffer spare = { 0 };
	bool fine = wire_block_for(st->client->features, &trailers, &spare) &&
		    wire_encode_data(carrier_out(to), st->id, WIRE_END | WIRE_TRAILERS, trailers);
	buffer_free(&spare);
	return fine;
}

static void send_request(struct stream *st, struct carrier *to)
{
	struct delivery *d = st->delivery;
	uint64_t len = spill_len(&d->body);
	bool end = d->body_whole && d->trailers.len == 0 && len <= WIRE_INLINE_BODY;
	struct wire_request request = d->request;
	if (end && !spill_view(&d->body, &request.body))
		end = false; /* it goes as DATA instead */
	uint8_t flags = (uint8_t)((end ? WIRE_END : 0) | (d->upgrade ? WIRE_UPGRADE : 0));
	carrier_sent(to, encode_request(st, to, flags, &request));
	st->out = end ? STREAM_SENT : STREAM_BEGUN;
	if (end) {
		spend(st, to, request.body.len);
		st->sent = len;
	}
}

static bool send_piece(struct stream *st, struct carrier *to, size_t len, bool end)
{
	struct delivery *d = st->delivery;
	struct bytes all;
	struct buffer piece = { 0 };
	bool fine = true;
	if (spill_view(&d->body, &all)) {
		carrier_sent(to, wire_encode_data(carrier_out(to), st->id, end ? WIRE_END : 0,
						  bytes_make(all.at + st->sent, len)));
	} else if ((fine = spill_read(&d->body, st->sent, len, &piece))) {
		carrier_sent(to, wire_encode_data(carrier_out(to), st->id, end ? WIRE_END : 0, buffer_view(&piece)));
	}
	buffer_free(&piece);
	return fine;
}

/* The temporary file cannot be read back: the sender is told to try again. Closes this stream alone, since a caller may
 * be walking over the delivery's or the client's streams; each of the others finds out by itself. */
static void lose_body(struct stream *st)
{
	struct delivery *d = st->delivery;
	delivery_hold(d);
	stream_send_reset(st, WIRE_RESET_TRUNCATED, "the relay lost the body");
	stream_close(st);
	delivery_refuse(d, REFUSE_SPOOL_FAILED);
	delivery_drop(d);
}

static void send_body(struct stream *st, struct carrier *to)
{
	struct delivery *d = st->delivery;
	uint64_t len = spill_len(&d->body);
	while (st->sent < len && may_send(st, to)) {
		uint64_t left = len - st->sent;
		size_t n = left < WIRE_DATA_CHUNK ? (size_t)left : WIRE_DATA_CHUNK;
		bool end = d->body_whole && d->trailers.len == 0 && n == left;
		if (!send_piece(st, to, n, end)) {
			lose_body(st);
			return;
		}
		spend(st, to, n);
		st->sent += n;
		if (end)
			st->out = STREAM_SENT;
	}
	if (st->sent < len)
		wait_for_way(st, to);
	if (st->sent < len || !d->body_whole || st->out == STREAM_SENT)
		return;
	carrier_sent(to, d->trailers.len ? encode_trailers(st, to, buffer_view(&d->trailers))
					 : wire_encode_data(carrier_out(to), st->id, WIRE_END, bytes_of(NULL)));
	st->out = STREAM_SENT;
}

/* Frames from a mailbox that is not sealed were stored without a stream's number, and with the blanks that came. */
static void send_frames(struct stream *st, struct carrier *to)
{
	struct delivery *d = st->delivery;
	while (st->sent < d->stored.len && may_send(st, to)) {
		struct wire_frame f;
		struct wire_request r;
		size_t used, body;
		struct bytes rest = bytes_make(d->stored.at + st->sent, d->stored.len - (size_t)st->sent);
		if (wire_decode_frame(rest, &f, &used) != WIRE_OK ||
		    (f.type == WIRE_REQUEST && !wire_decode_request(f.payload, &r))) {
			log_event(LOG_ERROR, "spool_damaged", "tunnel", st->client->tunnel->name, NULL);
			st->client->events->unreadable(st->client, d->row);
			stream_close(st);
			return;
		}
		if (f.type == WIRE_REQUEST) {
			body = r.body.len;
			carrier_sent(to, encode_request(st, to, f.flags, &r));
		} else if (f.flags & WIRE_TRAILERS) {
			body = 0;
			carrier_sent(to, encode_trailers(st, to, f.payload));
		} else {
			body = f.payload.len;
			carrier_sent(to, wire_encode_data(carrier_out(to), st->id, f.flags, f.payload));
		}
		st->sent += used;
		spend(st, to, body);
	}
	st->out = st->sent == d->stored.len ? STREAM_SENT : STREAM_BEGUN;
	if (st->out == STREAM_BEGUN)
		wait_for_way(st, to);
}

static void send_sealed(struct stream *st, struct carrier *to)
{
	struct delivery *d = st->delivery;
	while (st->sent < d->stored.len && may_send(st, to)) {
		size_t left = d->stored.len - (size_t)st->sent, n = left < WIRE_DATA_CHUNK ? left : WIRE_DATA_CHUNK;
		carrier_sent(to, wire_encode_sealed(carrier_out(to), st->id, n == left ? WIRE_END : 0,
						    bytes_make(d->stored.at + st->sent, n)));
		st->sent += n;
		spend(st, to, n);
	}
	st->out = st->sent == d->stored.len ? STREAM_SENT : STREAM_BEGUN;
	if (st->out == STREAM_BEGUN)
		wait_for_way(st, to);
}

/* Small bodies travel whole; a large one begins its stream before its end is here. */
static bool is_still_small(const struct stream *st)
{
	const struct delivery *d = st->delivery;
	return st->out == STREAM_UNSENT && !d->body_whole && spill_len(&d->body) <= WIRE_INLINE_BODY;
}

void stream_pump(struct stream *st)
{
	struct delivery *d = st->delivery;
	struct carrier *to = client_carrier(st->client);
	if (stream_state_is_spooling(st->state)) {
		stream_spool(st);
		return;
	}
	if (to && d->window_opened && d->answerer == st) {
		d->window_opened(d);
		return;
	}
	if (!to || st->out == STREAM_SENT || st->state != STREAM_OPEN || (!d->row && is_still_small(st)))
		return;
	if (!carrier_may_send_body(to)) {
		stream_block(st);
		return;
	}
	st->moved_at = client_now_ms(st->client);
	if (d->row && d->sealed) {
		send_sealed(st, to);
	} else if (d->row) {
		send_frames(st, to);
	} else {
		if (st->out == STREAM_UNSENT)
			send_request(st, to);
		if (st->out != STREAM_SENT)
			send_body(st, to);
	}
}

void stream_pump_blocked(struct client *c)
{
	size_t count;
	struct stream *st;
	DL_COUNT2(c->blocked, st, count, blocked_next);
	/* One that is blocked again goes to the list's end, and one that ends leaves it. */
	for (; count > 0 && c->blocked; count--) {
		st = c->blocked;
		stream_unblock(st);
		stream_pump(st);
	}
}

bool stream_may_pass(struct stream *st)
{
	struct carrier *to = client_carrier(st->client);
	if (!to || st->send_window <= 0)
		return false;
	if (!carrier_may_send_body(to))
		stream_block(st);
	return !st->blocked;
}

void stream_pass(struct stream *st, struct bytes piece, bool end)
{
	struct carrier *to = client_carrier(st->client);
	carrier_sent(to, wire_encode_data(carrier_out(to), st->id, end ? WIRE_END : 0, piece));
	spend(st, to, piece.len);
}

void stream_restart(struct stream *st)
{
	stream_unblock(st);
	st->sent_before |= st->out == STREAM_SENT;
	st->out = STREAM_UNSENT;
	st->sent = 0;
	st->send_window = st->receive_window = WIRE_STREAM_WINDOW;
	st->credit_due = 0;
	/* What the sender has yet to take was counted against the old connection's window. */
	struct delivery *d = st->delivery;
	st->stale = d->answerer == st ? d->answer_body.len - d->answer_at : 0;
}

void stream_tell_resume(struct stream *st)
{
	struct carrier *to = client_carrier(st->client);
	struct wire_resume v = { .recorded = st->state != STREAM_OPEN,
				 .head = st->state == STREAM_ANSWERING,
				 .body_seen = st->body_seen };
	memcpy(v.event_id, st->delivery->request.event_id, UUID_LEN);
	carrier_sent(to, wire_encode_resume(carrier_out(to), st->id, &v));
}

void stream_credit(struct stream *st, size_t len)
{
	struct carrier *to = client_carrier(st->client);
	st->credit_due += (uint32_t)len;
	if (!to || !st->id || st->credit_due < WIRE_STREAM_WINDOW / 4)
		return;
	carrier_sent(to, wire_encode_window(carrier_out(to), st->id, st->credit_due));
	st->receive_window += st->credit_due;
	st->credit_due = 0;
}

void stream_send_done(struct stream *st)
{
	struct carrier *to = client_carrier(st->client);
	if (to)
		carrier_sent_late(
		    to, wire_encode_event_id(carrier_out(to), WIRE_DONE, st->id, st->delivery->request.event_id));
}
