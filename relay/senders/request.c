/* Heads and bodies: what a sender's bytes become, and what is refused. */
#include "relay/senders/readiness.h"
#include "relay/senders/sender.h"

#include "relay/cluster/cluster.h"
#include "relay/crossing/crossing.h"
#include "relay/net/challenges.h"
#include "relay/net/host_check.h"
#include "relay/common/limits.h"
#include "relay/common/loops.h"
#include "relay/net/trusted.h"
#include "relay/opening/plaintext.h"
#include "relay/streams/delivery_streams.h"
#include "relay/registry/registry.h"
#include "relay/names/router.h"
#include "shared/base/clock.h"
#include "shared/http/headers.h"
#include "shared/program/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(HTTP1_HEAD_MOST == LIMIT_HEAD_BYTES && HTTP1_FIELDS_MOST == LIMIT_HEAD_FIELDS, "one limit of a head");

#define HEAD_SMALL 4096 /* bytes of a head that is coming that nobody asks about */

static enum refusal refusal_of(enum http1_fault fault)
{
	switch (fault) {
	case HTTP1_FINE:
		return REFUSE_NOTHING;
	case HTTP1_NOT_HTTP:
	case HTTP1_BAD_START:
	case HTTP1_BAD_LINE_END:
	case HTTP1_FOLDED:
	case HTTP1_BAD_CHUNK:
		return REFUSE_MALFORMED;
	case HTTP1_BAD_METHOD:
		return REFUSE_BAD_METHOD;
	case HTTP1_BAD_TARGET:
		return REFUSE_BAD_TARGET;
	case HTTP1_BAD_VERSION:
		return REFUSE_VERSION;
	case HTTP1_BAD_FIELD:
	case HTTP1_BAD_TRAILER:
		return REFUSE_BAD_FIELD;
	case HTTP1_HEAD_TOO_LARGE:
	case HTTP1_TOO_MANY_FIELDS:
	case HTTP1_TRAILERS_TOO_LARGE:
		return REFUSE_HEADERS_TOO_LARGE;
	case HTTP1_BAD_HOST:
		return REFUSE_HOST;
	case HTTP1_BAD_LENGTH:
		return REFUSE_LENGTH;
	case HTTP1_LENGTH_AND_CODING:
		return REFUSE_LENGTH_AND_ENCODING;
	case HTTP1_BAD_CODING:
		return REFUSE_ENCODING;
	case HTTP1_BODY_TOO_LARGE:
		return REFUSE_BODY_TOO_LARGE;
	case HTTP1_NO_MEMORY:
	case HTTP1_FAULT_COUNT:
		break;
	}
	return REFUSE_OVERLOADED;
}

/* ---- heads ---- */

static void on_wake(struct delivery *d)
{
	sender_go_on_soon(d->owner);
}

/* Whoever runs a proxy before the relay and did not say so finds no senders in its record: said once, in the log. */
static void tell_of_proxy(const struct sender *s, struct bytes headers)
{
	struct relay *relay = s->all->relay;
	struct bytes value;
	if (relay->told_of_proxy || relay->settings.trusted_proxy.count > 0 || !peer_is_loopback(&s->from) ||
	    !headers_find(headers, "X-Forwarded-For", &value))
		return;
	relay->told_of_proxy = true;
	log_event(LOG_WARN, "proxy_not_trusted", "peer", s->peer, "text",
		  "its X-Forwarded-For is not believed: if it is a proxy of yours, name it with --trusted-proxy", NULL);
}

/* Finds whose request it is that came on a trusted proxy's connection. It counts as a connection of theirs while it is
 * under way; false when they have too many. */
static bool find_sender(struct sender *s, struct bytes headers)
{
	struct relay *relay = s->all->relay;
	struct peer who;
	if (!s->forwarded) {
		tell_of_proxy(s, headers);
		return true;
	}
	trusted_find_sender(relay->trusted, &s->from, headers, &who);
	peer_format(&who, s->peer);
	if (trusted_has(relay->trusted, &who))
		return true;
	throttle_address_of(&s->address, &who);
	if (throttle_may_connect(relay->throttle, &s->address)) {
		throttle_connected(relay->throttle, &s->address);
		return true;
	}
	s->address.known = false; /* nothing to be taken back */
	return false;
}

static bool is_tunnel_path(struct bytes target)
{
	size_t len = strlen(WIRE_PATH);
	return target.len >= len && memcmp(target.at, WIRE_PATH, len) == 0 &&
	       (target.len == len || target.at[len] == '?' || target.at[len] == '/');
}

