#include "relay/tunnels/registry.h"
#include "relay/tunnels/stream_private.h"
#include "shared/program/log.h"

#include <stdlib.h>

#define MAX_SEND_WINDOW (INT64_C(1) << 31)

static void append_or_close(struct link *l, bool appended)
{
	if (!appended)
		link_close(l, 1011, "out of memory");
	link_flush_soon(l);
}

/* ---- life ---- */

static void unblock(struct stream *st)
{
	if (!st->blocked)
		return;
	for (struct stream **at = &st->client->blocked; *at; at = &(*at)->blocked_next) {
		if (*at == st) {
			*at = st->blocked_next;
			break;
		}
	}
	st->blocked = false;
	st->blocked_next = NULL;
}

void stream_leave_table(struct stream *st)
{
	if (!st->id)
		return;
	unblock(st);
	HASH_DELETE(hh, st->client->streams, st);
	st->id = 0;
	st->delivery->live--;
}

struct stream *stream_open(struct client *c, struct delivery *d, bool spooling)
{
	bool full = HASH_COUNT(c->streams) >= LIMIT_STREAMS_PER_CLIENT;
	struct stream *st = full ? NULL : calloc(1, sizeof *st);
	c->tunnel->registry->relay->metrics.reached[REACHED_STREAMS_PER_CLIENT] += full;
	if (!st)
		return NULL;
	st->client = c;
	st->delivery = d;
	st->send_window = st->receive_window = WIRE_STREAM_WINDOW;
	if (spooling) {
		st->spooling = true;
		d->spooling++;
		c->spooling++;
	} else {
		st->id = c->last_stream + 1;
		HASH_ADD(hh, c->streams, id, sizeof st->id, st);
		if (!st->hh.tbl) { /* out of memory */
			free(st);
			return NULL;
		}
		c->last_stream++;
		d->live++;
	}
	st->sibling = d->streams;
	d->streams = st;
	delivery_hold(d);
	return st;
}

void stream_close(struct stream *st)
{
	struct delivery *d = st->delivery;
	struct client *c = st->client;
	stream_leave_table(st);
	stream_leave_queue(st);
	if (st->spooling) {
		d->spooling--;
		c->spooling--;
	}
	for (struct stream **at = &d->streams; *at; at = &(*at)->sibling) {
		if (*at == st) {
			*at = st->sibling;
			break;
		}
	}
	if (d->answerer == st)
		d->answerer = NULL;
	bool stored = d->row != 0;
	size_t size = d->stored_size;
	free(st);
	delivery_give_quota(d);
	delivery_drop(d);
	if (stored)
		drain_ended(c, size);
}

/* ---- to the client ---- */

static void block(struct stream *st)
{
	if (st->blocked)
		return;
	struct stream **at = &st->client->blocked;
	while (*at)
		at = &(*at)->blocked_next;
	*at = st;
	st->blocked = true;
}

/* Takes body bytes from both windows. */
static void spend(struct stream *st, struct link *l, size_t len)
{
	st->send_window -= (int64_t)len;
	link_sent_body(l, len);
}

static bool may_send(const struct stream *st, const struct link *l)
{
	return st->send_window > 0 && link_may_send_body(l);
}

static bool was_sent(const struct stream *st)
{
	return st->id && (st->request_sent || st->end_sent_before);
}

static void send_reset(struct stream *st, uint32_t code, const char *reason)
{
	struct link *l = client_link(st->client);
	if (l && was_sent(st))
		append_or_close(l, wire_encode_reset(link_out(l), st->id, code, bytes_of(reason)));
}

static void send_request(struct stream *st, struct link *l)
{
	struct delivery *d = st->delivery;
	uint64_t len = spill_len(&d->body);
	bool end = d->body_whole && d->trailers.len == 0 && len <= WIRE_INLINE_BODY;
	struct wire_request request = d->request;
	if (end && !spill_view(&d->body, &request.body))
		end = false; /* so it goes as DATA */
	uint8_t flags = (uint8_t)((end ? WIRE_END : 0) | (d->upgrade ? WIRE_UPGRADE : 0));
	append_or_close(l, wire_encode_request(link_out(l), st->id, flags, &request));
	st->request_sent = true;
	if (end) {
		spend(st, l, request.body.len);
		st->sent = len;
		st->end_sent = true;
	}
}

static bool send_piece(struct stream *st, struct link *l, size_t len, bool end)
{
	struct delivery *d = st->delivery;
	struct bytes all;
	struct buffer piece = { 0 };
	bool fine = true;
	if (spill_view(&d->body, &all)) {
		append_or_close(
		    l, wire_encode_data(link_out(l), st->id, end ? WIRE_END : 0, bytes_make(all.at + st->sent, len)));
	} else if ((fine = spill_read(&d->body, st->sent, len, &piece))) {
		append_or_close(l, wire_encode_data(link_out(l), st->id, end ? WIRE_END : 0, buffer_view(&piece)));
	}
	buffer_free(&piece);
	return fine;
}

