/* One request, from its request line until its answer is known. */
#include "relay/senders/ingress_private.h"

#include "relay/senders/ingress_head.h"
#include "relay/common/throttle.h"
#include "relay/senders/plaintext.h"
#include "relay/tunnels/router.h"
#include "relay/tunnels/delivery_streams.h"
#include "relay/tunnels/registry.h"
#include "relay/common/trusted.h"
#include "shared/base/clock.h"
#include "shared/http/headers.h"
#include "shared/program/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void on_wake(struct delivery *d);

static bool is_websocket(const struct http_head *head, const struct http_framing *framing)
{
	return bytes_equal(head->method, bytes_of("GET")) && bytes_equal(head->version, bytes_of("HTTP/1.1")) &&
	       !framing->has_body && headers_ask_for_websocket(head->headers);
}

/* Before its body. Who asks first (Expect) sends none then, and MHD would bid it go on if it were not answered here. */
static enum MHD_Result refuse(struct exchange *x, const struct http_head *head, const struct http_framing *framing,
			      enum refusal why)
{
	struct bytes expect;
	bool comes = framing->has_body && framing->body_len > 0 && !headers_find(head->headers, "Expect", &expect);
	return comes ? ingress_refuse_and_discard(x, why) : ingress_reply_refusal(x, why);
}

static enum MHD_Result open_delivery(struct exchange *x, const struct http_head *head, const struct route *route,
				     const struct http_framing *framing, enum refusal refusal)
{
	struct ingress *in = x->sender->in;
	struct wire_request request = {
		.received_at_us = clock_now_us(),
		.body_len = framing->body_len,
		.has_body = framing->has_body,
		.https = x->sender->tls,
		.forwarded = x->sender->forwarded,
		.peer = bytes_of(x->sender->peer),
		.method = head->method,
		.target = route->target,
		.prefix = route->prefix,
		.headers = head->headers,
	};
	if (!uuid_make_of(&in->random, request.event_id, request.received_at_us) ||
	    !(x->delivery = delivery_new(&request, registry_folder(in->relay->registry))))
		return refuse(x, head, framing, REFUSE_OVERLOADED);
	if (refusal != REFUSE_NOTHING) {
		registry_tell_refused(route->holder, x->delivery, refusal_text(refusal)->status);
		return refuse(x, head, framing, refusal);
	}
	x->delivery->wake = on_wake;
	x->delivery->owner = x;
	x->delivery->upgrade = is_websocket(head, framing) && registry_passes_upgrades(route->holder);
	if (x->delivery->upgrade && route->holder->passages >= LIMIT_UPGRADES_PER_TUNNEL)
		return refuse(x, head, framing, REFUSE_PASSAGES);
	refusal = registry_dispatch(route->holder, x->delivery);
	if (refusal != REFUSE_NOTHING)
		return refuse(x, head, framing, refusal);
	x->tunnel = route->holder;
	x->tunnel->senders++;
	x->tunnel->passages += x->delivery->upgrade;
	in->relay->metrics.deliveries++;
	in->relay->metrics.in_flight++;
	x->counted = true;
	ingress_set_state(x->sender, SENDER_BODY, in->relay->settings.body_timeout_ms);
	return MHD_YES;
}

static bool is_tunnel_path(struct bytes target)
{
	size_t len = strlen(WIRE_PATH);
	return target.len >= len && memcmp(target.at, WIRE_PATH, len) == 0 &&
	       (target.len == len || target.at[len] == '?' || target.at[len] == '/');
}

/* From elsewhere than this machine, to a relay that has a certificate. Only what has no body is sent on: the rest has
 * been read by who is on the way by now, and its sender is to see that. */
