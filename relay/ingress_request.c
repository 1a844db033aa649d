/* One request and its answer, from the request line to the last byte. */
#include "relay/ingress_private.h"

#include "relay/ingress_head.h"
#include "relay/limits.h"
#include "relay/router.h"
#include "relay/registry.h"
#include "shared/headers.h"
#include "shared/log.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define DISCARD_MAX (8u << 20) /* of a refused body, so that its sender sees the answer */

/* ---- answers ---- */

static void count_status(struct ingress *in, int status)
{
	if (status >= 100 && status < 600)
		in->relay->metrics.status_class[status / 100]++;
}

static enum MHD_Result reply_refusal(struct exchange *x, enum refusal why)
{
	struct ingress *in = x->sender->in;
	const struct refusal_text *t = refusal_text(why);
	char body[300];
	int len = snprintf(body, sizeof body, "creel: %s\n", t->sentence);
	struct MHD_Response *r = MHD_create_response_from_buffer((size_t)len, body, MHD_RESPMEM_MUST_COPY);
	if (!r)
		return MHD_NO;
	bool fine = MHD_add_response_header(r, "Content-Type", "text/plain; charset=utf-8") == MHD_YES;
	fine = fine && MHD_add_response_header(r, "Creel-Refused", t->name) == MHD_YES;
	/* After a refused head nobody knows where the next request begins. */
	if (t->status < 500 || why == REFUSE_VERSION)
		fine = fine && MHD_add_response_header(r, "Connection", "close") == MHD_YES;
	if (t->retry_after) {
		char seconds[16];
		snprintf(seconds, sizeof seconds, "%d", t->retry_after);
		fine = fine && MHD_add_response_header(r, "Retry-After", seconds) == MHD_YES;
	}
	enum MHD_Result result = fine ? MHD_queue_response(x->sender->connection, (unsigned)t->status, r) : MHD_NO;
	MHD_destroy_response(r);
	x->replied = true;
	in->relay->metrics.refused[why]++;
	count_status(in, t->status);
	struct log_number status;
	log_event(LOG_INFO, "refused", "reason", t->name, "status", log_number(&status, t->status), "peer",
		  x->sender->peer, NULL);
	ingress_set_state(x->sender, SENDER_ANSWERING, in->relay->settings.body_timeout_ms);
	return result;
}

static gnutls_session_t tls_session(const struct sender *s)
{
	const union MHD_ConnectionInfo *info =
	    s->tls ? MHD_get_connection_info(s->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION) : NULL;
	return info ? info->tls_session : NULL;
}

