#include "client/tunnel/tunnel_private.h"

#include "shared/base/clock.h"
#include "shared/wire/wire_place.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WATCH_MS 1000

void tunnel_set_state(struct tunnel *t, enum tunnel_state state, const char *why, uint64_t retry_ms)
{
	const struct tunnel_news news = { state, why, retry_ms };
	t->state = state;
	t->ops->on_state(t->user, &news);
}

static void on_retry(uv_timer_t *h)
{
	tunnel_connect(h->data);
}

/* The connection is gone, or never came about: says so and tries again later. */
void tunnel_lost(struct tunnel *t, const char *why)
{
	char text[700];
	bool was_online = t->state == TUNNEL_ONLINE;
	t->wsi = NULL;
	tunnel_reader_free(t->reader);
	t->reader = NULL;
	uv_timer_stop(&t->welcome);
	if (t->link) {
		/* What we closed for a reason of our own is not gone on with: neither are its streams. */
		bool by_us = *link_close_reason(t->link);
		if (by_us && !*t->reason)
			snprintf(t->reason, sizeof t->reason, "%s", link_close_reason(t->link));
		link_free(t->link);
		t->link = NULL;
		if (by_us || t->ended_well)
			t->has_nonce = false;
		t->ended_well = false;
		t->ops->on_lost(t->user, t->has_nonce && !t->closing && !t->stopped);
	}
	if (t->closing || t->stopped)
		return;
	/* The other address of localhost; not when this one answered, with a certificate that is not trusted, say. */
	if (!was_online && !*t->reason)
		t->tries++;
	if (was_online)
		backoff_connected(&t->backoff, uv_now(t->loop) - t->online_since_ms);
	uint64_t wait = t->at_once ? 0 : backoff_next_ms(&t->backoff);
	t->at_once = false;
	snprintf(text, sizeof text, "%s %s: %s", was_online ? "the connection to the relay" : "the relay",
		 t->options.relay, *t->reason ? t->reason : why);
	t->reason[0] = 0;
	tunnel_set_state(t, TUNNEL_OFFLINE, text, wait);
	uv_timer_start(&t->retry, on_retry, wait, 0);
}

static void stop_for_good(struct tunnel *t, struct bytes text, enum wire_notice code)
{
	struct error why;
	error_set(&why, EXIT_RELAY, "the relay %s refused: %.*s", t->options.relay, (int)text.len,
		  (const char *)text.at);
	t->stopped = true;
	if (t->link)
		link_close(t->link, 1000, "told to stop");
	t->ops->on_stop(t->user, &why, code);
}

static bool on_welcome(struct tunnel *t, const struct wire_frame *f)
{
	struct wire_welcome w;
	if (!wire_decode_welcome(f->payload, &w))
		return link_fail(t->link, "malformed WELCOME");
	if (w.version != WIRE_VERSION)
		return link_fail(t->link, "the relay speaks another version of the protocol");
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
	t->ping_at_ms = t->ping_sent = t->lag_us = 0;
	t->ping_due = t->pong_due = false;
	t->ops->on_welcome(t->user, t->link, &w);
	tunnel_set_state(t, TUNNEL_ONLINE, "", 0);
	return true;
}

