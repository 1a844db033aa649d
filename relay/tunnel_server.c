/* The lws end of the tunnels: context, vhosts, callbacks. */
#include "relay/tunnel_private.h"

#include "shared/log.h"

#include <openssl/err.h>
#include <string.h>

#define HELLO_SECONDS 10
#define MAX_AUTHORIZATION 256

static void read_secret(struct tunnel *t, struct lws *wsi)
{
	char value[MAX_AUTHORIZATION];
	int len = lws_hdr_copy(wsi, value, sizeof value, WSI_TOKEN_HTTP_AUTHORIZATION);
	if (len > 7 && strncasecmp(value, "Bearer ", 7) == 0)
		snprintf(t->secret, sizeof t->secret, "%.*s", (int)sizeof t->secret - 1, value + 7);
	lws_explicit_bzero(value, sizeof value);
}

static int on_established(struct tunnel_server *s, struct tunnel *t, struct lws *wsi)
{
	memset(t, 0, sizeof *t);
	t->server = s;
	t->link = link_new(s->relay->loop, wsi, &tunnel_link_ops, t);
	if (!t->link)
		return -1;
	t->next = s->all;
	t->link_back = &s->all;
	if (s->all)
		s->all->link_back = &t->next;
	s->all = t;
	limits_address_of_peer(&t->address, lws_get_socket_fd(wsi));
	limits_connected(s->relay->limits, &t->address);
	read_secret(t, wsi);
	lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, HELLO_SECONDS);
	return 0;
}

static void on_closed(struct tunnel *t)
{
	if (!t->link)
		return;
	if (t->online) {
		t->server->relay->metrics.tunnels--;
		log_event(LOG_INFO, "tunnel_offline", "tunnel", t->name, "owner", t->owner, "reason",
			  *link_close_reason(t->link) ? link_close_reason(t->link) : "the connection ended", NULL);
	}
	if (*t->name)
		router_release(t->server->relay->router, t->name, t);
	struct delivery *d, *next;
	HASH_ITER(hh, t->streams, d, next)
	{
		tunnel_forget_stream(d);
		delivery_on_lost(d);
	}
	limits_disconnected(t->server->relay->limits, &t->address);
	*t->link_back = t->next;
	if (t->next)
		t->next->link_back = t->link_back;
	link_free(t->link);
	t->link = NULL;
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct tunnel *t = user;
	struct tunnel_server *s = lws_context_user(lws_get_context(wsi));
	switch (reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		s->tls_context = user; /* at the vhost's making: the SSL_CTX that serves it */
		return 0;
	case LWS_CALLBACK_HTTP:
		return -1; /* a GET of the tunnel's path that is no WebSocket */
	case LWS_CALLBACK_ESTABLISHED:
		return on_established(s, t, wsi);
	case LWS_CALLBACK_RECEIVE: {
		bool was_online = t->online;
		int result = link_on_receive(t->link, in, len);
		/* A closing one keeps the time that link_close set. */
		if (!was_online && t->online && !*link_close_reason(t->link))
			lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
		return result;
	}
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return t->link ? link_on_writable(t->link) : 0;
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		return t->link && *link_close_reason(t->link) ? -1 : 0;
	case LWS_CALLBACK_CLOSED:
		on_closed(t);
		return 0;
	default:
		return lws_callback_http_dummy(wsi, reason, user, in, len);
	}
}

static const struct lws_protocols protocols[] = {
	{ WIRE_SUBPROTOCOL, on_lws, sizeof(struct tunnel), 65536, 0, NULL, 0 },
	{ NULL, NULL, 0, 0, 0, NULL, 0 },
};

static void on_lws_log(int level, const char *line)
{
	char text[300];
	size_t len = strcspn(line, "\n");
	snprintf(text, sizeof text, "%.*s", len < sizeof text ? (int)len : (int)sizeof text - 1, line);
	log_event(level & LLL_ERR ? LOG_WARN : LOG_DEBUG, "lws", "text", text, NULL);
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
		info.ssl_options_set = SSL_OP_NO_SSLv2 | SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1;
		info.alpn = WIRE_ALPN;
	}
	return lws_create_vhost(s->context, &info);
}

struct tunnel_server *tunnel_server_new(struct relay *relay, struct error *e)
{
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
	return s;
}

void tunnel_server_adopt(struct tunnel_server *s, int fd, bool tls)
{
	/* lws 4.1.6 closes the socket itself when it cannot take it. */
	if (!lws_adopt_socket_vhost(tls ? s->tls : s->plain, fd))
		log_event(LOG_WARN, "tunnel_not_adopted", NULL);
}

bool tunnel_server_reload(struct tunnel_server *s, struct error *e)
{
	const char *cert = s->relay->settings.tls_cert, *key = s->relay->settings.tls_key;
	if (!s->tls_context)
		return true;
	/* Into a context of their own first: a certificate whose key does not follow would spoil the one in use. */
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

void tunnel_server_check_tokens(struct tunnel_server *s)
{
	int count = tokens_count(s->relay->tokens);
	if (count < 0)
		return;
	s->wants_tokens |= count > 0;
	for (struct tunnel *t = s->all; t; t = t->next)
		if (t->online && *t->owner && !*link_close_reason(t->link) &&
		    !tokens_has(s->relay->tokens, t->owner, t->owner_mark))
			tunnel_refuse_client(t, WIRE_NOTICE_UNAUTHORIZED, "the token was revoked");
}

void tunnel_server_goaway(struct tunnel_server *s)
{
	for (struct tunnel *t = s->all; t; t = t->next)
		if (t->online)
			tunnel_send_note(t, WIRE_GOAWAY, WIRE_NOTICE_SHUTDOWN, "the relay is shutting down");
}

void tunnel_server_close(struct tunnel_server *s)
{
	for (struct tunnel *t = s->all; t; t = t->next)
		link_close(t->link, 1001, "the relay is shutting down");
}

void tunnel_server_free(struct tunnel_server *s)
{
	if (!s)
		return;
	/* On a foreign libuv loop lws 4.1.6 wants the destroy twice: to start closing its handles, and when they are
	 * closed. */
	lws_context_destroy(s->context);
	uv_run(s->relay->loop, UV_RUN_DEFAULT);
	lws_context_destroy(s->context);
	free(s);
}
