/* The lws end of the tunnels: context, vhosts, callbacks. */
#include "relay/links/tunnel_private.h"
#include "relay/cluster/cluster.h"
#include "relay/net/tls_policy.h"
#include "relay/net/trusted.h"
#include "relay/links/handshakes.h"
#include "relay/registry/registry.h"

#include "shared/http/http_phrase.h"
#include "shared/program/log.h"
#include "shared/program/loop.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

/* The handshake's token, or "". */
static void read_secret(struct lws *wsi, char *out, size_t size)
{
	char value[LIMIT_AUTHORIZATION];
	*out = 0;
	int len = lws_hdr_copy(wsi, value, sizeof value, WSI_TOKEN_HTTP_AUTHORIZATION);
	if (len > 7 && strncasecmp(value, "Bearer ", 7) == 0)
		snprintf(out, size, "%.*s", (int)size - 1, value + 7);
	lws_explicit_bzero(value, sizeof value);
}

/* Finds out whose tunnel it is, also when the connection is a trusted proxy's. */
static void find_client(const struct relay *relay, struct lws *wsi, struct peer *who, struct throttle_address *address)
{
	const struct adopted *adopted = lws_get_opaque_user_data(wsi);
	struct peer from = { .known = false };
	char list[LIMIT_HANDSHAKE_FIELD];
	if (adopted)
		from = adopted->given.peer;
	int len = lws_hdr_copy(wsi, list, sizeof list, WSI_TOKEN_X_FORWARDED_FOR);
	trusted_find_in_list(relay->trusted, &from, bytes_make(list, len > 0 ? (size_t)len : 0), who);
	throttle_address_of(address, who);
	address->known &= !trusted_has(relay->trusted, who);
}

/* Its own address is counted from accept to close; here only those are that a trusted proxy brings. */
static void leave_counted(struct lws *wsi, struct throttle_address *address)
{
	const struct adopted *adopted = lws_get_opaque_user_data(wsi);
	address->known &= !(adopted && adopted->given.address.known);
}

static int on_established(struct tunnel_server *s, struct connection *c, struct lws *wsi)
{
	struct peer who;
	struct adopted *adopted = lws_get_opaque_user_data(wsi);
	if (adopted)
		handshakes_upgraded(s, adopted);
	memset(c, 0, sizeof *c);
	c->server = s;
	c->wsi = wsi;
	c->relay = s->relay;
	struct link *link = link_new(s->relay->loop, wsi, &connection_link_ops, c);
	if (!link)
		return -1;
	connection_carry(c, link);
	c->late = &s->late;
	DL_PREPEND(s->all, c);
	find_client(s->relay, wsi, &who, &c->address);
	leave_counted(wsi, &c->address);
	peer_format(&who, c->peer);
	throttle_connected(s->relay->throttle, &c->address);
	read_secret(wsi, c->secret, sizeof c->secret);
	lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LIMIT_HELLO);
	return 0;
}

void tunnel_server_welcomed(const struct connection *c)
{
	struct adopted *adopted = lws_get_opaque_user_data(c->wsi);
	if (adopted)
		handshakes_finish(c->server, adopted);
	if (!link_close_status(c->link))
		link_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0);
}

static void on_closed(struct connection *c)
{
	if (!c->link)
		return;
	if (c->welcomed) {
		c->relay->metrics.tunnels--;
		log_event(LOG_INFO, "tunnel_offline", "tunnel", connection_tunnel(c), "owner", c->owner, "reason",
			  link_close_status(c->link) ? link_close_reason(c->link) : "the connection ended", NULL);
	}
	throttle_disconnected(c->relay->throttle, &c->address);
	DL_DELETE(c->server->all, c);
	late_flush_remove(c);
	connection_entry_leave(&c->server->entries, c);
	lookups_take_back(&c->lookup);
	buffer_free(&c->hello);
	/* A client that we sent away, or that said goodbye, is not expected back at once. */
	bool grace = !c->clean && !link_close_status(c->link);
	link_free(c->link);
	c->link = NULL;
	if (c->client)
		registry_lost(c->client, grace);
	c->client = NULL;
}

/* A client that closes with 1000 (RFC 6455 §7.4) does not mean to come back at once. */
static void note_close(struct connection *c, const uint8_t *at, size_t len)
{
	if (len < 2 || at[0] * 256 + at[1] != 1000)
		return;
	c->clean = true;
	if (c->client)
		client_heard(c->client);
}

/* What waited for it to be there for certain is its record. */
static void on_pong(struct connection *c, struct bytes payload)
{
	bool asked = connection_take_pong(c, payload);
	if (!c->client)
		return;
	client_heard(c->client);
	if (asked && c->relay->cluster)
		cluster_tell(c->relay->cluster, c->tunnel);
}