static bool on_note(struct tunnel *t, const struct wire_frame *f)
{
	struct wire_note note;
	if (!wire_decode_note(f->payload, &note))
		return link_fail(t->link, "malformed NOTICE");
	switch (note.code) {
	case WIRE_NOTICE_UNAUTHORIZED:
	case WIRE_NOTICE_NAME_TAKEN:
	case WIRE_NOTICE_BAD_NAME:
	case WIRE_NOTICE_REPLACED:
	case WIRE_NOTICE_VERSION:
	case WIRE_NOTICE_NAMES:
	case WIRE_NOTICE_NAME_FORBIDDEN:
		stop_for_good(t, note.text, note.code);
		return true;
	case WIRE_NOTICE_GAP:
	case WIRE_NOTICE_QUOTA:
		return t->ops->on_frame(t->user, t->link, f);
	default: /* what follows is the close */
		snprintf(t->reason, sizeof t->reason, "%.*s", (int)note.text.len, (const char *)note.text.at);
		return t->ops->on_frame(t->user, t->link, f);
	}
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
	case WIRE_PLACE_FLAGS:
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

/* From outside lws' callbacks. An open connection is over at once, so that nothing more is sent on it; one that is
 * being made lws 4.1.6 ends in its own time. */
static void drop_wsi(struct tunnel *t)
{
	if (t->wsi && t->reader)
		lws_set_timeout(t->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
	else if (t->wsi)
		link_set_timeout(t->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

static void on_close(void *user, struct bytes payload)
{
	struct tunnel *t = user;
	t->ended_well = payload.len >= 2 && bytes_get_u16(payload.at) == 1000;
	if (payload.len > 2 && !*t->reason)
		snprintf(t->reason, sizeof t->reason, "%.*s", (int)payload.len - 2, (const char *)payload.at + 2);
	link_answer_close(t->link, payload);
	drop_wsi(t);
}

static void on_wrong(void *user, const char *why)
{
	struct tunnel *t = user;
	link_close(t->link, 1002, why);
}

static void on_end(void *user)
{
	drop_wsi(user);
}

static const struct tunnel_reader_ops reader_ops = {
	on_life, on_message, on_ping, on_pong, on_close, on_wrong, on_end
};

static int say_hello(struct tunnel *t, struct lws *wsi)
{
	struct wire_hello hello = {
		.version = WIRE_VERSION,
		.features = WIRE_FEATURE_UPGRADE,
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
	if (!t->reader || !t->link || !wire_encode_hello(link_out(t->link), &hello))
		return -1;
	link_flush_soon(t->link);
	return 0;
}

/* SHA-256 over the certificate's public key, as curl's --pinnedpubkey has it. Before the token is sent. */
static bool pin_matches(struct tunnel *t, struct lws *wsi)
{
	if (!t->options.pin)
		return true;
	X509 *cert = SSL_get_peer_certificate(lws_get_ssl(wsi));
	unsigned char *der = NULL, digest[32], text[64];
	int len = cert ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der) : -1;
	bool fine = len > 0 && EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1;
	OPENSSL_free(der);
	X509_free(cert);
	if (!fine)
		return false;
	EVP_EncodeBlock(text, digest, sizeof digest);
	return strcmp((char *)text, t->options.pin + strlen("sha256//")) == 0;
}

static int on_append_headers(struct tunnel *t, struct lws *wsi, unsigned char **at, unsigned char *end)
{
	if (!pin_matches(t, wsi)) {
		snprintf(t->reason, sizeof t->reason, "its certificate's key is not the pinned one");
		return -1;
	}
	if (!tunnel_peer_may_have_token(t, wsi)) {
		snprintf(t->reason, sizeof t->reason, "it is not on this machine any more, and gets no token in clear");
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
		snprintf(t->reason, sizeof t->reason, "the token is longer than any that creel-relay makes");
	return failed ? -1 : 0;
}

static void on_no_connection(struct tunnel *t, struct lws *wsi, struct bytes seen)
{
	char text[300];
	switch (tunnel_read_refused(wsi, text, sizeof text)) {
	case TUNNEL_NOT_ANSWERED:
		snprintf(text, sizeof text, "not reachable (%.*s)", seen.len ? (int)seen.len : 9,
			 seen.len ? (const char *)seen.at : "no reason");
		tunnel_lost(t, text);
		return;
	case TUNNEL_NOT_OPENED:
		/* It was reached: localhost's other address is not to be tried. */
		snprintf(t->reason, sizeof t->reason, "%s", text);
		tunnel_lost(t, text);
		return;
	case TUNNEL_REFUSED:
		t->stopped = true;
		tunnel_lost(t, text);
		stop_for_good(t, bytes_of(text), 0);
		return;
	}
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *session, void *in, size_t len)
{
	struct lws_context *context = lws_get_context(wsi);
	struct tunnel *t = context ? lws_context_user(context) : NULL;
	if (!t)
		return 0;
	switch (reason) {
	case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
		if (len == 0) /* what lws says of it names no reason */
			snprintf(t->reason, sizeof t->reason,
				 "its certificate is not trusted: %s; --ca FILE trusts another issuer",
				 X509_verify_cert_error_string(X509_STORE_CTX_get_error(session)));
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
		on_no_connection(t, wsi, bytes_make(in, in ? len : 0));
		return 0;
	case LWS_CALLBACK_CLIENT_CLOSED:
		tunnel_lost(t, "it ended");
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		/* lws 4.1.6 says nothing else when we do not go on in APPEND_HANDSHAKE_HEADER or drop a connection
		 * that is still being made: both left their reason. */
		if (t->wsi == wsi)
			tunnel_lost(t, "the connection ended before the relay had answered");
		return 0;
	default:
		return 0;
	}
}

const struct lws_protocols tunnel_protocols[] = {
	{ WIRE_SUBPROTOCOL, on_lws, 0, 4096, 0, NULL, 0 },
	{ NULL, NULL, 0, 0, 0, NULL, 0 },
};

void tunnel_drop(struct tunnel *t, const char *why)
{
	snprintf(t->reason, sizeof t->reason, "%s", why);
	drop_wsi(t);
}

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
			tunnel_ping_now_and_then(t);
		return;
	case CLOCK_JUMPED:
		t->at_once = true;
		if (online)
			tunnel_drop(t, "this machine slept, or its clock was set");
		else if (uv_is_active((uv_handle_t *)&t->retry))
			uv_timer_start(&t->retry, on_retry, 0, 0);
		return;
	case CLOCK_SILENT:
		t->at_once = true;
		tunnel_drop(t, "it gave no sign of life");
		return;
	}
}

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
	t->state = TUNNEL_OFFLINE;
	int64_t seconds = (options->ping_interval_ms + 999) / 1000;
	t->keepalive.secs_since_valid_ping = (uint16_t)seconds;
	t->keepalive.secs_since_valid_hangup = (uint16_t)(2 * seconds);
	if (!tunnel_parse_relay(t, options->relay, e) || !tunnel_check_options(t, e) || !tunnel_check_plain(t, e) ||
	    !tunnel_make_context(t, e)) {
		free(t->host);
		free(t->path);
		free(t);
		return NULL;
	}
	uv_timer_init(loop, &t->retry);
	uv_timer_init(loop, &t->welcome);
	uv_timer_init(loop, &t->watch);
	t->retry.data = t->welcome.data = t->watch.data = t;
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
	t->open_handles = 3;
	if (t->link)
		link_close(t->link, 1000, "the client is ending");
	uv_close((uv_handle_t *)&t->retry, on_handle_closed);
	uv_close((uv_handle_t *)&t->welcome, on_handle_closed);
	uv_close((uv_handle_t *)&t->watch, on_handle_closed);
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
	free(t->host);
	free(t->path);
	free(t);
}

bool tunnel_token_is_for_others(enum wire_notice code)
{
	return code == WIRE_NOTICE_NAME_FORBIDDEN || code == WIRE_NOTICE_NAME_TAKEN;
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