static enum MHD_Result refuse_plaintext(struct exchange *x, const struct http_head *head,
					const struct http_framing *framing, struct bytes host, bool tunnel)
{
	struct buffer location = { 0 };
	bool reads = bytes_equal(head->method, bytes_of("GET")) || bytes_equal(head->method, bytes_of("HEAD"));
	if (tunnel || !reads || headers_ask_for_websocket(head->headers))
		return refuse(x, head, framing, REFUSE_PLAINTEXT);
	bool fine = plaintext_write_location(x->sender->in->relay, x->sender->fd, host, head->target, &location) &&
		    headers_append(&x->fields, bytes_of("Location"), buffer_view(&location));
	buffer_free(&location);
	return ingress_reply_refusal(x, fine ? REFUSE_TO_HTTPS : REFUSE_OVERLOADED);
}

/* Says which host came. */
static enum MHD_Result refuse_host(struct exchange *x, const struct http_head *head, const struct http_framing *framing,
				   struct bytes host)
{
	x->sentence = malloc(HOST_CHECK_SENTENCE);
	if (x->sentence)
		host_check_explain(host, x->sentence);
	return refuse(x, head, framing, REFUSE_MISDIRECTED);
}

/* Whoever runs a proxy before the relay and did not say so finds no senders in its record: said once, in the log. */
static void tell_of_proxy(const struct sender *s, struct bytes headers)
{
	struct relay *relay = s->in->relay;
	struct bytes value;
	if (relay->told_of_proxy || relay->settings.trusted_proxy.count > 0 || !peer_is_loopback(&s->from) ||
	    !headers_find(headers, "X-Forwarded-For", &value))
		return;
	relay->told_of_proxy = true;
	log_event(LOG_WARN, "proxy_not_trusted", "peer", s->peer, "text",
		  "its X-Forwarded-For is not believed: if it is a proxy of yours, name it with --trusted-proxy", NULL);
}

/* Of a request on a trusted proxy's connection: whose it is. For as long as it is under way it counts as a connection
 * of theirs; false when they have too many. */
static bool find_sender(struct sender *s, struct bytes headers)
{
	struct relay *relay = s->in->relay;
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
	relay->metrics.reached[REACHED_MAX_CONNECTIONS_PER_ADDRESS]++;
	return false;
}

static enum MHD_Result begin_request(struct exchange *x, const char *method, const char *version)
{
	struct ingress *in = x->sender->in;
	struct buffer block = { 0 };
	struct http_head head;
	struct http_framing framing = { false, 0 };
	struct route route = { 0 };
	struct bytes host, origin;
	enum MHD_Result result;
	in->relay->metrics.requests++;
	enum refusal why =
	    ingress_read_head(x->sender->connection, method, version, x->target, x->target_in_place, &block, &head);
	bool under_way = why == REFUSE_NOTHING && !find_sender(x->sender, head.headers);
	if (why == REFUSE_NOTHING)
		why = http_rules_check(&head, in->relay->settings.max_body, &framing);
	bool for_record = why == REFUSE_BODY_TOO_LARGE;
	if (why != REFUSE_NOTHING && !for_record) {
		result = ingress_reply_refusal(x, why);
		goto out;
	}
	bool has_host = headers_find(head.headers, "Host", &host); /* HTTP/1.0 may have none; every browser sends one */
	uint64_t now = uv_now(in->relay->loop);
	if (under_way) {
		result = ingress_reply_refusal(x, REFUSE_UNDER_WAY);
	} else if (!throttle_take_address(in->relay->throttle, &x->sender->address, now)) {
		result = ingress_reply_refusal(x, REFUSE_RATE_ADDRESS);
	} else if (is_tunnel_path(head.target) &&
		   !throttle_take_refusal(in->relay->throttle, &x->sender->address, now)) {
		result = ingress_reply_refusal(x, REFUSE_RATE_REFUSED); /* no tunnel begins here, whatever is asked */
	} else if (!x->sender->tls && plaintext_is_unwelcome(in->relay, &x->sender->from)) {
		result = refuse_plaintext(x, &head, &framing, host, is_tunnel_path(head.target));
	} else if (has_host && !host_check_is_ours(&in->relay->names, host)) {
		result = refuse_host(x, &head, &framing, host);
	} else if (is_tunnel_path(head.target)) {
		bool page = headers_find(head.headers, "Origin", &origin);
		result = ingress_reply_refusal(x, page ? REFUSE_ORIGIN : REFUSE_TUNNEL_HERE);
	} else if (!router_find(in->relay->router, host, head.target, &route)) {
		result = refuse(x, &head, &framing, REFUSE_NO_TUNNEL);
	} else if (!throttle_take_tunnel(in->relay->throttle, route.name, now)) {
		result = ingress_reply_refusal(x, REFUSE_RATE_TUNNEL);
	} else if (in->relay->draining) {
		result = ingress_reply_refusal(x, REFUSE_DRAINING);
	} else {
		enum refusal offline = route.holder ? registry_admit(route.holder, head.method) : REFUSE_OFFLINE;
		if (offline != REFUSE_NOTHING)
			result = refuse(x, &head, &framing, for_record ? why : offline);
		else if (!ingress_warns(x, &head, &route, framing.has_body && framing.body_len > 0, &result))
			result = open_delivery(x, &head, &route, &framing, why);
	}
out:
	free(route.spare);
	buffer_free(&block);
	return result;
}

