/* A token is not sent where others can read it on the way: over plain http it goes to this machine alone, whatever the
 * relay's name is spelled like, unless the user said --allow-plain-token.
 *
 * The name is resolved here, and the connection made to the address that was looked at; what it is connected to in the
 * end is looked at once more before the handshake is written. */
#include "shared/net/loopback.h"
#include "client/proxy/proxy.h"
#include "client/tunnel/tunnel_private.h"

#include <netdb.h>
#include <string.h>

bool tunnel_guards_token(const struct tunnel *t)
{
	return t->options.token && !t->tls;
}

static bool is_proxied(const struct tunnel *t)
{
	bool exempt;
	return proxy_variable("http", t->host, &exempt) && !exempt;
}

/* The tries-th loopback address of those found, as text; false when there is none. */
static bool pick(const struct addrinfo *found, unsigned tries, char out[NI_MAXHOST])
{
	const struct addrinfo *here[8];
	size_t count = 0;
	for (const struct addrinfo *at = found; at && count < sizeof here / sizeof *here; at = at->ai_next)
		if (loopback_is(at->ai_addr))
			here[count++] = at;
	return count > 0 && getnameinfo(here[tries % count]->ai_addr, here[tries % count]->ai_addrlen, out, NI_MAXHOST,
					NULL, 0, NI_NUMERICHOST) == 0;
}

enum plain_way tunnel_plain_way(const struct tunnel *t, char address[NI_MAXHOST])
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *found = NULL;
	if (t->proxied || is_proxied(t))
		return PLAIN_OUT;
	/* As tunnel_connect takes it, whatever /etc/hosts says. */
	if (strcasecmp(t->host, "localhost") == 0) {
		snprintf(address, NI_MAXHOST, "%s", t->tries % 2 ? "::1" : "127.0.0.1");
		return PLAIN_HERE;
	}
	if (getaddrinfo(t->host, NULL, &hints, &found) != 0)
		return PLAIN_UNKNOWN;
	bool here = pick(found, t->tries, address);
	freeaddrinfo(found);
	return here ? PLAIN_HERE : PLAIN_OUT;
}

enum reason tunnel_plain_reason(const struct tunnel *t)
{
	return is_proxied(t) ? REASON_TOKEN_PLAIN_PROXY : REASON_TOKEN_PLAIN;
}

bool tunnel_check_plain(const struct tunnel *t, struct error *e)
{
	char address[NI_MAXHOST];
	const struct facts facts = { .relay = t->options.relay };
	return !tunnel_guards_token(t) || t->options.allow_plain_token || tunnel_plain_way(t, address) != PLAIN_OUT ||
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