/* The temporary file cannot be read back; the sender is to come again. Closes this stream alone: who walks over the
 * delivery's or the client's streams holds on to the next one, which sees for itself. */
static void lose_body(struct stream *st)
{
	struct delivery *d = st->delivery;
	delivery_hold(d);
	send_reset(st, WIRE_RESET_TRUNCATED, "the relay lost the body");
	stream_close(st);
	delivery_refuse(d, REFUSE_SPOOL_FAILED);
	delivery_drop(d);
}

static void send_body(struct stream *st, struct link *l)
{
	struct delivery *d = st->delivery;
	uint64_t len = spill_len(&d->body);
	while (st->sent < len && may_send(st, l)) {
		uint64_t left = len - st->sent;
		size_t n = left < WIRE_DATA_CHUNK ? (size_t)left : WIRE_DATA_CHUNK;
		bool end = d->body_whole && d->trailers.len == 0 && n == left;
		if (!send_piece(st, l, n, end)) {
			lose_body(st);
			return;
		}
		spend(st, l, n);
		st->sent += n;
		st->end_sent = end;
	}
	if (st->sent < len || !d->body_whole || st->end_sent)
		return;
	uint8_t flags = d->trailers.len ? WIRE_END | WIRE_TRAILERS : WIRE_END;
	append_or_close(l, wire_encode_data(link_out(l), st->id, flags, buffer_view(&d->trailers)));
	st->end_sent = true;
}

/* Frames out of an unsealed mailbox get their stream's number on the way. */
static void send_frames(struct stream *st, struct link *l)
{
	struct delivery *d = st->delivery;
	while (st->sent < d->stored.len && may_send(st, l)) {
		struct wire_frame f;
		struct wire_request r;
		size_t used, body;
		struct bytes rest = bytes_make(d->stored.at + st->sent, d->stored.len - (size_t)st->sent);
		if (wire_decode_frame(rest, &f, &used) != WIRE_OK ||
		    (f.type == WIRE_REQUEST && !wire_decode_request(f.payload, &r))) {
			log_event(LOG_ERROR, "spool_damaged", "tunnel", st->client->tunnel->name, NULL);
			drain_unreadable(st->client, d->row);
			stream_close(st);
			return;
		}
		body = f.type == WIRE_REQUEST ? r.body.len : f.flags & WIRE_TRAILERS ? 0 : f.payload.len;
		bytes_set_u64(d->stored.at + st->sent + 8, st->id);
		append_or_close(l, buffer_append(link_out(l), rest.at, used));
		st->sent += used;
		spend(st, l, body);
	}
	st->end_sent = st->sent == d->stored.len;
}

static void send_sealed(struct stream *st, struct link *l)
{
	struct delivery *d = st->delivery;
	while (st->sent < d->stored.len && may_send(st, l)) {
		size_t left = d->stored.len - (size_t)st->sent, n = left < WIRE_DATA_CHUNK ? left : WIRE_DATA_CHUNK;
		append_or_close(l, wire_encode_sealed(link_out(l), st->id, n == left ? WIRE_END : 0,
						      bytes_make(d->stored.at + st->sent, n)));
		st->sent += n;
		spend(st, l, n);
	}
	st->end_sent = st->sent == d->stored.len;
}

void stream_pump(struct stream *st)
{
	struct delivery *d = st->delivery;
	struct link *l = client_link(st->client);
	if (st->spooling) {
		stream_spool(st);
		return;
	}
	if (l && d->window_opened && d->answerer == st) {
		d->window_opened(d);
		return;
	}
	if (!l || st->end_sent || st->recorded)
		return;
	/* Small bodies travel whole; a large one begins its stream. */
	if (!d->row && !st->request_sent && !d->body_whole && spill_len(&d->body) <= WIRE_INLINE_BODY)
		return;
	if (!link_may_send_body(l)) {
		block(st);
		return;
	}
	if (d->row) {
		st->request_sent = true;
		if (d->sealed) {
			send_sealed(st, l);
		} else {
			send_frames(st, l); /* may close it */
			return;
		}
	} else {
		if (!st->request_sent)
			send_request(st, l);
		if (!st->end_sent)
			send_body(st, l);
	}
}

bool stream_may_pass(struct stream *st)
{
	struct link *l = client_link(st->client);
	if (!l || st->send_window <= 0)
		return false;
	if (!link_may_send_body(l))
		block(st);
	return !st->blocked;
}

void stream_pass(struct stream *st, struct bytes piece, bool end)
{
	struct link *l = client_link(st->client);
	append_or_close(l, wire_encode_data(link_out(l), st->id, end ? WIRE_END : 0, piece));
	spend(st, l, piece.len);
}

void stream_restart(struct stream *st)
{
	unblock(st);
	st->end_sent_before |= st->end_sent;
	st->request_sent = st->end_sent = false;
	st->sent = 0;
	st->send_window = st->receive_window = WIRE_STREAM_WINDOW;
	st->credit_due = 0;
	/* What the sender has not taken yet was credit of the old connection's window. */
	struct delivery *d = st->delivery;
	st->stale = d->answerer == st ? d->answer_body.len - d->answer_at : 0;
}

