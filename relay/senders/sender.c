/* A connection's states and deadlines, and what ends it, its request with it. */
#include "relay/senders/sender.h"

#include "relay/common/limits.h"
#include "relay/net/trusted.h"
#include "relay/streams/delivery_streams.h"
#include "relay/tunnels/tunnel.h"
#include "shared/program/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#define LOOKUP_MS 10000 /* longer than any takes: it ends by itself */

#define TO(state) (1u << SENDER_##state)
static const unsigned may_become[SENDER_STATES] = {
	[SENDER_SNIFF] = TO(TLS) | TO(IDLE) | TO(CLOSED),
	[SENDER_TLS] = TO(IDLE) | TO(CLOSED),
	[SENDER_IDLE] = TO(HEAD) | TO(CLOSED),
	[SENDER_HEAD] = TO(LOOKUP) | TO(BODY) | TO(ANSWER) | TO(CLOSED),
	[SENDER_LOOKUP] = TO(HEAD) | TO(ANSWER) | TO(CLOSED),
	[SENDER_BODY] = TO(WAIT) | TO(ANSWER) | TO(CLOSED),
	[SENDER_WAIT] = TO(ANSWER) | TO(CLOSED),
	[SENDER_ANSWER] = TO(IDLE) | TO(LINGER) | TO(PASSAGE) | TO(CLOSED),
	[SENDER_LINGER] = TO(CLOSED),
	[SENDER_PASSAGE] = TO(LINGER) | TO(CLOSED),
	[SENDER_CLOSED] = 0,
};

static bool is_busy(enum sender_state state)
{
	return state >= SENDER_HEAD && state <= SENDER_PASSAGE && state != SENDER_LINGER;
}

static bool is_silent(enum sender_state state)
{
	return state <= SENDER_HEAD;
}

void sender_expires_in(struct sender *s, int64_t ms)
{
	wheel_set(&s->all->wheel, &s->deadline, ms < 0 ? WHEEL_NEVER : uv_now(s->all->relay->loop) + (uint64_t)ms);
}

static int64_t patience(const struct sender *s, enum sender_state state)
{
	const struct settings *set = &s->all->relay->settings;
	switch (state) {
	case SENDER_SNIFF:
	case SENDER_TLS:
	case SENDER_HEAD:
		return set->header_timeout_ms;
	case SENDER_IDLE:
		return INT64_C(1000) * LIMIT_IDLE;
	case SENDER_BODY:
	case SENDER_ANSWER:
		return set->body_timeout_ms;
	case SENDER_LOOKUP:
		return LOOKUP_MS;
	case SENDER_WAIT:
		return set->reply_timeout_ms;
	case SENDER_LINGER:
		return INT64_C(1000) * LIMIT_LINGER;
	case SENDER_PASSAGE:
	case SENDER_CLOSED:
	case SENDER_STATES:
		break;
	}
	return -1;
}

/* The record timeout is looked at first, and again whenever it may have passed for a client. */
static void begin_wait(struct sender *s)
{
	const struct settings *set = &s->all->relay->settings;
	s->wait_ends = uv_now(s->all->relay->loop) + (uint64_t)set->reply_timeout_ms;
	if (set->record_timeout_ms > 0 && set->record_timeout_ms < set->reply_timeout_ms)
		sender_expires_in(s, set->record_timeout_ms);
}

void sender_to(struct sender *s, enum sender_state state)
{
	if (!(may_become[s->state] & 1u << state)) {
		fprintf(stderr, "creel-relay: a sender's connection cannot go from state %d to %d\n", s->state, state);
		abort();
	}
	/* A connection has one deadline from its first bytes to those of its first head. */
	bool goes_on = (s->state == SENDER_SNIFF || s->state == SENDER_TLS) && state != SENDER_CLOSED;
	s->all->busy += (size_t)is_busy(state) - (size_t)is_busy(s->state);
	if (is_silent(state))
		silent_add(&s->all->silent, &s->silent, s->from.at);
	else
		silent_remove(&s->all->silent, &s->silent);
	if (s->state == SENDER_LOOKUP)
		lookups_take_back(&s->lookup);
	s->state = state;
	if (!goes_on)
		sender_expires_in(s, patience(s, state));
	if (state == SENDER_WAIT)
		begin_wait(s);
}

void sender_enter(struct sender *s)
{
	s->state = SENDER_SNIFF;
	silent_add(&s->all->silent, &s->silent, s->from.at);
	sender_expires_in(s, patience(s, SENDER_SNIFF));
}

void sender_know_peer(struct sender *s)
{
	struct relay *relay = s->all->relay;
	s->forwarded = trusted_has(relay->trusted, &s->from);
	peer_format(&s->from, s->peer);
	/* A trusted proxy's connection counts for nobody between two requests. */
	throttle_address_of(&s->address, &s->from);
	s->address.known &= !s->forwarded;
}

/* ---- the end ---- */

void sender_end_request(struct sender *s)
{
	struct delivery *d = s->delivery;
	struct relay *relay = s->all->relay;
	if (s->tunnel) {
		s->tunnel->passages -= d->upgrade;
		s->tunnel->senders--;
		s->tunnel = NULL;
	}
	relay->metrics.in_flight -= s->counted;
	s->counted = s->asked = false;
	s->delivery = NULL;
	if (d)
		delivery_leave_sender(d);
	http1_body_free(&s->body);
	buffer_free(&s->fields);
	buffer_free(&s->page);
	free(s->sentence);
	s->sentence = NULL;
	s->after_body = REFUSE_NOTHING;
	if (s->forwarded) {
		throttle_disconnected(relay->throttle, &s->address);
		sender_know_peer(s);
	}
}

void sender_free(struct sender *s)
{
	buffer_free(&s->in);
	buffer_free(&s->out);
	buffer_free(&s->fields);
	buffer_free(&s->page);
	free(s->sentence);
	free(s);
}

static void on_closed(uv_handle_t *h)
{
	sender_free(h->data);
}

void sender_leave(struct sender *s, uv_close_cb closed)
{
	struct senders *all = s->all;
	sender_end_request(s);
	sender_to(s, SENDER_CLOSED);
	wheel_remove(&all->wheel, &s->deadline);
	silent_remove(&all->handshakes, &s->turn);
	if (s->woken)
		LL_DELETE2(all->woken, s, woken_next);
	DL_DELETE(all->list, s);
	all->count--;
	uv_close((uv_handle_t *)&s->poll, closed);
}

void sender_close(struct sender *s)
{
	if (s->state == SENDER_CLOSED)
		return;
	sender_leave(s, on_closed);
	throttle_disconnected(s->all->relay->throttle, &s->address);
	conn_close(&s->conn);
}

void sender_go_on_soon(struct sender *s)
{
	if (s->woken || s->working)
		return;
	s->woken = true;
	LL_PREPEND2(s->all->woken, s, woken_next);
	uv_idle_start(&s->all->soon, s->all->on_soon);
}

bool sender_has_memory(const struct sender *s, size_t more)
{
	struct relay *relay = s->all->relay;
	bool fine = memory_takes(&relay->memory, MEMORY_REQUEST, more, uv_now(relay->loop));
	relay->metrics.reached[REACHED_MEMORY_MAX] += !fine;
	return fine;
}

void sender_log_refused(const struct relay *relay, const char *why)
{
	if (RELAY_LOGS(relay, LOG_WARN, "connection_refused", why))
		log_event(LOG_WARN, "connection_refused", "reason", why, NULL);
}
