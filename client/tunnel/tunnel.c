#include "client/tunnel/tunnel_private.h"

#include "shared/base/clock.h"
#include "shared/net/roots.h"
#include "shared/wire/wire_place.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WATCH_MS 1000
#define ANSWER_WITHIN_MS 10000

static void on_retry(uv_timer_t *h)
{
	tunnel_connect(h->data);
}

static bool on_welcome(struct tunnel *t, const struct wire_frame *f)
{
	struct wire_welcome w;
	if (!wire_decode_welcome(f->payload, &w))
		return link_fail(t->link, "malformed WELCOME");
	if (w.version != WIRE_VERSION) {
		tunnel_note(t, REASON_TUNNEL_VERSION);
		return link_fail(t->link, "the relay speaks another version of the protocol");
	}
	if (w.tunnel.len >= sizeof t->name || w.public_url.len >= sizeof t->public_url)
		return link_fail(t->link, "a name or URL in WELCOME is too long");
	if (w.resumed && !t->has_nonce)
		return link_fail(t->link, "WELCOME resumes what never was");
	memcpy(t->nonce, w.nonce.at, sizeof t->nonce);
	t->has_nonce = true;
	snprintf(t->name, sizeof t->name, "%.*s", (int)w.tunnel.len, (const char *)w.tunnel.at);
	snprintf(t->public_url, sizeof t->public_url, "%.*s", (int)w.public_url.len, (const char *)w.public_url.at);
	uv_timer_stop(&t->welcome);
	t->online_since_ms = uv_now(t->loop);
	t->confirmed_at_us = clock_now_us();
	t->ping_at_ms = t->ping_sent = t->lag_us = t->unanswered_since_ms = 0;
	t->ping_due = t->pong_due = false;
	tunnel_address_keep(&t->addresses);
	t->ops->on_welcome(t->user, t->link, &w);
	t->noted = REASON_NONE;
	tunnel_set_state(t, TUNNEL_ONLINE, REASON_NONE, 0);
	return true;
}

static void warn(struct tunnel *t, enum reason reason)
{
	char text[600];
	reason_line(reason, tunnel_facts(t), text, sizeof text);
	if (t->ops->on_warning)
		t->ops->on_warning(t->user, text);
}

static bool on_note(struct tunnel *t, const struct wire_frame *f)
{
	struct wire_note said;
	if (!wire_decode_note(f->payload, &said))
		return link_fail(t->link, "malformed NOTICE");
	enum reason reason = tunnel_reason_of_notice(t, &said);
	if (reason_is_final(reason)) {
		tunnel_stop(t, reason);
		return true;
	}
	switch (said.code) {
	case WIRE_NOTICE_GAP:
	case WIRE_NOTICE_QUOTA:
		warn(t, reason);
		break;
	case WIRE_NOTICE_LIMIT:
	case WIRE_NOTICE_PROTOCOL:
		t->noted = reason; /* what follows is the close */
		break;
	default:
		t->noted = reason;
		warn(t, reason);
	}
	return true;
}

static bool on_frame(void *user, const struct wire_frame *f)
{
	struct tunnel *t = user;
	bool online = t->state == TUNNEL_ONLINE;
	switch (wire_place(f, WIRE_SIDE_RELAY, online)) {
	case WIRE_PLACE_UNKNOWN:
		return true;
	case WIRE_PLACE_SIDE:
	case WIRE_PLACE_TIME:
		return link_fail(t->link, online ? "a frame that a relay does not send" : "WELCOME comes first");
	case WIRE_PLACE_STREAM: /* whoever it is for knows no such stream */
	case WIRE_PLACE_RIGHT:
		break;
	}
	switch (f->type) {
	case WIRE_WELCOME:
		return on_welcome(t, f);
	case WIRE_NOTICE:
	case WIRE_GOAWAY:
		return on_note(t, f);
	default:
		return t->ops->on_frame(t->user, t->link, f);
	}
}

static void on_credit(void *user)
{
	struct tunnel *t = user;
	t->ops->on_credit(t->user);
}

static const struct link_ops link_ops = { on_frame, on_credit };

/* ---- what comes on the WebSocket ---- */

static void on_life(void *user)
{
	struct tunnel *t = user;
	t->confirmed_at_us = clock_now_us();
	lws_validity_confirmed(t->wsi); /* lws pings, and hangs up, by what it is told of here */
}