void stream_tell_resume(struct stream *st)
{
	struct link *l = client_link(st->client);
	struct wire_resume v = { .recorded = st->recorded, .head = st->head, .body_seen = st->body_seen };
	memcpy(v.event_id, st->delivery->request.event_id, UUID_LEN);
	append_or_close(l, wire_encode_resume(link_out(l), st->id, &v));
}

/* ---- from the client ---- */

bool stream_on_recorded(struct stream *st)
{
	struct delivery *d = st->delivery;
	/* The client has to have the whole of it before it can commit it. */
	if (!st->end_sent && !st->end_sent_before)
		return false;
	if (st->recorded)
		return true;
	st->recorded = true;
	delivery_now_safe(d, st->client->tunnel->registry->spool);
	unblock(st);
	if (d->row) {
		st->client->drain.pause_ms = 0;
		spool_forget(st->client->tunnel->registry->spool, st->client->mailbox, d->row);
	}
	delivery_give_quota(d);
	return true;
}

static void credit(struct stream *st, size_t len)
{
	struct link *l = client_link(st->client);
	st->credit_due += (uint32_t)len;
	if (!l || !st->id || st->credit_due < WIRE_STREAM_WINDOW / 4)
		return;
	append_or_close(l, wire_encode_window(link_out(l), st->id, st->credit_due));
	st->receive_window += st->credit_due;
	st->credit_due = 0;
}

/* The answer is whole. */
static void end_answer(struct stream *st)
{
	struct link *l = client_link(st->client);
	if (l)
		append_or_close(l,
				wire_encode_event_id(link_out(l), WIRE_DONE, st->id, st->delivery->request.event_id));
	stream_close(st);
}

static bool take_answer(struct stream *st, struct bytes body, bool end)
{
	struct delivery *d = st->delivery;
	if (body.len > 0 && st->receive_window <= 0)
		return false;
	st->receive_window -= (int64_t)body.len;
	st->body_seen += body.len;
	if (d->answerer == st)
		delivery_answer_data(d, body, end);
	else
		credit(st, body.len);
	if (end)
		end_answer(st);
	return true;
}

bool stream_on_response(struct stream *st, const struct wire_response *v, bool end)
{
	struct delivery *d = st->delivery;
	if (!st->recorded || st->head || (v->status == 101 && !d->upgrade))
		return false;
	st->head = true;
	if (d->phase == PHASE_WHOLE && !d->answerer && d->wake) {
		d->answerer = st;
		delivery_answer(d, v);
	}
	return take_answer(st, v->body, end);
}

bool stream_on_data(struct stream *st, struct bytes body, bool end)
{
	return st->head && take_answer(st, body, end);
}

bool stream_on_window(struct stream *st, uint32_t number)
{
	st->send_window += number;
	if (st->send_window > MAX_SEND_WINDOW)
		return false;
	stream_pump(st);
	return true;
}

void stream_on_reset(struct stream *st, uint32_t code)
{
	struct delivery *d = st->delivery;
	struct client *c = st->client;
	int64_t row = d->row;
	if (row && !st->recorded && code == WIRE_RESET_PROTOCOL)
		drain_unreadable(c, row);
	else if (!st->recorded && (row || code == WIRE_RESET_STORE))
		drain_failed(c);
	stream_give_up(st, code == WIRE_RESET_STORE ? REFUSE_CLIENT_STORE : REFUSE_CLIENT_LOST);
}

/* ---- all of a delivery ---- */

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
	credit(st, len - old);
}

void delivery_reset(struct delivery *d, uint32_t code, const char *reason)
{
	delivery_hold(d);
	for (struct stream *st = d->streams, *next; st; st = next) {
		next = st->sibling;
		if (st->put)
			continue; /* it closes when the disk has answered */
		send_reset(st, code, reason);
		stream_close(st);
	}
	delivery_drop(d);
}

void delivery_cut(struct delivery *d, uint32_t code, int status, const char *reason)
{
	for (struct stream *st = d->streams; st; st = st->sibling)
		if (!st->put && !was_sent(st))
			client_tell_refused(st->client, d, status);
	delivery_reset(d, code, reason);
}

void delivery_on_timeout(struct delivery *d)
{
	delivery_hold(d);
	for (struct stream *st = d->streams, *next; st; st = next) {
		next = st->sibling;
		if (st->spooling)
			continue;
		send_reset(st, WIRE_RESET_CANCEL, "the reply timeout passed");
		if (st->recorded)
			stream_close(st);
		else
			stream_give_up(st, REFUSE_REPLY_TIMEOUT);
	}
	/* Whoever recorded it has not answered in time, and that is what the sender is told. */
	if (d->spooling == 0 && d->phase == PHASE_WHOLE)
		delivery_refuse(d, REFUSE_REPLY_TIMEOUT);
	delivery_drop(d);
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