/* From elsewhere than this machine, to a relay that has a certificate. Only what has no body is sent on: the rest has
 * been read by who is on the way by now, and its sender is to see that. */
static void refuse_plaintext(struct sender *s, const struct wire_request *r, struct bytes host, bool websocket)
{
	struct buffer location = { 0 };
	bool reads = bytes_equal(r->method, bytes_of("GET")) || bytes_equal(r->method, bytes_of("HEAD"));
	if (is_tunnel_path(r->target) || !reads || websocket) {
		answer_refuse(s, REFUSE_PLAINTEXT);
		return;
	}
	bool fine = plaintext_write_location(s->all->relay, s->conn.fd, host, r->target, &location) &&
		    headers_append(&s->fields, bytes_of("Location"), buffer_view(&location));
	buffer_free(&location);
	answer_refuse(s, fine ? REFUSE_TO_HTTPS : REFUSE_OVERLOADED);
}

/* Says which host came. */
static void refuse_host(struct sender *s, struct bytes host)
{
	s->sentence = malloc(HOST_CHECK_SENTENCE);
	if (s->sentence)
		host_check_explain(host, s->sentence);
	answer_refuse(s, REFUSE_MISDIRECTED);
}

static void open_delivery(struct sender *s, struct wire_request *r, const struct route *route, bool websocket,
			  enum refusal refusal)
{
	struct senders *all = s->all;
	r->peer = bytes_of(s->peer);
	r->target = route->target;
	r->prefix = route->prefix;
	if (!uuid_make_of(&all->random, r->event_id, r->received_at_us) ||
	    !(s->delivery = delivery_new(r, registry_folder(all->relay->registry)))) {
		answer_refuse(s, REFUSE_OVERLOADED);
		return;
	}
	spill_close_aside(&s->delivery->body, all->relay->loop);
	if (refusal != REFUSE_NOTHING) {
		registry_tell_refused(route->holder, s->delivery, refusal_text(refusal)->status);
		answer_refuse(s, refusal);
		return;
	}
	loops_note(all->relay->loops, r->event_id, uv_now(all->relay->loop));
	s->delivery->wake = on_wake;
	s->delivery->owner = s;
	s->delivery->upgrade = websocket && registry_passes_upgrades(route->holder);
	if (s->delivery->upgrade && route->holder->passages >= LIMIT_UPGRADES_PER_TUNNEL)
		refusal = REFUSE_PASSAGES;
	else
		refusal = registry_dispatch(route->holder, s->delivery);
	if (refusal != REFUSE_NOTHING) {
		answer_refuse(s, refusal);
		return;
	}
	s->tunnel = route->holder;
	s->tunnel->senders++;
	s->tunnel->passages += s->delivery->upgrade;
	all->relay->metrics.deliveries++;
	all->relay->metrics.foreign += all->relay->cluster && registry_is_elsewhere(s->tunnel);
	all->relay->metrics.in_flight++;
	s->counted = true;
	sender_to(s, SENDER_BODY);
}

/* ---- the other nodes of a cluster ---- */

static void on_looked_up(struct lookups_waiter *w, enum lookup result)
{
	struct sender *s = (struct sender *)((char *)w - offsetof(struct sender, lookup));
	s->looked_up = result;
	sender_go_on_soon(s);
}

/* Whether the request has to wait until it is known which node has its tunnel. One that is here is not asked for. */
static bool looks_up(struct sender *s, struct bytes host, struct bytes target)
{
	struct relay *relay = s->all->relay;
	char name[TUNNEL_NAME_MAX + 1];
	struct record_tunnel record;
	if (!relay->cluster || !router_read_name(relay->router, host, target, name) ||
	    registry_has_client(relay->registry, name))
		return false;
	if (!s->asked || s->looked_up == LOOKUP_FOUND)
		s->looked_up = cluster_find(relay->cluster, name, &record);
	if (s->looked_up == LOOKUP_UNDER_WAY && !s->asked) {
		s->asked = true;
		s->lookup.over = on_looked_up;
		cluster_wait(relay->cluster, name, &s->lookup);
		sender_to(s, SENDER_LOOKUP);
		return true;
	}
	if (s->looked_up == LOOKUP_FOUND) {
		registry_take_record(relay->registry, name, &record, cluster_id(relay->cluster));
		crossing_learn(relay->crossing, name, &record);
	}
	return false;
}

