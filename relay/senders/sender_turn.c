/* A connection's turn: what is read, used, written and waited for in each state, and what happens when its deadline
 * passes. The only place where its socket is used after its first bytes. */
#include "relay/senders/sender.h"

#include "relay/common/limits.h"
#include "relay/senders/passage.h"
#include "relay/streams/delivery_streams.h"
#include "shared/http/headers.h"

#include <utlist.h>

#define READ_AT_ONCE (64u << 10) /* bytes */
#define READS_A_TURN 4           /* then the others' turn */
#define ROUNDS_A_TURN 64
#define HANDSHAKES_A_TURN_NS 2000000

/* ---- what comes ---- */

static bool reads(const struct sender *s)
{
	if (s->half_closed)
		return false;
	switch (s->state) {
	case SENDER_SNIFF:
	case SENDER_TLS:
	case SENDER_IDLE:
	case SENDER_HEAD:
	case SENDER_BODY:
	case SENDER_LINGER:
		return true;
	case SENDER_LOOKUP:
		return false;
	case SENDER_WAIT:
	case SENDER_ANSWER:
		return s->in.len < LIMIT_PIPELINED; /* else it is out of what was read that a hang-up would show */
	case SENDER_PASSAGE:
	case SENDER_CLOSED:
	case SENDER_STATES:
		break;
	}
	return false;
}

/* Whoever reads anything else may have closed its sending side and still be there (RFC 9112 §9.6). */
static bool reads_until_the_end(const struct sender *s)
{
	return s->delivery && s->delivery->phase >= PHASE_ANSWERING &&
	       headers_of_event_stream(s->delivery->answer.headers);
}

static void on_end(struct sender *s)
{
	s->half_closed = true;
	if ((s->state != SENDER_WAIT && s->state != SENDER_ANSWER) || reads_until_the_end(s))
		sender_close(s);
}

/* Uses what it can of `in`; what is left goes in s->in, unless it is from there. */
static void use(struct sender *s, struct bytes in, bool kept)
{
	size_t at = 0, used = 0;
	while (at < in.len && request_take(s, bytes_make(in.at + at, in.len - at), &used))
		at += used;
	if (s->state == SENDER_CLOSED)
		return;
	if (kept)
		buffer_consume(&s->in, at);
	else if (at < in.len && s->state != SENDER_LINGER && !buffer_append(&s->in, in.at + at, in.len - at))
		sender_close(s);
	if (s->in.len == 0)
		buffer_free(&s->in);
}

static void use_kept(struct sender *s)
{
	if (s->in.len > 0)
		use(s, buffer_view(&s->in), true);
}

static void read_some(struct sender *s)
{
	uint8_t bytes[READ_AT_ONCE];
	for (int i = 0; i < READS_A_TURN && reads(s); i++) {
		ssize_t n = conn_read(&s->conn, bytes, sizeof bytes);
		if (n == CONN_AGAIN)
			return;
		if (n == CONN_ENDED) {
			on_end(s);
			return;
		}
		if (n < 0) {
			sender_close(s);
			return;
		}
		if (s->in.len == 0) {
			use(s, bytes_make(bytes, (size_t)n), false);
		} else if (buffer_append(&s->in, bytes, (size_t)n)) {
			use_kept(s);
		} else {
			sender_close(s);
			return;
		}
		if ((size_t)n < sizeof bytes && !conn_has_pending(&s->conn))
			return;
	}
}

/* ---- what goes ---- */

/* The last byte of an answer left. */
static void answered(struct sender *s)
{
	/* Whoever closed its sending side is answered all that it had sent. */
	bool goes_on = s->keeps_alive && (!s->half_closed || s->in.len > 0) && !s->all->relay->draining;
	sender_end_request(s);
	if (goes_on) {
		sender_to(s, SENDER_IDLE);
		return;
	}
	conn_end_writing(&s->conn);
	sender_to(s, SENDER_LINGER);
	if (s->half_closed)
		sender_close(s);
}

static void answer(struct sender *s)
{
	const struct delivery *d = s->delivery;
	if ((s->state == SENDER_WAIT && d && d->phase >= PHASE_ANSWERING) ||
	    (s->state == SENDER_BODY && d && d->phase == PHASE_REFUSED))
		answer_begin(s);
	if (s->state == SENDER_ANSWER && answer_send(s)) {
		if (s->answer == ANSWER_UPGRADED)
			passage_begin(s);
		else
			answered(s);
	}
}