static void refuse(const struct tunnel_server *s, struct lws *wsi, enum refusal why, const char *sentence)
{
	const struct refusal_text *t = refusal_text(why);
	uint8_t out[LWS_PRE + HOST_CHECK_SENTENCE + 400];
	char *text = (char *)out + LWS_PRE, peer[PEER_TEXT_LEN];
	struct throttle_address address;
	struct peer who;
	if (!sentence)
		sentence = t->sentence;
	int len = snprintf(text, sizeof out - LWS_PRE,
			   "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
			   "Creel-Refused: %s\r\n%s\r\n\r\ncreel: %s\n",
			   t->status, http_phrase(t->status), strlen(sentence) + 8, t->name,
			   t->status == 426 ? "Upgrade: websocket\r\nConnection: Upgrade, close" : "Connection: close",
			   sentence);
	lws_write(wsi, (uint8_t *)text, (size_t)len, LWS_WRITE_HTTP_HEADERS);
	find_client(s->relay, wsi, &who, &address);
	peer_format(&who, peer);
	s->relay->metrics.refused[why]++;
	s->relay->metrics.status_class[t->status / 100]++;
	if (RELAY_LOGS(s->relay, LOG_INFO, "refused", t->name))
		log_event(LOG_INFO, "refused", "reason", t->name, "peer", peer, NULL);
}

/* Whether the handshake has the field, if only an empty one. */
static bool has_field(struct lws *wsi, enum lws_token_indexes field)
{
	char byte[1];
	/* One that is not empty does not fit into `byte`, and shows in the total length; an empty one gives 0. */
	return lws_hdr_total_length(wsi, field) > 0 || lws_hdr_copy_fragment(wsi, byte, sizeof byte, field, 0) >= 0;
}

/* Only so many handshakes a second from one address are told why they are refused, because a program, or a page in a
 * browser, may repeat them without end. False: this one was sent away with less. */
static bool may_be_told(const struct tunnel_server *s, struct lws *wsi)
{
	struct throttle_address address;
	struct peer who;
	find_client(s->relay, wsi, &who, &address);
	if (throttle_take_refusal(s->relay->throttle, &address, uv_now(s->relay->loop)))
		return true;
	refuse(s, wsi, REFUSE_RATE_REFUSED, NULL);
	return false;
}

/* A wrong token is refused by a NOTICE after HELLO. Once its address had its share of those, it is refused here, before
 * there is a WebSocket. A right token always passes, whoever else is behind its address. */
static bool check_token(const struct tunnel_server *s, struct lws *wsi)
{
	char secret[TOKEN_TEXT_LEN + 2], owner[65];
	uint64_t stamp;
	read_secret(wsi, secret, sizeof secret);
	bool fine = (tokens_count(s->relay->tokens) == 0 && !s->wants_tokens) ||
		    tokens_check(s->relay->tokens, bytes_of(secret), owner, &stamp);
	lws_explicit_bzero(secret, sizeof secret);
	return fine || may_be_told(s, wsi);
}

/* An address's connections are limited where they are accepted; those that come through a trusted proxy, here. */
static bool check_client(const struct tunnel_server *s, struct lws *wsi)
{
	struct throttle_address address;
	struct peer who;
	find_client(s->relay, wsi, &who, &address);
	leave_counted(wsi, &address);
	if (throttle_may_connect(s->relay->throttle, &address))
		return true;
	refuse(s, wsi, REFUSE_UNDER_WAY, NULL);
	return false;
}

/* Before it becomes a WebSocket. Web pages may open WebSockets to whatever they like, and their browser says so by
 * Origin (RFC 6455 §10.2), which no creel client sends; Sec-WebSocket-Origin is what drafts called it. False: it was
 * refused. */
static bool check_handshake(const struct tunnel_server *s, struct lws *wsi)
{
	char host[LIMIT_HANDSHAKE_FIELD], sentence[HOST_CHECK_SENTENCE];
	if (has_field(wsi, WSI_TOKEN_ORIGIN) || has_field(wsi, WSI_TOKEN_SWORIGIN)) {
		if (may_be_told(s, wsi))
			refuse(s, wsi, REFUSE_ORIGIN, NULL);
		return false;
	}
	int len = lws_hdr_copy(wsi, host, sizeof host, WSI_TOKEN_HOST);
	struct bytes name = bytes_make(host, len > 0 ? (size_t)len : 0);
	if (host_check_is_ours(&s->relay->names, name))
		return true;
	if (!may_be_told(s, wsi))
		return false;
	host_check_explain(name, sentence);
	refuse(s, wsi, REFUSE_MISDIRECTED, sentence);
	return false;
}