static enum refusal not_found(const struct sender *s)
{
	if (!s->all->relay->cluster)
		return REFUSE_NO_TUNNEL;
	switch (s->looked_up) {
	case LOOKUP_AWAY:
	case LOOKUP_UNDER_WAY:
		return REFUSE_CLUSTER_AWAY;
	case LOOKUP_TOO_MANY:
		return REFUSE_LOOKUPS;
	case LOOKUP_NONE:
	case LOOKUP_FOUND: /* it names a tunnel that cannot have clients here */
	case LOOKUP_RESULTS:
		break;
	}
	return REFUSE_NO_TUNNEL;
}

static void answer_readiness(struct sender *s)
{
	switch (readiness_of(s->all->relay)) {
	case READINESS_READY:
		answer_text(s, bytes_of("ready\n"));
		return;
	case READINESS_DRAINING:
		answer_refuse(s, REFUSE_DRAINING);
		return;
	case READINESS_DISK_FULL:
		answer_refuse(s, REFUSE_DISK_FULL);
		return;
	case READINESS_STARTING:
		answer_refuse(s, REFUSE_STARTING);
		return;
	}
}

/* `why`: what is refused already and yet goes on record. */
static void admit(struct sender *s, struct wire_request *r, struct bytes host, bool websocket, enum refusal why)
{
	struct relay *relay = s->all->relay;
	struct route route = { 0 };
	struct bytes origin, proof;
	uint64_t now = uv_now(relay->loop);
	bool for_tunnel = is_tunnel_path(r->target);
	if (!s->asked && !find_sender(s, r->headers)) {
		answer_refuse(s, REFUSE_UNDER_WAY);
	} else if (!sender_has_memory(s, s->head.size)) {
		answer_refuse(s, REFUSE_OVERLOADED);
	} else if (!s->asked && !throttle_take_address(relay->throttle, &s->address, now)) {
		answer_refuse(s, REFUSE_RATE_ADDRESS);
	} else if (for_tunnel && !throttle_take_refusal(relay->throttle, &s->address, now)) {
		answer_refuse(s, REFUSE_RATE_REFUSED); /* no tunnel begins here, whatever is asked */
	} else if (bytes_equal(r->method, bytes_of("GET")) &&
		   (proof = challenges_answer(relay->challenges, r->target)).len > 0) {
		answer_text(s, proof);
	} else if (bytes_equal(r->method, bytes_of("GET")) && readiness_is_asked(relay, host, r->target)) {
		answer_readiness(s);
	} else if (!s->conn.tls && plaintext_is_unwelcome(relay, &s->from)) {
		refuse_plaintext(s, r, host, websocket);
	} else if (s->head.hosts > 0 && !host_check_is_ours(&relay->names, host)) {
		refuse_host(s, host);
	} else if (for_tunnel) {
		answer_refuse(s, headers_find(r->headers, "Origin", &origin) ? REFUSE_ORIGIN : REFUSE_TUNNEL_HERE);
	} else if (looks_up(s, host, r->target)) {
		return;
	} else if (!router_find(relay->router, host, r->target, &route)) {
		answer_refuse(s, not_found(s));
	} else if (is_tunnel_path(route.target)) {
		bool more = throttle_take_refusal(relay->throttle, &s->address, now);
		answer_refuse(s, more ? REFUSE_TUNNEL_BELOW : REFUSE_RATE_REFUSED);
	} else if (loops_has(relay->loops, r->headers, now)) {
		answer_refuse(s, REFUSE_LOOP);
	} else if (!throttle_take_tunnel(relay->throttle, route.name, now)) {
		answer_refuse(s, REFUSE_RATE_TUNNEL);
	} else if (relay->draining) {
		answer_refuse(s, REFUSE_DRAINING);
	} else {
		enum refusal offline = route.holder ? registry_admit(route.holder, r->method) : REFUSE_OFFLINE;
		if (offline != REFUSE_NOTHING)
			answer_refuse(s, why != REFUSE_NOTHING ? why : offline);
		else if (!warning_answers(s, r, &route, !http1_body_is_over(&s->body)))
			open_delivery(s, r, &route, websocket, why);
	}
	free(route.spare);
}

