#include "relay/senders/passage.h"

#include "relay/streams/delivery_streams.h"
#include "relay/streams/stream.h"

#define PIECE 16384
#define PIECES_A_TURN 8 /* then the others' turn */

/* To the app. False: not now; `window_opened` is called when it goes on. */
static bool pass_on(struct sender *s, struct bytes piece, bool end)
{
	struct stream *st = s->delivery->answerer;
	if (!st || !stream_may_pass(st))
		return false;
	stream_pass(st, piece, end);
	return true;
}

/* What came after the request's head, before the 101. */
static bool pass_early(struct sender *s)
{
	while (s->in.len > 0) {
		size_t n = s->in.len < PIECE ? s->in.len : PIECE;
		if (!pass_on(s, bytes_make(s->in.at, n), false))
			return false;
		buffer_consume(&s->in, n);
	}
	buffer_free(&s->in);
	return true;
}

/* The sender's bytes, as far as the windows go. */
static void read_some(struct sender *s)
{
	uint8_t piece[PIECE];
	for (int i = 0; i < PIECES_A_TURN && !s->half_closed; i++) {
		struct stream *st = s->delivery->answerer;
		if (!pass_early(s) || !st || !stream_may_pass(st))
			return;
		ssize_t n = conn_read(&s->conn, piece, sizeof piece);
		if (n == CONN_AGAIN)
			return;
		s->half_closed = n < 0;
		pass_on(s, bytes_make(piece, n > 0 ? (size_t)n : 0), n < 0);
	}
}

/* The app's bytes. False: the sender is gone. */
static bool write_some(struct sender *s)
{
	struct delivery *d = s->delivery;
	s->blocked = false;
	while (d->answer_at < d->answer_body.len) {
		size_t left = d->answer_body.len - d->answer_at;
		struct iovec rest = { d->answer_body.at + d->answer_at, left };
		ssize_t n = conn_writev(&s->conn, &rest, 1);
		s->blocked = n == CONN_AGAIN;
		if (n < 0)
			return n == CONN_AGAIN;
		d->answer_at += (size_t)n;
		if (d->answer_at == d->answer_body.len)
			d->answer_body.len = d->answer_at = 0;
		s->all->relay->metrics.bytes_out += (uint64_t)n;
		delivery_consumed(d, (size_t)n);
		if (d->phase == PHASE_DONE)
			sender_expires_in(s, s->all->relay->settings.body_timeout_ms);
	}
	return true;
}

void passage_go_on(struct sender *s)
{
	struct delivery *d = s->delivery;
	bool over = d->phase == PHASE_DONE;
	/* What broke off does not wait for a sender that does not read. */
	if (!write_some(s) || d->phase == PHASE_ABORTED) {
		sender_close(s);
		return;
	}
	if (over && !s->blocked) {
		conn_end_writing(&s->conn);
		sender_end_request(s);
		sender_to(s, SENDER_LINGER);
		return;
	}
	if (over)
		sender_expires_in(s, s->all->relay->settings.body_timeout_ms);
	read_some(s);
}

static void on_window(struct delivery *d)
{
	sender_go_on_soon(d->owner);
}

void passage_begin(struct sender *s)
{
	s->delivery->window_opened = on_window;
	sender_to(s, SENDER_PASSAGE);
	passage_go_on(s);
}

int passage_events(const struct sender *s)
{
	struct stream *st = s->delivery->answerer;
	bool reads = st && !s->half_closed && s->in.len == 0 && stream_may_pass(st);
	int events = reads && s->blocked ? conn_needs(&s->conn, true, true)
		     : reads             ? conn_needs(&s->conn, true, false)
		     : s->blocked        ? conn_needs(&s->conn, false, true)
					 : 0;
	/* What was decrypted already makes no event. */
	if (reads && conn_has_pending(&s->conn))
		events |= UV_WRITABLE;
	return events ? events : UV_PRIORITIZED;
}