/* A GET of the tunnel's path without an upgrade: from a browser, or through a proxy that does not pass upgrades on. */
static int refuse_plain(const struct tunnel_server *s, struct lws *wsi)
{
	if (check_handshake(s, wsi) && may_be_told(s, wsi))
		refuse(s, wsi, REFUSE_NO_UPGRADE, NULL);
	return -1;
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct connection *c = user;
	struct tunnel_server *s = lws_context_user(lws_get_context(wsi));
	struct adopted *adopted;
	switch (reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		s->tls_context = user; /* at the vhost's making: the SSL_CTX that serves it */
		return tls_policy_apply(s->tls_context) ? 0 : -1;
	case LWS_CALLBACK_HTTP:
		return refuse_plain(s, wsi);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		/* lws would also go over to HTTP/2 (h2c). */
		if (!in || strcasecmp(in, "websocket") != 0)
			return refuse_plain(s, wsi);
		return check_handshake(s, wsi) && check_client(s, wsi) && check_token(s, wsi) ? 0 : -1;
	case LWS_CALLBACK_ESTABLISHED:
		return on_established(s, c, wsi);
	case LWS_CALLBACK_RECEIVE: {
		bool was_online = c->welcomed;
		link_on_receive(c->link, bytes_make(in, len), lws_frame_is_binary(wsi),
				lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0);
		if (was_online || !c->welcomed)
			return 0;
		if ((adopted = lws_get_opaque_user_data(wsi)))
			handshakes_finish(s, adopted);
		/* One that is closing keeps the timeout that link_close set. */
		if (!link_close_status(c->link))
			lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
		return 0;
	}
	case LWS_CALLBACK_SERVER_WRITEABLE:
		if (c->ask == ASK_DUE)
			return connection_send_ping(c);
		return c->link ? link_on_writable(c->link) : 0;
	case LWS_CALLBACK_RECEIVE_PONG:
		on_pong(c, bytes_make(in, len));
		return 0;
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		if (c->link)
			note_close(c, in, len);
		return c->link && link_close_status(c->link) ? -1 : 0;
	case LWS_CALLBACK_WSI_DESTROY:
		if ((adopted = lws_get_opaque_user_data(wsi)))
			handshakes_forget(s, adopted);
		return 0;
	case LWS_CALLBACK_CLOSED:
		on_closed(c);
		return 0;
	default:
		return lws_callback_http_dummy(wsi, reason, user, in, len);
	}
}

static const struct lws_protocols protocols[] = {
	{ WIRE_SUBPROTOCOL, on_lws, sizeof(struct connection), 65536, 0, NULL, 0 },
	{ NULL, NULL, 0, 0, 0, NULL, 0 },
};

/* lws 4.1.6 has one log for the whole process, and hands its writer no context. On the loop thread alone. */
static const struct relay *lws_logs_for;

static void on_lws_log(int level, const char *line)
{
	const enum log_level as = level & LLL_ERR ? LOG_WARN : LOG_DEBUG;
	char text[300];
	size_t len = strcspn(line, "\n");
	snprintf(text, sizeof text, "%.*s", len < sizeof text ? (int)len : (int)sizeof text - 1, line);
	/* Strangers can cause such lines, for instance by a head that is too long. */
	if (!lws_logs_for || RELAY_LOGS(lws_logs_for, as, "lws", text))
		log_event(as, "lws", "text", text, NULL);
}

static struct lws_vhost *make_vhost(struct tunnel_server *s, const char *name, bool tls)
{
	struct lws_context_creation_info info = { 0 };
	info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
	info.vhost_name = name;
	info.protocols = protocols;
	info.retry_and_idle_policy = &s->keepalive;
	if (tls) {
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		info.ssl_cert_filepath = s->relay->settings.tls_cert;
		info.ssl_private_key_filepath = s->relay->settings.tls_key;
		info.alpn = WIRE_ALPN;
	}
	return lws_create_vhost(s->context, &info);
}

