/* A tunnel: its handshake, its streams and their flow control. The lws end is tunnel_server.c. */
#include "relay/tunnel_private.h"

#include "shared/log.h"

#include <openssl/rand.h>
#include <string.h>

#define MAX_STREAMS 65536

void tunnel_send_note(struct tunnel *t, enum wire_type type, enum wire_notice code, const char *text)
{
	struct wire_note note = { (uint16_t)code, 0, bytes_of(text) };
	if (!wire_encode_note(link_out(t->link), type, &note))
		link_close(t->link, 1011, "out of memory");
	link_flush_soon(t->link);
}

void tunnel_refuse_client(struct tunnel *t, enum wire_notice code, const char *text)
{
	log_event(LOG_INFO, "tunnel_refused", "tunnel", t->name, "owner", t->owner, "reason", text, NULL);
	tunnel_send_note(t, WIRE_NOTICE, code, text);
	link_close(t->link, 1008, text);
	if (*t->name)
		router_release(t->server->relay->router, t->name, t);
}

static void append_or_close(struct tunnel *t, bool appended)
{
	if (!appended)
		link_close(t->link, 1011, "out of memory");
	link_flush_soon(t->link);
}

/* ---- streams ---- */

void tunnel_forget_stream(struct delivery *d)
{
	struct tunnel *t = d->tunnel;
	if (!t)
		return;
	HASH_DELETE(hh, t->streams, d);
	for (struct delivery **at = &t->blocked; *at; at = &(*at)->blocked_next) {
		if (*at == d) {
			*at = d->blocked_next;
			break;
		}
	}
	d->blocked = false;
	d->blocked_next = NULL;
	d->tunnel = NULL;
}

bool tunnel_open(struct tunnel *t, struct delivery *d)
{
	if (HASH_COUNT(t->streams) >= MAX_STREAMS)
		return false;
	d->tunnel = t;
	d->stream = ++t->last_stream;
	HASH_ADD(hh, t->streams, stream, sizeof d->stream, d);
	if (!d->hh.tbl) { /* out of memory */
		d->tunnel = NULL;
		return false;
	}
	return true;
}

static void block(struct delivery *d)
{
	if (d->blocked)
		return;
	struct delivery **at = &d->tunnel->blocked;
	while (*at)
		at = &(*at)->blocked_next;
	*at = d;
	d->blocked = true;
}

/* Takes body bytes from both windows. */
static void spend(struct delivery *d, size_t len)
{
	d->send_window -= (int64_t)len;
	link_sent_body(d->tunnel->link, len);
}

static void send_request(struct delivery *d)
{
	struct tunnel *t = d->tunnel;
	bool end = d->body_whole && d->trailers.len == 0 && d->body.len <= WIRE_INLINE_BODY;
	struct wire_request request = d->request;
	request.body = end ? buffer_view(&d->body) : bytes_of(NULL);
	append_or_close(t, wire_encode_request(link_out(t->link), d->stream, end ? WIRE_END : 0, &request));
	d->request_sent = true;
	if (end) {
		spend(d, d->body.len);
		d->end_sent = true;
		buffer_free(&d->body);
	}
}

static void send_data(struct delivery *d)
{
	struct tunnel *t = d->tunnel;
	size_t sent = 0;
	while (sent < d->body.len && d->send_window > 0 && link_may_send_body(t->link)) {
		size_t n = d->body.len - sent < WIRE_DATA_CHUNK ? d->body.len - sent : WIRE_DATA_CHUNK;
		bool end = d->body_whole && d->trailers.len == 0 && sent + n == d->body.len;
		append_or_close(t, wire_encode_data(link_out(t->link), d->stream, end ? WIRE_END : 0,
						    bytes_make(d->body.at + sent, n)));
		spend(d, n);
		sent += n;
		d->end_sent = end;
	}
	buffer_consume(&d->body, sent);
	if (d->body.len > 0 || !d->body_whole || d->end_sent)
		return;
	uint8_t flags = d->trailers.len ? WIRE_END | WIRE_TRAILERS : WIRE_END;
	append_or_close(t, wire_encode_data(link_out(t->link), d->stream, flags, buffer_view(&d->trailers)));
	d->end_sent = true;
}

void tunnel_pump(struct delivery *d)
{
	if (!d->tunnel || d->end_sent)
		return;
	if (!d->request_sent) {
		/* Small bodies travel whole; a large one begins its stream. */
		if (!d->body_whole && d->body.len <= WIRE_INLINE_BODY)
			return;
		if (!link_may_send_body(d->tunnel->link)) {
			block(d);
			return;
		}
		send_request(d);
	}
	if (!d->end_sent)
		send_data(d);
	if (!d->end_sent && d->body.len > 0 && !link_may_send_body(d->tunnel->link))
		block(d);
}

void tunnel_tell_refused(struct tunnel *t, const struct delivery *d, int status)
{
	struct wire_request request = d->request;
	request.refused_status = (uint16_t)status;
	request.body = bytes_of(NULL);
	append_or_close(t, wire_encode_request(link_out(t->link), ++t->last_stream, WIRE_END | WIRE_REFUSED, &request));
}