/* Whether nothing moves until the sender sends more, and it said that it will not. */
static bool is_left(const struct sender *s)
{
	return s->half_closed && (s->state == SENDER_IDLE || s->state == SENDER_HEAD || s->state == SENDER_BODY);
}

/* ---- polling ---- */

static void on_poll(uv_poll_t *h, int status, int events);

static int events_of(const struct sender *s)
{
	if (s->state == SENDER_PASSAGE)
		return passage_events(s);
	if (s->state == SENDER_SNIFF)
		return UV_READABLE | UV_DISCONNECT;
	if (s->turn.address)
		return UV_DISCONNECT; /* and not what has come, which would wake the loop until it is read */
	bool wants = reads(s);
	int events = wants        ? conn_needs(&s->conn, true, s->blocked)
		     : s->blocked ? conn_needs(&s->conn, false, true)
				  : 0;
	/* Nothing to be read or written: only that the connection broke would show. */
	return events ? events : UV_PRIORITIZED;
}

static void watch(struct sender *s, bool again)
{
	if (s->state == SENDER_CLOSED)
		return;
	int events = events_of(s) | (again ? UV_WRITABLE : 0);
	if (events == s->watched)
		return;
	s->watched = events;
	if (uv_poll_start(&s->poll, events, on_poll) != 0)
		sender_close(s);
}

/* ---- handshakes ---- */

/* One takes much longer than anything else that a turn of the loop does. So there is only so much of them in a turn;
 * the others wait, an address in turn with the others. */
static bool may_shake_hands(struct senders *all)
{
	uint64_t now = uv_now(all->relay->loop);
	if (now != all->handshakes_at)
		all->handshakes_ns = 0;
	all->handshakes_at = now;
	return all->handshakes_ns < HANDSHAKES_A_TURN_NS;
}

static void shake_hands(struct sender *s)
{
	struct senders *all = s->all;
	uint64_t began = uv_hrtime();
	int done = conn_handshake(&s->conn);
	all->handshakes_ns += uv_hrtime() - began;
	if (done == 1)
		sender_to(s, SENDER_IDLE);
	else if (done != CONN_AGAIN)
		sender_close(s);
}

static void wait_for_turn(struct sender *s)
{
	struct senders *all = s->all;
	silent_add(&all->handshakes, &s->turn, s->from.at);
	if (!s->turn.address)
		sender_close(s); /* out of memory */
	else
		uv_idle_start(&all->handshaking, all->on_handshakes);
}

/* ---- a turn ---- */

/* `events`: what poll said, 0: something else moved. */
static void go_on(struct sender *s, int events)
{
	bool readable = events != 0;
	bool again = true;
	if (s->working || s->state == SENDER_CLOSED)
		return;
	s->working = true;
	if (s->state == SENDER_SNIFF && readable)
		sniff_look(s, (events & UV_DISCONNECT) != 0);
	if (s->state == SENDER_TLS && readable) {
		if (s->all->handshaker == s || (!s->all->handshakes.addresses && may_shake_hands(s->all)))
			shake_hands(s);
		else
			wait_for_turn(s);
	}
	if (s->state == SENDER_PASSAGE) {
		passage_go_on(s);
	} else if (s->state != SENDER_SNIFF && s->state != SENDER_TLS) {
		if (readable)
			read_some(s);
		/* More requests may have come with this one. */
		for (int i = 0; again && i < ROUNDS_A_TURN; i++) {
			enum sender_state state = s->state;
			size_t left = s->in.len;
			answer(s);
			use_kept(s);
			again = s->state != state || s->in.len != left;
		}
		if (!again && is_left(s))
			sender_close(s);
	} else {
		again = false;
	}
	s->working = false;
	watch(s, again && s->state != SENDER_PASSAGE);
}

void sender_on_soon(uv_idle_t *h)
{
	struct senders *all = h->data;
	struct sender *s;
	while ((s = all->woken)) {
		LL_DELETE2(all->woken, s, woken_next);
		s->woken = false;
		go_on(s, 0);
	}
	uv_idle_stop(h);
}