/* The head is whole: `in` begins with it. */
static void begin(struct sender *s, struct bytes in)
{
	struct relay *relay = s->all->relay;
	struct buffer spare = { 0 }, block = { 0 };
	struct bytes authority;
	struct wire_request r = {
		.received_at_us = clock_now_us(),
		.https = s->conn.tls != NULL,
		.forwarded = s->forwarded,
		.method = http1_at(in, s->head.method),
		.headers = http1_at(in, s->head.block),
	};
	enum refusal why = refusal_of(http1_request_body(&s->head, relay->settings.max_body, &s->body));
	r.has_body = s->body.framing != HTTP1_NO_BODY;
	r.body_len = s->body.framing == HTTP1_CHUNKED ? WIRE_UNKNOWN_LENGTH : s->body.left;
	s->version_1_0 = s->head.minor == 0;
	s->asks_head = bytes_equal(r.method, bytes_of("HEAD"));
	s->keeps_alive = http1_head_persists(&s->head);
	s->continue_due = s->head.expects_continue && !s->version_1_0 && !http1_body_is_over(&s->body);
	if (why != REFUSE_NOTHING && why != REFUSE_BODY_TOO_LARGE) {
		answer_refuse(s, why);
		return;
	}
	bool fine = http1_target(&s->head, in, &spare, &r.target, &authority);
	struct bytes host = authority.len > 0 ? authority : http1_at(in, s->head.host);
	if (authority.len > 0) {
		fine = fine && http1_put_host(&block, r.headers, authority);
		r.headers = buffer_view(&block);
		s->head.hosts = 1;
	}
	if (fine) {
		admit(s, &r, host, http1_head_asks_for_websocket(&s->head, in), why);
	} else {
		answer_refuse(s, REFUSE_OVERLOADED);
	}
	buffer_free(&spare);
	buffer_free(&block);
}

static bool take_head(struct sender *s, struct bytes in, size_t *used)
{
	*used = 0;
	if (s->state == SENDER_IDLE) {
		http1_head_begin(&s->head, HTTP1_REQUEST);
		sender_to(s, SENDER_HEAD);
	}
	enum http1_state state = http1_head_read(&s->head, in);
	if (state == HTTP1_MORE && in.len > HEAD_SMALL && !sender_has_memory(s, in.len))
		answer_refuse(s, REFUSE_OVERLOADED);
	if (state == HTTP1_MORE)
		return false;
	s->all->relay->metrics.requests += !s->asked;
	if (state == HTTP1_BAD) {
		s->asks_head = false;
		answer_refuse(s, refusal_of(s->head.fault));
		return false;
	}
	begin(s, in);
	if (s->state == SENDER_LOOKUP) /* its head is read again */
		return false;
	*used = s->head.size;
	s->body_since = uv_now(s->all->relay->loop);
	return true;
}

/* ---- bodies ---- */

/* In the middle of its body, which goes on record. */
static void cut(struct sender *s, uint32_t code, enum refusal why, const char *reason)
{
	delivery_cut(s->delivery, code, refusal_text(why)->status, reason);
	delivery_refuse(s->delivery, why);
	answer_refuse(s, s->delivery->refusal);
}

/* Takes quota for a piece of a body of unknown length; a declared length was taken with the head. */
static enum refusal take_quota(struct delivery *d, size_t len)
{
	enum refusal why = d->streams ? delivery_take_quota(d, len) : REFUSE_NOTHING;
	if (why != REFUSE_NOTHING && delivery_leave_out_copies(d, why))
		why = delivery_take_quota(d, len);
	return why;
}

/* Why a piece of a body could not be kept, by errno. */
static enum refusal refusal_of_errno(int code)
{
	return code == ENOSPC || code == EDQUOT ? REFUSE_DISK_FULL
	       : code == ENOMEM                 ? REFUSE_OVERLOADED
						: REFUSE_SPOOL_FAILED;
}

static void take_piece(struct sender *s, struct bytes piece)
{
	struct delivery *d = s->delivery;
	if (!d || piece.len == 0) /* a form of the page */
		return;
	/* Where an answer came early, or no stream is left, the rest goes nowhere. */
	enum refusal why = take_quota(d, piece.len);
	if (why == REFUSE_NOTHING && d->streams && !sender_has_memory(s, piece.len))
		why = REFUSE_OVERLOADED;
	if (why == REFUSE_NOTHING && d->streams && !spill_append(&d->body, piece.at, piece.len))
		why = refusal_of_errno(errno);
	if (why != REFUSE_NOTHING) {
		cut(s, WIRE_RESET_TRUNCATED, why, "the relay has no room for the body");
		return;
	}
	s->all->relay->metrics.bytes_in += piece.len;
	if (!http1_body_is_over(&s->body))
		delivery_pump(d); /* else with its end */
}