void tunnel_consumed(struct delivery *d, size_t len)
{
	if (!d->tunnel || d->phase != PHASE_ANSWERING)
		return;
	d->credit_due += (uint32_t)len;
	if (d->credit_due < WIRE_STREAM_WINDOW / 4)
		return;
	append_or_close(d->tunnel, wire_encode_window(link_out(d->tunnel->link), d->stream, d->credit_due));
	d->receive_window += d->credit_due;
	d->credit_due = 0;
}

void tunnel_finish(struct delivery *d, uint32_t reset_code, const char *reason)
{
	struct tunnel *t = d->tunnel;
	if (!t)
		return;
	if (d->phase == PHASE_DONE)
		append_or_close(t, wire_encode_event_id(link_out(t->link), WIRE_DONE, d->stream, d->request.event_id));
	else if (d->request_sent)
		append_or_close(t, wire_encode_reset(link_out(t->link), d->stream, reset_code, bytes_of(reason)));
	tunnel_forget_stream(d);
}

/* ---- frames from the client ---- */

static bool welcome(struct tunnel *t)
{
	struct relay *relay = t->server->relay;
	uint8_t nonce[WIRE_NONCE_LEN];
	char url[400];
	if (RAND_bytes(nonce, sizeof nonce) != 1)
		return link_fail(t->link, "no random bytes");
	if (relay->settings.domain) {
		const char *scheme = strncmp(relay->public_url, "http://", 7) == 0 ? "http" : "https";
		const char *host = strstr(relay->public_url, "://"), *port = host ? strrchr(host + 3, ':') : NULL;
		snprintf(url, sizeof url, "%s://%s.%s%s", scheme, t->name, relay->settings.domain,
			 port && strspn(port + 1, "0123456789") == strlen(port + 1) ? port : "");
	} else {
		snprintf(url, sizeof url, "%s/%s", relay->public_url, t->name);
	}
	struct wire_welcome w = {
		.version = WIRE_VERSION,
		.ping_interval_ms = (uint32_t)relay->settings.ping_interval_ms,
		.reply_timeout_ms = (uint32_t)relay->settings.reply_timeout_ms,
		.max_body = relay->settings.max_body,
		.relay_version = bytes_of(CREEL_VERSION),
		.tunnel = bytes_of(t->name),
		.public_url = bytes_of(url),
		.nonce = bytes_make(nonce, sizeof nonce),
	};
	append_or_close(t, wire_encode_welcome(link_out(t->link), &w));
	return true;
}

/* Whether the handshake's token stands; fills owner. Where there never was a token everybody on loopback is welcome;
 * that the last one was revoked opens no door. */
static bool authorise(struct tunnel *t)
{
	struct tokens *tokens = t->server->relay->tokens;
	/* Whoever guesses tokens is slowed down like any other sender. */
	if (!limits_take_address(t->server->relay->limits, &t->address, uv_now(t->server->relay->loop))) {
		lws_explicit_bzero(t->secret, sizeof t->secret);
		tunnel_refuse_client(t, WIRE_NOTICE_LIMIT, "too many requests from this address; try again later");
		return false;
	}
	int count = tokens_count(tokens);
	t->server->wants_tokens |= count > 0;
	bool fine = (count == 0 && !t->server->wants_tokens) ||
		    (count > 0 && tokens_check(tokens, bytes_of(t->secret), t->owner, &t->owner_mark));
	lws_explicit_bzero(t->secret, sizeof t->secret);
	if (!fine)
		tunnel_refuse_client(t, WIRE_NOTICE_UNAUTHORIZED,
				     "the relay does not accept this token (or one is missing)");
	return fine;
}

/* Whether the token may have one tunnel more; one that is to be replaced or is closing does not count. */
static bool within_limit(const struct tunnel *t)
{
	int64_t most = t->server->relay->settings.max_tunnels_per_token, online = 0;
	if (!most || !*t->owner)
		return true;
	for (const struct tunnel *other = t->server->all; other; other = other->next)
		online += other->online && !*link_close_reason(other->link) && strcmp(other->owner, t->owner) == 0 &&
			  strcmp(other->name, t->name) != 0;
	return online < most;
}

static bool take_name(struct tunnel *t, struct bytes wanted)
{
	struct relay *relay = t->server->relay;
	if (wanted.len == 0 ? !router_make_name(t->name) : !router_name_valid(wanted)) {
		tunnel_refuse_client(t, WIRE_NOTICE_BAD_NAME,
				     "a tunnel's name is up to 63 of a-z, 0-9 and '-', and does not begin with '-'");
		return false;
	}
	if (wanted.len)
		memcpy(t->name, wanted.at, wanted.len);
	if (!within_limit(t)) {
		tunnel_refuse_client(t, WIRE_NOTICE_LIMIT, "this token has as many tunnels online as it may");
		return false;
	}
	enum claim claim = tokens_claim(relay->tokens, t->owner, t->name);
	if (claim == CLAIM_TAKEN || claim == CLAIM_FORBIDDEN) {
		tunnel_refuse_client(t, WIRE_NOTICE_NAME_TAKEN,
				     claim == CLAIM_TAKEN ? "the tunnel's name belongs to another token"
							  : "this token may not hold a tunnel of that name");
		return false;
	}
	struct tunnel *older = NULL;
	if (claim == CLAIM_ERROR || !router_hold(relay->router, t->name, t, &older)) {
		tunnel_refuse_client(t, WIRE_NOTICE_LIMIT,
				     "the relay cannot take the tunnel's name down; try again later");
		return false;
	}
	if (older && older != t)
		tunnel_refuse_client(older, WIRE_NOTICE_REPLACED, "a newer client took over this tunnel");
	return true;
}

