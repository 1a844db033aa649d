/* A token is not sent where others can read it on the way: over plain http it goes only to this machine, however the
 * relay's name is spelled, unless the user said --allow-plain-token.
 *
 * The name is resolved here, and the connection is made to the address that was checked; the address at the other end
 * is checked once more before the handshake is written. */
#include "shared/net/loopback.h"
#include "client/proxy/proxy.h"
#include "client/tunnel/tunnel_private.h"

bool tunnel_guards_token(const struct tunnel *t)
{
	return t->options.token && !t->tls;
}

static bool is_proxied(const struct tunnel *t)
{
	bool exempt;
	return proxy_variable("http", t->host, &exempt) && !exempt;
}

enum plain_way tunnel_plain_way(const struct tunnel *t, struct tunnel_addresses *here)
{
	if (t->proxied || is_proxied(t))
		return PLAIN_OUT;
	if (tunnel_address_find(here, t->host, true) != 0)
		return PLAIN_UNKNOWN;
	return here->count ? PLAIN_HERE : PLAIN_OUT;
}

enum reason tunnel_plain_reason(const struct tunnel *t)
{
	return is_proxied(t) ? REASON_TOKEN_PLAIN_PROXY : REASON_TOKEN_PLAIN;
}

bool tunnel_check_plain(const struct tunnel *t, struct error *e)
{
	struct tunnel_addresses here = { 0 };
	const struct facts facts = { .relay = t->options.relay };
	return !tunnel_guards_token(t) || t->options.allow_plain_token || tunnel_plain_way(t, &here) != PLAIN_OUT ||
	       reason_set_error(e, tunnel_plain_reason(t), &facts);
}

void tunnel_warn_plain(struct tunnel *t)
{
	char text[500];
	reason_line(REASON_TOKEN_IN_CLEAR, tunnel_facts(t), text, sizeof text);
	if (!t->warned && t->ops->on_warning)
		t->ops->on_warning(t->user, text);
	t->warned = true;
}

bool tunnel_peer_may_have_token(const struct tunnel *t, struct lws *wsi)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof peer;
	return !tunnel_guards_token(t) || t->options.allow_plain_token ||
	       (getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)&peer, &len) == 0 &&
		loopback_is((const struct sockaddr *)&peer));
}