/* MHD 0.9.75 goes on handing out the chunks it has in its buffer, and its lists do not survive a second suspension. */
static void suspend(struct exchange *x)
{
	if (x->suspended)
		return;
	x->suspended = true;
	MHD_suspend_connection(x->sender->connection);
}

/* The rest of a body whose answer was written by hand is read and dropped, so that its sender reads the answer. */
static enum MHD_Result discard(struct exchange *x, size_t *len)
{
	x->discard += *len;
	*len = 0;
	if (x->discard <= LIMIT_REFUSED_BODY)
		return MHD_YES;
	x->sender->in->relay->metrics.reached[REACHED_REFUSED_BODY]++;
	return MHD_NO;
}

/* In the middle of its body, which goes on record. */
static void cut(struct delivery *d, uint32_t code, enum refusal why, const char *reason)
{
	delivery_cut(d, code, refusal_text(why)->status, reason);
	delivery_refuse(d, why);
}

/* Of a body whose length was declared it was taken with the head. */
static enum refusal take_room(struct delivery *d, size_t len)
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

static enum MHD_Result take_body(struct exchange *x, const char *at, size_t *len)
{
	struct delivery *d = x->delivery;
	struct ingress *in = x->sender->in;
	if (x->discarding)
		return discard(x, len);
	ingress_set_state(x->sender, SENDER_BODY, in->relay->settings.body_timeout_ms);
	if (d->phase == PHASE_REFUSED)
		goto refuse_now;
	x->received += *len;
	if (x->received > in->relay->settings.max_body) {
		cut(d, WIRE_RESET_TOO_LARGE, REFUSE_BODY_TOO_LARGE, "the body is larger than the relay takes");
		goto refuse_now;
	}
	/* Where an answer came early, or no stream is left, the rest goes nowhere. */
	enum refusal why = take_room(d, *len);
	if (why == REFUSE_NOTHING && d->streams && !spill_append(&d->body, at, *len))
		why = refusal_of_errno(errno);
	if (why != REFUSE_NOTHING) {
		cut(d, WIRE_RESET_TRUNCATED, why, "the relay has no room for the body");
		goto refuse_now;
	}
	in->relay->metrics.bytes_in += *len;
	*len = 0;
	delivery_pump(d);
	return MHD_YES;
refuse_now:
	if (!ingress_write_refusal(x->sender, d->refusal))
		return MHD_NO;
	x->discarding = true;
	return discard(x, len);
}