static void on_message(void *user, struct bytes piece, bool binary, bool ends)
{
	struct tunnel *t = user;
	if (t->unanswered_since_ms)
		t->unanswered_since_ms = uv_now(t->loop); /* the pong may be behind it */
	link_on_receive(t->link, piece, binary, ends);
}

static void on_ping(void *user, struct bytes payload)
{
	struct tunnel *t = user;
	memcpy(t->pong, payload.at, payload.len);
	t->pong_len = payload.len;
	t->pong_due = true;
	lws_callback_on_writable(t->wsi);
}

static void on_pong(void *user, struct bytes payload)
{
	tunnel_take_pong(user, payload);
}

static void on_close(void *user, struct bytes payload)
{
	struct tunnel *t = user;
	t->ended_well = payload.len >= 2 && bytes_get_u16(payload.at) == 1000;
	if (payload.len >= 2)
		tunnel_note(t, tunnel_reason_of_close(t, bytes_get_u16(payload.at)));
	link_answer_close(t->link, payload);
	tunnel_drop_wsi(t);
}

static void on_wrong(void *user, const char *why)
{
	struct tunnel *t = user;
	link_close(t->link, 1002, why);
}

static void on_end(void *user)
{
	tunnel_drop_wsi(user);
}

static const struct tunnel_reader_ops reader_ops = {
	on_life, on_message, on_ping, on_pong, on_close, on_wrong, on_end
};

static int say_hello(struct tunnel *t, struct lws *wsi)
{
	struct wire_hello hello = {
		.version = WIRE_VERSION,
		.features = WIRE_FEATURES,
		.options = t->options.wire_options,
		.drain_parallel = t->options.drain_parallel,
		.client_version = bytes_of(CREEL_VERSION),
		/* A probe's name is gone with its connection. */
		.tunnel = *t->name && !(t->options.wire_options & WIRE_OPTION_PROBE) ? bytes_of(t->name)
										     : bytes_of(t->options.name),
		.resume_nonce = bytes_make(t->nonce, t->has_nonce ? sizeof t->nonce : 0),
		.public_key = t->options.public_key,
	};
	t->link = link_new(t->loop, wsi, &link_ops, t);
	/* Nothing comes before HELLO has gone: from here on it is read beside lws. */
	lws_rx_flow_control(wsi, 0);
	t->reader = tunnel_reader_new(t->loop, lws_get_socket_fd(wsi), lws_get_ssl(wsi), &reader_ops, t);
	if (!t->reader || !t->link || !wire_encode_hello(link_out(t->link), WIRE_HELLO, 0, &hello))
		return -1;
	link_flush_soon(t->link);
	return 0;
}

/* Before the token is sent. */
static bool pin_matches(struct tunnel *t, struct lws *wsi)
{
	if (!t->options.pin)
		return true;
	X509 *cert = SSL_get_peer_certificate(lws_get_ssl(wsi));
	bool fine = certificate_has_pin(cert, t->options.pin);
	if (cert)
		certificate_read(cert, NULL, &t->certificate);
	t->facts.issuer = t->certificate.issuer;
	X509_free(cert);
	return fine;
}

static int on_append_headers(struct tunnel *t, struct lws *wsi, unsigned char **at, unsigned char *end)
{
	t->stage = STAGE_ASKED;
	if (!pin_matches(t, wsi)) {
		tunnel_note(t, REASON_RELAY_CERT_PIN);
		return -1;
	}
	if (!tunnel_peer_may_have_token(t, wsi)) {
		tunnel_note(t, REASON_TOKEN_LEFT_MACHINE);
		return -1;
	}
	if (!t->options.token)
		return 0;
	char value[300];
	int len = snprintf(value, sizeof value, "Bearer %s", t->options.token);
	int failed = len >= (int)sizeof value || lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_AUTHORIZATION,
									      (unsigned char *)value, len, at, end);
	lws_explicit_bzero(value, sizeof value);
	if (failed)
		tunnel_note(t, REASON_TOKEN_TOO_LONG);
	return failed ? -1 : 0;
}

static void on_no_connection(struct tunnel *t, struct lws *wsi)
{
	enum reason reason = tunnel_reason_of_handshake(t, wsi);
	if (reason_is_final(reason)) {
		t->stopped = true;
		tunnel_lost(t, reason);
		tunnel_stop(t, reason);
		return;
	}
	bool answered = reason != REASON_NONE;
	if (!answered)
		reason = tunnel_reason_of_dial(t);
	if (answered || t->stage != STAGE_DIALED)
		tunnel_note(t, reason);
	tunnel_lost(t, reason);
}