struct tunnel_server *tunnel_server_new(struct relay *relay, struct error *e)
{
	if (!loop_takes_lws(EXIT_RELAY, e))
		return NULL;
	struct tunnel_server *s = calloc(1, sizeof *s);
	if (!s) {
		error_set(e, EXIT_RELAY, "out of memory");
		return NULL;
	}
	s->relay = relay;
	s->wants_tokens = tokens_count(relay->tokens) > 0;
	int64_t seconds = (relay->settings.ping_interval_ms + 999) / 1000;
	s->keepalive.secs_since_valid_ping = (uint16_t)seconds;
	s->keepalive.secs_since_valid_hangup = (uint16_t)(2 * seconds);
	lws_logs_for = relay;
	lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
	void *loops[1] = { relay->loop };
	struct lws_context_creation_info info = { 0 };
	info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
	info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
		       (relay->settings.tls_cert ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0);
	info.foreign_loops = loops;
	info.user = s;
	info.pt_serv_buf_size = 65536;
	s->context = lws_create_context(&info);
	if (!s->context) {
		error_set(e, EXIT_RELAY,
			  "libwebsockets cannot start on libuv: install its plugin (Debian: libwebsockets-evlib-uv)");
		free(s);
		return NULL;
	}
	s->plain = make_vhost(s, "plain", false);
	s->tls = relay->settings.tls_cert ? make_vhost(s, "tls", true) : NULL;
	if (!s->plain || (relay->settings.tls_cert && !s->tls)) {
		error_set(e, EXIT_RELAY, "the certificate %s and key %s cannot be used for tunnels",
			  relay->settings.tls_cert ? relay->settings.tls_cert : "",
			  relay->settings.tls_key ? relay->settings.tls_key : "");
		lws_context_destroy(s->context);
		free(s);
		return NULL;
	}
	handshakes_init(s);
	late_flush_init(&s->late, relay->loop);
	connection_entry_init(&s->entries, relay->loop, relay->tokens, connection_on_entry);
	return s;
}

void tunnel_server_adopt(struct tunnel_server *s, int fd, bool tls, const struct tunnel_adopted *adopted)
{
	handshakes_add(s, fd, tls, adopted);
}

bool tunnel_server_reload(struct tunnel_server *s, struct error *e)
{
	const char *cert = s->relay->settings.tls_cert, *key = s->relay->settings.tls_key;
	if (!s->tls_context)
		return true;
	/* Loaded into a context of their own first: a certificate without its key would spoil the one in use. */
	SSL_CTX *fresh = SSL_CTX_new(TLS_server_method());
	STACK_OF(X509) *chain = NULL;
	bool fine = fresh && SSL_CTX_use_certificate_chain_file(fresh, cert) == 1 &&
		    SSL_CTX_use_PrivateKey_file(fresh, key, SSL_FILETYPE_PEM) == 1 &&
		    SSL_CTX_check_private_key(fresh) == 1 && SSL_CTX_get0_chain_certs(fresh, &chain) == 1 &&
		    SSL_CTX_use_cert_and_key(s->tls_context, SSL_CTX_get0_certificate(fresh),
					     SSL_CTX_get0_privatekey(fresh), chain, 1) == 1;
	SSL_CTX_free(fresh);
	ERR_clear_error(); /* lws reads the thread's error queue */
	return fine ||
	       error_set(e, EXIT_RELAY, "the certificate %s and key %s cannot be used: the old ones stay", cert, key);
}

void tunnel_server_want_tokens(struct tunnel_server *s)
{
	s->wants_tokens = true;
}

void tunnel_server_check_tokens(struct tunnel_server *s)
{
	int count = tokens_count(s->relay->tokens);
	if (count < 0)
		return;
	s->wants_tokens |= count > 0;
	for (struct connection *c = s->all; c; c = c->next)
		if (c->client && *c->owner && !link_close_status(c->link) &&
		    !tokens_has(s->relay->tokens, c->owner, c->owner_stamp))
			connection_refuse(c, WIRE_NOTICE_UNAUTHORIZED, "the token was revoked");
}

void tunnel_server_check_links(struct tunnel_server *s)
{
	handshakes_check(s);
	for (struct connection *c = s->all; c; c = c->next) {
		if (link_close_status(c->link) || link_stalled_ms(c->link) < UINT64_C(1000) * LIMIT_STALL)
			continue;
		s->relay->metrics.reached[REACHED_STALL]++;
		link_close(c->link, 1008, "the client does not read what it is sent");
	}
}

void tunnel_server_goaway(struct tunnel_server *s)
{
	for (struct connection *c = s->all; c; c = c->next)
		if (c->client)
			connection_send_note(c, WIRE_GOAWAY, WIRE_NOTICE_SHUTDOWN, 0, "the relay is shutting down");
}

void tunnel_server_close(struct tunnel_server *s)
{
	for (struct connection *c = s->all; c; c = c->next)
		link_close(c->link, 1001, "the relay is shutting down");
	handshakes_close(s);
	late_flush_close(&s->late);
	connection_entry_close(&s->entries);
}

void tunnel_server_end(struct tunnel_server *s)
{
	if (!s)
		return;
	handshakes_close(s);
	late_flush_close(&s->late);
	connection_entry_close(&s->entries);
	lws_context_destroy(s->context);
}

void tunnel_server_free(struct tunnel_server *s)
{
	if (!s)
		return;
	lws_context_destroy(s->context);
	silent_free(&s->by_address);
	silent_free(&s->waiting);
	lws_logs_for = NULL;
	free(s);
}
