/* Making the tunnel's connection: where to, by which proxy, trusting whom. */
#include "client/proxy/proxy.h"
#include "client/proxy/proxy_dial.h"
#include "client/tunnel/tunnel_private.h"
#include "shared/program/loop.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* lws ends a connection that is still being made after this long, and does not say why (4.1.6; 5 s when it is not
 * told): so much later than we do that it never comes first. */
#define LWS_GIVES_UP_S 60

static bool is_taken(const struct tunnel *t)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof peer;
	return t->wsi && getpeername(lws_get_socket_fd(t->wsi), (struct sockaddr *)&peer, &len) == 0;
}

static enum reason reason_of_wait(const struct tunnel *t)
{
	enum reason known = tunnel_look_reason(t);
	if (known != REASON_NONE)
		return known;
	if (t->stage == STAGE_PROXY)
		return REASON_PROXY_SILENT;
	if (t->link)
		return REASON_RELAY_UNGREETED;
	enum reason why = is_taken(t) ? REASON_RELAY_SILENT : REASON_RELAY_NOT_TAKEN;
	return t->proxied ? proxy_dial_reason_behind(why) : why;
}

static void on_welcome_late(uv_timer_t *h)
{
	struct tunnel *t = h->data;
	tunnel_drop(t, reason_of_wait(t));
}

/* An address that is not the last of its round: either it has the connection by now, or the next one is tried. */
static void on_taking_late(uv_timer_t *h)
{
	struct tunnel *t = h->data;
	uint64_t limit_ms = (uint64_t)t->options.answer_within_ms;
	if (is_taken(t))
		uv_timer_start(h, on_welcome_late, limit_ms - tunnel_address_wait_ms(&t->addresses, limit_ms), 0);
	else
		tunnel_drop(t, REASON_RELAY_NOT_TAKEN);
}

void tunnel_say_wait(struct tunnel *t, uint64_t waited_ms, char *out, size_t size)
{
	struct facts facts = *tunnel_facts(t);
	facts.limit_ms = waited_ms;
	reason_line(reason_of_wait(t), &facts, out, size);
}

/* It goes where its token may go, in clear only to addresses of this machine. */
static bool find_guarded(struct tunnel *t, int *code)
{
	enum plain_way way = tunnel_plain_way(t, &t->addresses);
	bool allowed = t->options.allow_plain_token;
	if (way == PLAIN_OUT && allowed) {
		tunnel_warn_plain(t);
		*code = t->proxied ? 0 : tunnel_address_find(&t->addresses, t->host, false);
		return true;
	}
	*code = way == PLAIN_UNKNOWN ? tunnel_address_find(&t->addresses, t->host, allowed) : 0;
	if (way != PLAIN_OUT)
		return true;
	if (t->confirmed_at_us) /* it was here: the name may come back */
		tunnel_lost(t, tunnel_plain_reason(t));
	else
		tunnel_stop(t, tunnel_plain_reason(t));
	return false;
}

/* Finds the relay's addresses. False: nothing is connected now, and why was said. */
static bool begin_round(struct tunnel *t)
{
	int code = 0;
	t->unreached = REASON_NONE;
	if (tunnel_guards_token(t)) {
		if (!find_guarded(t, &code))
			return false;
	} else if (!t->proxied) {
		code = tunnel_address_find(&t->addresses, t->host, false);
	}
	if (t->state != TUNNEL_CONNECTING)
		tunnel_set_state(t, TUNNEL_CONNECTING, REASON_NONE, 0);
	if (t->proxied || t->addresses.left > 0)
		return true;
	tunnel_lost(t, code ? tunnel_reason_of_resolver(code) : REASON_TUNNEL_NOT_BEGUN);
	return false;
}