/* Past MHD, which is reading. Before the end of its handshake GnuTLS refuses. */
static bool send_by_hand(const struct sender *s, const char *text, size_t len)
{
	if (!s->tls)
		return send(s->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
	gnutls_session_t tls = tls_session(s);
	if (!tls || gnutls_record_send(tls, text, len) != (ssize_t)len)
		return false;
	gnutls_bye(tls, GNUTLS_SHUT_WR);
	return true;
}

/* MHD 0.9.75 can answer only before the body or after it: in between, or without a whole head, the bytes are written by
 * hand and the sending side is closed. */
bool ingress_write_refusal(struct sender *s, enum refusal why)
{
	const struct refusal_text *t = refusal_text(why);
	s->in->relay->metrics.refused[why]++;
	count_status(s->in, t->status);
	log_event(LOG_INFO, "refused", "reason", t->name, "peer", s->peer, NULL);
	char text[500];
	int body = snprintf(NULL, 0, "creel: %s\n", t->sentence);
	int len = snprintf(text, sizeof text,
			   "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n"
			   "Creel-Refused: %s\r\nConnection: close\r\n\r\ncreel: %s\n",
			   t->status, MHD_get_reason_phrase_for((unsigned)t->status), body, t->name, t->sentence);
	return send_by_hand(s, text, (size_t)len) && shutdown(s->fd, SHUT_WR) == 0;
}

static ssize_t read_answer(void *cls, uint64_t pos, char *out, size_t max)
{
	struct exchange *x = cls;
	struct delivery *d = x->delivery;
	(void)pos;
	if (x->gone)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size_t left = d->answer_body.len - d->answer_at;
	if (left > 0) {
		size_t n = left < max ? left : max;
		memcpy(out, d->answer_body.at + d->answer_at, n);
		d->answer_at += n;
		if (d->answer_at == d->answer_body.len)
			d->answer_body.len = d->answer_at = 0;
		delivery_consumed(d, n);
		x->sender->in->relay->metrics.bytes_out += n;
		ingress_set_state(x->sender, SENDER_ANSWERING, x->sender->in->relay->settings.body_timeout_ms);
		return (ssize_t)n;
	}
	if (d->phase == PHASE_DONE)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (d->phase == PHASE_ABORTED)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	MHD_suspend_connection(x->sender->connection);
	x->suspended = true;
	/* A silent event stream may last for ever, its reader may not. */
	x->sender->deadline = uv_now(x->sender->in->relay->loop) + STILL_THERE_MS;
	return 0;
}

static bool add_answer_headers(struct MHD_Response *r, struct bytes block, bool upgrade)
{
	struct bytes name, value;
	for (size_t pos = 0; headers_next(block, &pos, &name, &value);) {
		bool passes = upgrade && bytes_equal_nocase(name, "Upgrade"); /* libmicrohttpd adds Connection */
		if (!passes && (headers_is_hop_by_hop(block, name) || bytes_equal_nocase(name, "Content-Length")))
			continue;
		char *n = bytes_dup_text(name), *v = bytes_dup_text(value);
		/* MHD 0.9.75 refuses empty values; one blank is the same to a reader (RFC 9112 §5.1). */
		bool fine = n && v && MHD_add_response_header(r, n, *v ? v : " ") == MHD_YES;
		free(n);
		free(v);
		if (!fine)
			return false;
	}
	return true;
}

static bool answer_length(const struct wire_response *answer, uint64_t *out)
{
	*out = answer->body_len;
	return answer->body_len != WIRE_UNKNOWN_LENGTH;
}

static bool is_upgraded(const struct delivery *d)
{
	return d->upgrade && d->answer.status == 101;
}

static void on_upgraded(void *cls, struct MHD_Connection *connection, void *con_cls, const char *early,
			size_t early_len, MHD_socket fd, struct MHD_UpgradeResponseHandle *urh)
{
	struct exchange *x = cls;
	struct sender *s = x->sender;
	(void)connection;
	(void)con_cls;
	(void)fd; /* with TLS one that libmicrohttpd would carry the bytes through */
	s->wire = (struct passage_wire){ .fd = s->fd,
					 .tls = tls_session(s),
					 .deadline = &s->deadline,
					 .patience_ms = s->in->relay->settings.body_timeout_ms };
	s->deadline = UINT64_MAX; /* it may be silent for ever */
	x->passage =
	    passage_open(s->in->relay->loop, x->delivery, s->daemon, urh, &s->wire, bytes_make(early, early_len));
	if (!x->passage) {
		MHD_upgrade_action(urh, MHD_UPGRADE_ACTION_CLOSE);
		http_daemon_kick(s->daemon);
	}
}

static struct MHD_Response *make_answer(struct exchange *x)
{
	struct delivery *d = x->delivery;
	if (is_upgraded(d))
		return MHD_create_response_for_upgrade(on_upgraded, x);
	bool head = bytes_equal(d->request.method, bytes_of("HEAD"));
	bool bodiless = head || d->answer.status == 204 || d->answer.status == 304;
	uint64_t len;
	bool known = answer_length(&d->answer, &len);
	if (d->phase == PHASE_DONE && !bodiless) {
		x->sender->in->relay->metrics.bytes_out += d->answer_body.len;
		/* MHD keeps the bytes past the delivery: they change hands. */
		struct MHD_Response *r =
		    MHD_create_response_from_buffer(d->answer_body.len, d->answer_body.at, MHD_RESPMEM_MUST_FREE);
		if (r && d->answer_body.at)
			d->answer_body = (struct buffer){ 0 };
		return r;
	}
	/* For HEAD the length shows, and MHD never asks for the bytes. */
	return MHD_create_response_from_callback(bodiless ? (head && known ? len : 0)
						 : known  ? len
							  : MHD_SIZE_UNKNOWN,
						 16384, read_answer, x, NULL);
}

static enum MHD_Result reply_answer(struct exchange *x)
{
	struct delivery *d = x->delivery;
	struct MHD_Response *r = make_answer(x);
	if (!r)
		return MHD_NO;
	if (!add_answer_headers(r, d->answer.headers, is_upgraded(d))) {
		MHD_destroy_response(r);
		return reply_refusal(x, REFUSE_BAD_ANSWER);
	}
	enum MHD_Result result = MHD_queue_response(x->sender->connection, d->answer.status, r);
	MHD_destroy_response(r);
	x->replied = true;
	count_status(x->sender->in, d->answer.status);
	ingress_set_state(x->sender, SENDER_ANSWERING, x->sender->in->relay->settings.body_timeout_ms);
	return result;
}

/* 202: nobody answered, and it is safe. */
static enum MHD_Result reply_accepted(struct exchange *x)
{
	char id[UUID_TEXT_LEN + 1], body[200];
	uuid_format(x->delivery->request.event_id, id);
	int len = snprintf(body, sizeof body, "{\"accepted\":true,\"event_id\":\"%s\"}\n", id);
	struct MHD_Response *r = MHD_create_response_from_buffer((size_t)len, body, MHD_RESPMEM_MUST_COPY);
	if (!r)
		return MHD_NO;
	bool fine = MHD_add_response_header(r, "Content-Type", "application/json") == MHD_YES &&
		    MHD_add_response_header(r, "Creel-Event-Id", id) == MHD_YES;
	enum MHD_Result result = fine ? MHD_queue_response(x->sender->connection, 202, r) : MHD_NO;
	MHD_destroy_response(r);
	x->replied = true;
	x->sender->in->relay->metrics.accepted++;
	count_status(x->sender->in, 202);
	ingress_set_state(x->sender, SENDER_ANSWERING, x->sender->in->relay->settings.body_timeout_ms);
	return result;
}

/* ---- requests ---- */

static void on_wake(struct delivery *d);

static uint64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool is_websocket(const struct http_head *head, const struct http_framing *framing)
{
	return bytes_equal(head->method, bytes_of("GET")) && bytes_equal(head->version, bytes_of("HTTP/1.1")) &&
	       !framing->has_body && headers_ask_for_websocket(head->headers);
}

static enum MHD_Result open_delivery(struct exchange *x, const struct http_head *head, const struct route *route,
				     const struct http_framing *framing, enum refusal refusal)
{
	struct ingress *in = x->sender->in;
	struct wire_request request = {
		.received_at_us = now_us(),
		.body_len = framing->body_len,
		.has_body = framing->has_body,
		.https = x->sender->tls,
		.peer = bytes_of(x->sender->peer),
		.method = head->method,
		.target = route->target,
		.prefix = route->prefix,
		.headers = head->headers,
	};
	if (!uuid7_make_of(&in->random, request.event_id, request.received_at_us) ||
	    !(x->delivery = delivery_new(&request, registry_folder(in->relay->registry))))
		return reply_refusal(x, REFUSE_OVERLOADED);
	if (refusal != REFUSE_NOTHING) {
		registry_tell_refused(route->holder, x->delivery, refusal_text(refusal)->status);
		return reply_refusal(x, refusal);
	}
	x->delivery->wake = on_wake;
	x->delivery->owner = x;
	x->delivery->upgrade = is_websocket(head, framing) && registry_passes_upgrades(route->holder);
	if (x->delivery->upgrade && route->holder->passages >= PASSAGES_MOST)
		return reply_refusal(x, REFUSE_PASSAGES);
	refusal = registry_dispatch(route->holder, x->delivery);
	if (refusal != REFUSE_NOTHING)
		return reply_refusal(x, refusal);
	x->tunnel = route->holder;
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

static enum MHD_Result begin_request(struct exchange *x, const char *method, const char *version)
{
	struct ingress *in = x->sender->in;
	struct buffer block = { 0 };
	struct http_head head;
	struct http_framing framing = { false, 0 };
	struct route route = { 0 };
	struct bytes host;
	enum MHD_Result result;
	in->relay->metrics.requests++;
	enum refusal why =
	    ingress_read_head(x->sender->connection, method, version, x->target, x->target_in_place, &block, &head);
	if (why == REFUSE_NOTHING)
		why = http_rules_check(&head, in->relay->settings.max_body, &framing);
	bool for_record = why == REFUSE_BODY_TOO_LARGE;
	if (why != REFUSE_NOTHING && !for_record) {
		result = reply_refusal(x, why);
		goto out;
	}
	headers_find(head.headers, "Host", &host);
	uint64_t now = uv_now(in->relay->loop);
	if (!limits_take_address(in->relay->limits, &x->sender->address, now)) {
		result = reply_refusal(x, REFUSE_RATE_ADDRESS);
	} else if (is_tunnel_path(head.target)) {
		result = reply_refusal(x, REFUSE_TUNNEL_HERE);
	} else if (!router_find(in->relay->router, host, head.target, &route)) {
		result = reply_refusal(x, REFUSE_NO_TUNNEL);
	} else if (!limits_take_tunnel(in->relay->limits, route.name, now)) {
		result = reply_refusal(x, REFUSE_RATE_TUNNEL);
	} else if (in->relay->draining) {
		result = reply_refusal(x, REFUSE_DRAINING);
	} else {
		enum refusal offline = route.holder ? registry_admit(route.holder, head.method) : REFUSE_OFFLINE;
		if (offline != REFUSE_NOTHING)
			result = reply_refusal(x, for_record ? why : offline);
		else
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
	return x->discard > DISCARD_MAX ? MHD_NO : MHD_YES;
}

/* In the middle of its body, which goes on record. */
static void cut(struct delivery *d, uint32_t code, enum refusal why, const char *reason)
{
	delivery_cut(d, code, refusal_text(why)->status, reason);
	delivery_refuse(d, why);
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
	if (d->streams && !spill_append(&d->body, at, *len)) {
		cut(d, WIRE_RESET_TRUNCATED, REFUSE_OVERLOADED, "the relay has no room for the body");
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
		if (why != REFUSE_NOTHING)
			cut(d, WIRE_RESET_TRUNCATED, why, "malformed trailers");
		d->body_whole = true;
		if (d->phase == PHASE_RECEIVING)
			d->phase = PHASE_WHOLE;
		ingress_set_state(x->sender, SENDER_WAITING, in->relay->settings.reply_timeout_ms);
		delivery_pump(d);
		delivery_settle(d);
	}
	if (d->phase == PHASE_REFUSED)
		return reply_refusal(x, d->refusal);
	if (d->phase == PHASE_ACCEPTED)
		return reply_accepted(x);
	if (d->phase == PHASE_ABORTED)
		return MHD_NO;
	if (d->phase == PHASE_ANSWERING || d->phase == PHASE_DONE)
		return reply_answer(x);
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
	if (x->tunnel)
		x->tunnel->passages -= x->delivery->upgrade;
	if (x->delivery) {
		struct delivery *d = x->delivery;
		s->in->relay->metrics.in_flight -= x->counted;
		delivery_leave_sender(d);
	}
	free(x->target);
	free(x);
	*con_cls = NULL;
	s->exchange = NULL;
	ingress_set_state(s, SENDER_IDLE, IDLE_MS);
}
