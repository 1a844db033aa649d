/* Takes what a client sends on a stream. */
#include "relay/streams/delivery_streams.h"
#include "relay/tunnels/tunnel.h"
#include "relay/streams/stream.h"
#include "shared/http/headers.h"

#define MAX_SEND_WINDOW (INT64_C(1) << 31)

bool stream_on_recorded(struct stream *st)
{
	struct delivery *d = st->delivery;
	/* A client can commit a delivery only once it has all of it. */
	if (st->out != STREAM_SENT && !st->sent_before)
		return false;
	if (st->state != STREAM_OPEN)
		return true;
	st->client->recorded_at = client_now_ms(st->client);
	st->client->recorded_stream = st->id;
	stream_to(st, STREAM_RECORDED);
	delivery_now_safe(d, st->client->tunnel->table->spool);
	stream_unblock(st);
	if (d->row)
		st->client->events->recorded(st->client, d->row);
	delivery_give_quota(d);
	return true;
}

static bool has_memory(const struct stream *st, size_t more)
{
	struct relay *relay = st->client->tunnel->table->relay;
	bool fine = memory_takes(&relay->memory, MEMORY_ANSWER, more, uv_now(relay->loop));
	relay->metrics.reached[REACHED_MEMORY_MAX] += !fine;
	return fine;
}

static bool take_answer(struct stream *st, struct bytes body, bool end)
{
	struct delivery *d = st->delivery;
	if (body.len > 0 && st->receive_window <= 0)
		return false;
	st->receive_window -= (int64_t)body.len;
	st->body_seen += body.len;
	if (d->answerer == st && body.len > 0 && !has_memory(st, body.len)) {
		stream_send_reset(st, WIRE_RESET_CANCEL, "the relay is out of memory for the answer");
		delivery_answer_broken(d);
		stream_close(st);
		return true;
	}
	if (d->answerer == st)
		delivery_answer_data(d, body, end);
	else
		stream_credit(st, body.len);
	if (end) {
		stream_send_done(st);
		stream_close(st);
	}
	return true;
}

bool stream_on_response(struct stream *st, const struct wire_response *v, bool end)
{
	struct delivery *d = st->delivery;
	if (st->state != STREAM_RECORDED || (v->status == 101 && !d->upgrade))
		return false;
	stream_to(st, STREAM_ANSWERING);
	if (d->phase == PHASE_WHOLE && !d->answerer && d->wake) {
		d->answerer = st;
		delivery_answer(d, v);
	}
	return take_answer(st, v->body, end);
}

bool stream_on_data(struct stream *st, struct bytes body, bool end)
{
	return st->state == STREAM_ANSWERING && take_answer(st, body, end);
}

bool stream_on_trailers(struct stream *st, struct bytes trailers)
{
	struct delivery *d = st->delivery;
	if (st->state != STREAM_ANSWERING || trailers.len > WIRE_MAX_HEADER_BLOCK || !headers_valid(trailers) ||
	    (d->upgrade && d->answer.status == 101))
		return false;
	if (d->answerer == st)
		delivery_answer_trailers(d, trailers);
	return take_answer(st, bytes_of(NULL), true);
}

bool stream_on_window(struct stream *st, uint32_t credit)
{
	st->send_window += credit;
	if (st->send_window > MAX_SEND_WINDOW)
		return false;
	st->moved_at = st->client->credited_at = client_now_ms(st->client);
	stream_pump(st);
	return true;
}

void stream_on_reset(struct stream *st, uint32_t code)
{
	struct delivery *d = st->delivery;
	struct client *c = st->client;
	int64_t row = d->row;
	bool open = st->state == STREAM_OPEN;
	if (row && open && code == WIRE_RESET_PROTOCOL)
		c->events->unreadable(c, row);
	else if (open && (row || code == WIRE_RESET_STORE))
		c->events->not_recorded(c);
	stream_give_up(st, code == WIRE_RESET_STORE ? REFUSE_CLIENT_STORE : REFUSE_CLIENT_LOST);
}