static enum MHD_Result end_body(struct exchange *x)
{
	struct delivery *d = x->delivery;
	struct ingress *in = x->sender->in;
	if (!d->body_whole) {
		enum refusal why = ingress_read_trailers(x->sender->connection, &d->trailers);
		const char *wrong = "malformed trailers";
		if (why == REFUSE_NOTHING && d->trailers.len > 0) {
			why = take_room(d, 0);
			wrong = "the relay has no room for the trailers";
		}
		if (why != REFUSE_NOTHING)
			cut(d, WIRE_RESET_TRUNCATED, why, wrong);
		delivery_body_ends(d);
		ingress_set_state(x->sender, SENDER_WAITING, in->relay->settings.reply_timeout_ms);
		delivery_pump(d);
		delivery_settle(d);
	}
	if (d->phase == PHASE_REFUSED)
		return ingress_reply_refusal(x, d->refusal);
	if (d->phase == PHASE_ACCEPTED)
		return ingress_reply_accepted(x);
	if (d->phase == PHASE_ABORTED)
		return MHD_NO;
	if (d->phase == PHASE_ANSWERING || d->phase == PHASE_DONE)
		return ingress_reply_answer(x);
	suspend(x);
	return MHD_YES;
}

enum MHD_Result ingress_on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
				   const char *version, const char *upload, size_t *upload_len, void **con_cls)
{
	struct exchange *x = *con_cls;
	(void)cls;
	(void)connection;
	(void)url;
	if (!x)
		return MHD_NO; /* out of memory at the request line */
	if (!x->started) {
		x->started = true;
		return begin_request(x, method, version);
	}
	if (x->replied)
		return MHD_YES;
	if (x->after_body != REFUSE_NOTHING)
		return *upload_len > 0 ? discard(x, upload_len) : ingress_reply_refusal(x, x->after_body);
	if (*upload_len > 0)
		return take_body(x, upload, upload_len);
	return x->discarding ? MHD_NO : end_body(x);
}

static void on_wake(struct delivery *d)
{
	struct exchange *x = d->owner;
	if (!x->suspended)
		return;
	if (d->phase < PHASE_ANSWERING)
		return;
	x->suspended = false;
	if (x->sender->state == SENDER_BODY || x->sender->state == SENDER_ANSWERING)
		ingress_set_state(x->sender, x->sender->state, x->sender->in->relay->settings.body_timeout_ms);
	MHD_resume_connection(x->sender->connection);
	http_daemon_kick(x->sender->daemon);
}

void *ingress_on_request_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
	(void)cls;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct sender *s = info ? info->socket_context : NULL;
	struct exchange *x = calloc(1, sizeof *x);
	if (!s || !x || !(x->target = strdup(uri ? uri : ""))) {
		free(x);
		return NULL;
	}
	x->sender = s;
	x->target_in_place = uri;
	s->exchange = x;
	if (s->state == SENDER_IDLE)
		ingress_set_state(s, SENDER_HEAD, s->in->relay->settings.header_timeout_ms);
	return x;
}

void ingress_on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
			  enum MHD_RequestTerminationCode code)
{
	struct exchange *x = *con_cls;
	(void)cls;
	(void)connection;
	(void)code;
	if (!x)
		return;
	struct sender *s = x->sender;
	if (x->passage)
		passage_free(x->passage);
	if (x->tunnel) {
		x->tunnel->passages -= x->delivery->upgrade;
		x->tunnel->senders--;
	}
	if (x->delivery) {
		struct delivery *d = x->delivery;
		s->in->relay->metrics.in_flight -= x->counted;
		delivery_leave_sender(d);
	}
	free(x->target);
	buffer_free(&x->fields);
	buffer_free(&x->page);
	free(x->sentence);
	free(x);
	*con_cls = NULL;
	s->exchange = NULL;
	if (s->forwarded) {
		throttle_disconnected(s->in->relay->throttle, &s->address);
		ingress_know_peer(s);
	}
	ingress_set_state(s, SENDER_IDLE, INT64_C(1000) * LIMIT_IDLE);
}