/* Has lws connect to `port` of `address`. */
static void connect_lws(struct tunnel *t, const char *address, int port)
{
	struct lws_client_connect_info info = { 0 };
	char authority[300];
	snprintf(authority, sizeof authority, strchr(t->host, ':') ? "[%s]:%d" : "%s:%d", t->host, t->port);
	info.context = t->context;
	info.address = address;
	snprintf(t->dialed, sizeof t->dialed, "%s", info.address);
	t->stage = STAGE_DIALED;
	t->tls_error = 0;
	info.port = port;
	info.path = t->path;
	info.host = authority;
	info.protocol = WIRE_SUBPROTOCOL;
	info.local_protocol_name = WIRE_SUBPROTOCOL;
	info.retry_and_idle_policy = &t->keepalive;
	info.pwsi = &t->wsi;
	/* Where a relay sends us on to is not where the user sent the token. */
	info.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT;
	if (t->tls) {
		info.ssl_connection |= LCCSCF_USE_SSL;
		info.alpn = WIRE_ALPN ",http/1.1"; /* a proxy that ends TLS may refuse an offer it knows nothing of */
		if (t->options.insecure)
			info.ssl_connection |= LCCSCF_ALLOW_SELFSIGNED | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK |
					       LCCSCF_ALLOW_EXPIRED | LCCSCF_ALLOW_INSECURE;
	}
	/* When this fails at once, lws 4.1.6 may or may not have called CONNECTION_ERROR: `retry` is active if it has.
	 */
	if (!lws_client_connect_via_info(&info) && !uv_is_active((uv_handle_t *)&t->retry) && !t->closing &&
	    !t->stopped)
		tunnel_lost(t, REASON_TUNNEL_NOT_BEGUN);
}

static void on_way_open(void *user, int port)
{
	struct tunnel *t = user;
	connect_lws(t, "127.0.0.1", port);
	if (t->wsi && t->way)
		proxy_way_expect(t->way, lws_get_socket_fd(t->wsi));
}

static void on_way_failed(void *user, enum reason why, const struct facts *seen)
{
	struct tunnel *t = user;
	t->facts.status = seen->status;
	snprintf(t->detail, sizeof t->detail, "%s", seen->detail ? seen->detail : "");
	tunnel_lost(t, why);
}

static void ask_proxy(struct tunnel *t)
{
	static const struct proxy_way_ops ops = { on_way_open, on_way_failed };
	const struct proxy_dial to = {
		.proxy = &t->proxy,
		.host = t->host,
		.port = t->port,
		.ca = t->options.ca,
		.limit_ms = (uint64_t)t->options.answer_within_ms,
	};
	t->stage = STAGE_PROXY;
	t->way = proxy_way_new(t->loop, &to, &ops, t);
	if (!t->way)
		tunnel_lost(t, REASON_TUNNEL_NOT_BEGUN);
}

void tunnel_connect(struct tunnel *t)
{
	uint64_t limit_ms = (uint64_t)t->options.answer_within_ms;
	if (t->addresses.left == 0 && !begin_round(t))
		return;
	if (t->proxied) {
		uv_timer_start(&t->welcome, on_welcome_late, limit_ms, 0);
		ask_proxy(t);
		return;
	}
	const char *address = tunnel_address_next(&t->addresses);
	uint64_t wait_ms = tunnel_address_wait_ms(&t->addresses, limit_ms);
	uv_timer_start(&t->welcome, t->addresses.left ? on_taking_late : on_welcome_late, wait_ms, 0);
	if (tunnel_address_has_route(address)) {
		connect_lws(t, address, t->port);
		return;
	}
	t->stage = STAGE_DIALED;
	tunnel_lost(t, REASON_RELAY_NO_ROUTE);
}

bool tunnel_make_context(struct tunnel *t, struct error *e)
{
	void *loops[1] = { t->loop };
	struct lws_context_creation_info info = { 0 };
	if (!loop_takes_lws(EXIT_RELAY, e) || !proxy_for(t->tls ? "https" : "http", t->host, &t->proxy, e))
		return false;
	t->proxied = t->proxy.variable != NULL;
	/* lws 4.1.6 reads http_proxy by itself, whatever the scheme and NO_PROXY say. */
	unsetenv("http_proxy");
	unsetenv("socks_proxy");
	lws_set_log_level(0, NULL); /* it writes to stderr by itself else, whatever it holds */
	info.port = CONTEXT_PORT_NO_LISTEN;
	info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS | /* tunnel.c adds them */
		       (t->tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0);
	info.foreign_loops = loops;
	info.protocols = tunnel_protocols;
	info.user = t;
	info.client_ssl_ca_filepath = t->options.ca;
	info.ssl_client_options_set = SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1;
	info.retry_and_idle_policy = &t->keepalive;
	info.timeout_secs = LWS_GIVES_UP_S;
	t->context = lws_create_context(&info);
	return t->context ||
	       error_set(e, EXIT_RELAY,
			 "no tunnel can be opened: a part of creel is not installed (Debian: libwebsockets-evlib-uv), "
			 "or memory or file descriptors ran out; raise the limit (ulimit -n)");
}