static void end_body(struct sender *s)
{
	struct delivery *d = s->delivery;
	if (!d) {
		answer_refuse(s, s->after_body);
		return;
	}
	if (s->body.trailers.len > 0) {
		d->trailers = s->body.trailers;
		s->body.trailers = (struct buffer){ 0 };
		enum refusal why = take_quota(d, 0);
		if (why != REFUSE_NOTHING) {
			cut(s, WIRE_RESET_TRUNCATED, why, "the relay has no room for the trailers");
			return;
		}
	}
	delivery_body_ends(d);
	sender_to(s, SENDER_WAIT);
	delivery_pump(d);
	delivery_settle(d);
}

/* Slower than the least rate would let a body be drawn out without end, a byte each minute. */
static bool is_too_slow(const struct sender *s, uint64_t now)
{
	uint64_t took = now - s->body_since;
	return took > UINT64_C(1000) * LIMIT_RATE_GRACE && s->body.total * 1000 / took < LIMIT_LEAST_RATE;
}

void request_too_slow(struct sender *s)
{
	struct metrics *m = &s->all->relay->metrics;
	m->reached[s->state == SENDER_HEAD ? REACHED_HEADER_TIMEOUT : REACHED_BODY_TIMEOUT]++;
	if (s->delivery && !s->delivery->body_whole)
		delivery_cut(s->delivery, WIRE_RESET_TRUNCATED, refusal_text(REFUSE_SLOW)->status,
			     "the sender is too slow");
	answer_refuse(s, REFUSE_SLOW);
}

/* A piece of a body came. */
static void note_body(struct sender *s)
{
	uint64_t now = uv_now(s->all->relay->loop);
	if (is_too_slow(s, now))
		request_too_slow(s);
	else
		sender_expires_in(s, s->all->relay->settings.body_timeout_ms);
}

static bool take_body(struct sender *s, struct bytes in, size_t *used)
{
	struct bytes piece;
	enum http1_state state = http1_body_read(&s->body, in, used, &piece);
	if (state == HTTP1_BAD) {
		enum refusal why = refusal_of(s->body.fault);
		if (!s->delivery)
			answer_refuse(s, why);
		else if (why == REFUSE_BODY_TOO_LARGE)
			cut(s, WIRE_RESET_TOO_LARGE, why, "the body is larger than the relay takes");
		else
			cut(s, WIRE_RESET_TRUNCATED, why, "malformed chunks");
		return false;
	}
	s->continue_due = false;
	if (*used > 0)
		note_body(s);
	if (s->state == SENDER_BODY && state == HTTP1_PIECE)
		take_piece(s, piece);
	if (s->state == SENDER_BODY && (state == HTTP1_WHOLE || http1_body_is_over(&s->body)))
		end_body(s);
	return *used > 0;
}

bool request_take(struct sender *s, struct bytes in, size_t *used)
{
	*used = 0;
	switch (s->state) {
	case SENDER_IDLE:
	case SENDER_HEAD:
		if (!take_head(s, in, used))
			return false;
		/* No byte more may come. */
		if (s->state == SENDER_BODY && http1_body_is_over(&s->body))
			end_body(s);
		else if (s->state == SENDER_BODY && s->continue_due && *used == in.len)
			answer_continue(s);
		return true;
	case SENDER_BODY:
		return take_body(s, in, used);
	case SENDER_LINGER:
		*used = in.len;
		s->dropped += in.len;
		if (s->dropped > LIMIT_REFUSED_BODY) {
			s->all->relay->metrics.reached[REACHED_REFUSED_BODY]++;
			sender_close(s);
		}
		return s->state == SENDER_LINGER;
	case SENDER_LOOKUP:
		if (s->looked_up == LOOKUP_UNDER_WAY)
			return false;
		http1_head_begin(&s->head, HTTP1_REQUEST);
		sender_to(s, SENDER_HEAD);
		return request_take(s, in, used);
	case SENDER_SNIFF:
	case SENDER_TLS:
	case SENDER_WAIT:
	case SENDER_ANSWER:
	case SENDER_PASSAGE:
	case SENDER_CLOSED:
	case SENDER_STATES:
		break;
	}
	return false;
}