static bool on_hello(struct tunnel *t, const struct wire_frame *f)
{
	struct wire_hello hello;
	if (f->stream != 0)
		return link_fail(t->link, "HELLO on a stream");
	if (!wire_decode_hello(f->payload, &hello))
		return link_fail(t->link, "malformed HELLO");
	if (hello.version != WIRE_VERSION) {
		char text[160];
		snprintf(text, sizeof text,
			 "this relay (creel " CREEL_VERSION
			 ") speaks protocol %d, the client speaks %u: update the older one",
			 WIRE_VERSION, hello.version);
		tunnel_refuse_client(t, WIRE_NOTICE_VERSION, text);
		return true;
	}
	if (!authorise(t) || !take_name(t, hello.tunnel))
		return true;
	t->online = true;
	t->server->relay->metrics.tunnels++;
	log_event(LOG_INFO, "tunnel_online", "tunnel", t->name, "owner", t->owner, NULL);
	return welcome(t);
}

static bool on_stream_frame(struct tunnel *t, const struct wire_frame *f)
{
	struct delivery *d;
	struct wire_response response;
	struct bytes reason;
	uint8_t id[UUID_LEN];
	uint32_t number;
	if (f->stream == 0 || f->stream > t->last_stream)
		return link_fail(t->link, "a frame for a stream that was never opened");
	HASH_FIND(hh, t->streams, &f->stream, sizeof f->stream, d);
	switch (f->type) {
	case WIRE_RECORDED:
		if (!wire_decode_event_id(f->payload, id))
			return link_fail(t->link, "malformed RECORDED");
		if (d && memcmp(id, d->request.event_id, UUID_LEN) != 0)
			return link_fail(t->link, "RECORDED of another delivery");
		return !d || (memcmp(id, d->request.event_id, UUID_LEN) == 0 && delivery_on_recorded(d)) ||
		       link_fail(t->link, "RECORDED out of order or of another delivery");
	case WIRE_RESPONSE:
		if (!wire_decode_response(f->payload, &response))
			return link_fail(t->link, "malformed RESPONSE");
		link_received_body(t->link, response.body.len);
		return !d || delivery_on_response(d, &response, f->flags & WIRE_END) ||
		       link_fail(t->link, "RESPONSE out of order");
	case WIRE_DATA:
		if (f->flags & WIRE_TRAILERS)
			return link_fail(t->link, "trailers in an answer");
		link_received_body(t->link, f->payload.len);
		return !d || delivery_on_data(d, f->payload, f->flags & WIRE_END) ||
		       link_fail(t->link, "DATA out of order or beyond its window");
	case WIRE_RESET:
		if (!wire_decode_reset(f->payload, &number, &reason))
			return link_fail(t->link, "malformed RESET");
		if (d) {
			tunnel_forget_stream(d);
			delivery_on_reset(d, number);
		}
		return true;
	case WIRE_WINDOW:
		if (!wire_decode_window(f->payload, &number))
			return link_fail(t->link, "bad WINDOW frame");
		if (d && (d->send_window += number) > INT32_MAX)
			return link_fail(t->link, "a window above 2^31");
		if (d) {
			tunnel_pump(d);
			d->wake(d);
		}
		return true;
	default:
		return true;
	}
}

static bool on_frame(void *user, const struct wire_frame *f)
{
	struct tunnel *t = user;
	if (!t->online) {
		if (f->type != WIRE_HELLO || f->stream != 0)
			return link_fail(t->link, "HELLO comes first, on stream 0");
		return on_hello(t, f);
	}
	switch (f->type) {
	case WIRE_HELLO:
	case WIRE_WELCOME:
	case WIRE_REQUEST:
	case WIRE_DONE:
	case WIRE_GOAWAY:
	case WIRE_NOTICE:
		return link_fail(t->link, "a frame that a client does not send");
	case WIRE_RECORDED:
	case WIRE_RESPONSE:
	case WIRE_DATA:
	case WIRE_RESET:
	case WIRE_WINDOW:
		return on_stream_frame(t, f);
	default:
		return true; /* of a later version */
	}
}

static void on_credit(void *user)
{
	struct tunnel *t = user;
	struct delivery *list = t->blocked;
	t->blocked = NULL;
	while (list) {
		struct delivery *d = list;
		list = d->blocked_next;
		d->blocked_next = NULL;
		d->blocked = false;
		tunnel_pump(d);
		d->wake(d);
	}
}

const struct link_ops tunnel_link_ops = { on_frame, on_credit };