/* ---- TLS ---- */

/* lws empties OpenSSL's queue of errors before it says that TLS failed: the last one is kept here. */
static void on_tls_step(const SSL *ssl, int where, int result)
{
	struct tunnel *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	if (where & SSL_CB_HANDSHAKE_START && t->stage == STAGE_DIALED)
		t->stage = STAGE_TLS;
	if (where == SSL_CB_CONNECT_EXIT && result <= 0 && ERR_peek_last_error())
		t->tls_error = ERR_peek_last_error();
	/* In TLS 1.3 a server says only after the handshake that it wants a certificate of the client's. */
	if (where == SSL_CB_READ_ALERT && (result & 0xff) == SSL_AD_CERTIFICATE_REQUIRED)
		t->tls_error = ERR_PACK(ERR_LIB_SSL, 0, SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED);
}

static void watch_tls(struct tunnel *t, SSL_CTX *ctx)
{
	SSL_CTX_set_app_data(ctx, t);
	SSL_CTX_set_info_callback(ctx, on_tls_step);
}

/* Those of --ca are in lws's store. Without --ca, lws 4.1.6 trusts what lies in ../share of the working folder, so its
 * store is put away. */
static void trust_issuers(struct tunnel *t, SSL_CTX *ctx)
{
	X509_STORE *ours = t->options.ca ? NULL : X509_STORE_new();
	if (ours)
		SSL_CTX_set_cert_store(ctx, ours);
	roots_trust(SSL_CTX_get_cert_store(ctx));
}

static void on_untrusted(struct tunnel *t, X509_STORE_CTX *check)
{
	X509 *cert = X509_STORE_CTX_get0_cert(check);
	if (cert)
		certificate_read(cert, X509_STORE_CTX_get0_untrusted(check), &t->certificate);
	tunnel_note(t, certificate_reason(X509_STORE_CTX_get_error(check), &t->certificate, &t->facts));
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *session, void *in, size_t len)
{
	struct lws_context *context = lws_get_context(wsi);
	struct tunnel *t = context ? lws_context_user(context) : NULL;
	if (!t)
		return 0;
	switch (reason) {
	case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
		if (len == 0)
			on_untrusted(t, session);
		return 0;
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_CLIENT_VERIFY_CERTS:
		trust_issuers(t, session);
		watch_tls(t, session);
		return 0;
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		return on_append_headers(t, wsi, (unsigned char **)in, *(unsigned char **)in + len);
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		return say_hello(t, wsi);
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		if (t->pong_due)
			return tunnel_send_pong(t, wsi);
		if (t->ping_due)
			return tunnel_send_ping(t, wsi);
		return t->link ? link_on_writable(t->link) : 0;
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		on_no_connection(t, wsi);
		return 0;
	case LWS_CALLBACK_CLIENT_CLOSED:
		tunnel_lost(t, REASON_TUNNEL_ENDED);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		/* lws 4.1.6 says nothing else when we do not go on in APPEND_HANDSHAKE_HEADER or drop a connection
		 * that is still being made: both left their reason. */
		if (t->wsi != wsi)
			return 0;
		if (t->stage != STAGE_DIALED)
			tunnel_note(t, REASON_RELAY_BROKE_OFF);
		tunnel_lost(t, REASON_RELAY_BROKE_OFF);
		return 0;
	default:
		return 0;
	}
}

/* Bytes that lws gives the system by one call; without it only as many as it reads at once. */
#define SENT_AT_ONCE 65536

const struct lws_protocols tunnel_protocols[] = {
	{ WIRE_SUBPROTOCOL, on_lws, 0, 4096, 0, NULL, SENT_AT_ONCE },
	{ NULL, NULL, 0, 0, 0, NULL, 0 },
};

/* Stands still while the machine sleeps. */
static uint64_t steady_ms(void)
{
#ifdef __APPLE__ /* where libuv's goes on */
	return clock_gettime_nsec_np(CLOCK_UPTIME_RAW) / 1000000;
#else
	return uv_hrtime() / 1000000;
#endif
}