void sender_on_handshakes(uv_idle_t *h)
{
	struct senders *all = h->data;
	struct silent_entry *e;
	while (may_shake_hands(all) && (e = silent_take_turn(&all->handshakes))) {
		all->handshaker = (struct sender *)((char *)e - offsetof(struct sender, turn));
		go_on(all->handshaker, UV_READABLE);
	}
	all->handshaker = NULL;
	if (!all->handshakes.addresses)
		uv_idle_stop(h);
}

/* While it waits for its turn: whether it only closed its sending side, and has sent the end of its handshake before
 * (RFC 8446 §6.1 lets it read on). Who has sent no more than a ClientHello can end no handshake any more. */
static bool may_still_be_answered(const struct sender *s)
{
	uint8_t byte;
	return conn_is_in_handshake(&s->conn) && recv(s->conn.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

static void on_poll(uv_poll_t *h, int status, int events)
{
	struct sender *s = h->data;
	if (status >= 0 && events && s->turn.address && s->watched != UV_PRIORITIZED && may_still_be_answered(s)) {
		s->watched = UV_PRIORITIZED; /* it would be said again and again that nothing more comes */
		if (uv_poll_start(h, UV_PRIORITIZED, on_poll) != 0)
			sender_close(s);
		return;
	}
	/* Where nothing is to be read or written, an event is a broken connection, or urgent data (RFC 9293 §3.8.5),
	 * which no HTTP has and which would be an event for ever. Before its handshake it is a hang-up. */
	if (status < 0 || (events && (s->watched == UV_PRIORITIZED || s->turn.address)))
		sender_close(s);
	else
		go_on(s, events | UV_READABLE);
}

/* ---- deadlines ---- */

static void wait_for_disk(struct sender *s)
{
	s->wait_ends = uv_now(s->all->relay->loop) + UINT64_C(1000) * LIMIT_SPOOL_WAIT;
	sender_expires_in(s, INT64_C(1000) * LIMIT_SPOOL_WAIT);
}

/* The record timeout may have passed. */
static void look_at_records(struct sender *s, uint64_t now)
{
	struct delivery *d = s->delivery;
	int64_t next = delivery_on_record_timeout(d), left = (int64_t)(s->wait_ends - now);
	if (d->phase != PHASE_WHOLE)
		return;
	if (d->live == 0)
		wait_for_disk(s);
	else
		sender_expires_in(s, next < 0 || next > left ? left : next);
}

static void end_wait(struct sender *s)
{
	struct delivery *d = s->delivery;
	if (d->spooling > 0) { /* the disk does not answer */
		s->all->relay->metrics.reached[REACHED_SPOOL_WAIT]++;
		delivery_refuse(d, REFUSE_SPOOL_FAILED);
		return;
	}
	delivery_on_timeout(d);
	if (d->phase == PHASE_WHOLE)
		wait_for_disk(s);
}

void sender_on_due(struct wheel_entry *e)
{
	struct sender *s = (struct sender *)((char *)e - offsetof(struct sender, deadline));
	uint64_t now = uv_now(s->all->relay->loop);
	switch (s->state) {
	case SENDER_HEAD:
	case SENDER_BODY:
		request_too_slow(s);
		go_on(s, 0);
		return;
	case SENDER_WAIT:
		if (now < s->wait_ends)
			look_at_records(s, now);
		else
			end_wait(s);
		go_on(s, 0);
		return;
	case SENDER_LOOKUP:
		answer_refuse(s, REFUSE_CLUSTER_AWAY);
		go_on(s, 0);
		return;
	case SENDER_SNIFF:
	case SENDER_TLS:
		s->all->relay->metrics.reached[REACHED_HEADER_TIMEOUT]++;
		break;
	case SENDER_IDLE:
		s->all->relay->metrics.reached[REACHED_IDLE]++;
		break;
	case SENDER_ANSWER:
		s->all->relay->metrics.reached[REACHED_BODY_TIMEOUT]++;
		break;
	case SENDER_LINGER:
	case SENDER_PASSAGE:
	case SENDER_CLOSED:
	case SENDER_STATES:
		break;
	}
	sender_close(s);
}

void sender_begin(struct sender *s)
{
	sender_enter(s);
	watch(s, false);
}