/* lws' own timers stand still while the machine sleeps: what it holds for a connection may be long gone. */
static void on_watch(uv_timer_t *h)
{
	struct tunnel *t = h->data;
	uint64_t most_us = 2000 * (uint64_t)t->options.ping_interval_ms;
	bool online = t->state == TUNNEL_ONLINE && t->link;
	switch (
	    clock_watch_look(&t->clock, clock_now_us(), steady_ms(), most_us, online ? &t->confirmed_at_us : NULL)) {
	case CLOCK_FINE:
		if (online && t->wsi)
			tunnel_watch_relay(t);
		return;
	case CLOCK_JUMPED:
		t->at_once = true;
		if (online)
			tunnel_drop(t, REASON_TUNNEL_SLEPT);
		else if (uv_is_active((uv_handle_t *)&t->retry))
			tunnel_try_now(t);
		return;
	case CLOCK_SILENT:
		t->at_once = true;
		tunnel_drop(t, REASON_TUNNEL_QUIET);
		return;
	}
}

static const struct network_acts network_acts = { .drop = tunnel_drop, .try_now = tunnel_try_now };

struct tunnel *tunnel_new(uv_loop_t *loop, const struct tunnel_options *options, const struct tunnel_ops *ops,
			  void *user, struct error *e)
{
	struct tunnel *t = calloc(1, sizeof *t);
	if (!t) {
		error_set(e, EXIT_RELAY, "out of memory");
		return NULL;
	}
	t->loop = loop;
	t->ops = ops;
	t->user = user;
	t->options = *options;
	if (!t->options.answer_within_ms)
		t->options.answer_within_ms = ANSWER_WITHIN_MS;
	t->state = TUNNEL_OFFLINE;
	int64_t seconds = (options->ping_interval_ms + 999) / 1000;
	t->keepalive.secs_since_valid_ping = (uint16_t)seconds;
	t->keepalive.secs_since_valid_hangup = (uint16_t)(2 * seconds);
	if (!tunnel_parse_relay(t, options->relay, e) || !tunnel_check_options(t, e) || !tunnel_check_plain(t, e) ||
	    !tunnel_make_context(t, e)) {
		proxy_free(&t->proxy);
		free(t->host);
		free(t->path);
		free(t);
		return NULL;
	}
	uv_timer_init(loop, &t->retry);
	t->on_retry = on_retry;
	uv_timer_init(loop, &t->welcome);
	uv_timer_init(loop, &t->watch);
	t->retry.data = t->welcome.data = t->watch.data = t;
	tunnel_watch_network(t, &network_acts);
	return t;
}

void tunnel_start(struct tunnel *t)
{
	uv_timer_start(&t->watch, on_watch, WATCH_MS, WATCH_MS);
	tunnel_connect(t);
}

static void on_handle_closed(uv_handle_t *h)
{
	struct tunnel *t = h->data;
	if (--t->open_handles > 0)
		return;
	if (t->closed)
		t->closed(t->closed_user);
}

void tunnel_close(struct tunnel *t, void (*closed)(void *user), void *user)
{
	t->closing = true;
	t->closed = closed;
	t->closed_user = user;
	t->open_handles = 4;
	if (t->link)
		link_close(t->link, 1000, "the client is ending");
	proxy_way_end(t->way);
	t->way = NULL;
	tunnel_look_end(t);
	uv_close((uv_handle_t *)&t->retry, on_handle_closed);
	uv_close((uv_handle_t *)&t->welcome, on_handle_closed);
	uv_close((uv_handle_t *)&t->watch, on_handle_closed);
	tunnel_leave_network(t, on_handle_closed);
}

void tunnel_free(struct tunnel *t)
{
	if (!t)
		return;
	t->closing = true;
	lws_context_destroy(t->context);
	link_free(t->link);
	t->link = NULL;
}

void tunnel_free_rest(struct tunnel *t)
{
	if (!t)
		return;
	lws_context_destroy(t->context);
	proxy_free(&t->proxy);
	free(t->host);
	free(t->path);
	free(t);
}

struct link *tunnel_link(struct tunnel *t)
{
	return t->link;
}

const char *tunnel_public_url(const struct tunnel *t)
{
	return t->public_url;
}

const char *tunnel_name(const struct tunnel *t)
{
	return t->name;
}

uint64_t tunnel_confirmed_at_us(const struct tunnel *t)
{
	return t->confirmed_at_us;
}
