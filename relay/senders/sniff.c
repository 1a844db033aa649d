/* A connection's first bytes, looked at and left in the socket: a PROXY header, TLS or not, a tunnel or not. A tunnel's
 * connection goes to libwebsockets with its first bytes unread. */
#include "relay/senders/sender.h"

#include "relay/common/limits.h"
#include "relay/net/challenges.h"
#include "relay/net/trusted.h"
#include "relay/opening/client_hello.h"
#include "relay/opening/plaintext.h"
#include "relay/opening/proxy_protocol.h"
#include "relay/links/tunnel_server.h"
#include "shared/program/log.h"
#include "shared/wire/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define TLS_HANDSHAKE 0x16 /* a record's first byte (RFC 8446 §5.1) */

/* Wakes once there is more than was looked at: the bytes stay, and would keep the socket readable. */
static void wait_beyond(struct sender *s, size_t len)
{
	int bytes = (int)len + 1;
	if (setsockopt(s->conn.fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes) != 0)
		sender_close(s);
}

static void want_all(const struct sender *s)
{
	int one = 1;
	setsockopt(s->conn.fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
}

/* ---- a tunnel ---- */

static void on_tunnel_closed(void *user, const struct throttle_address *address)
{
	struct senders *all = user;
	all->tunnels--;
	throttle_disconnected(all->relay->throttle, address);
}

static void on_left(uv_handle_t *h)
{
	struct sender *s = h->data;
	struct senders *all = s->all;
	struct tunnel_adopted adopted = {
		.peer = s->from, .address = s->address, .closed = on_tunnel_closed, .user = all
	};
	want_all(s);
	tunnel_server_adopt(all->relay->tunnels, conn_release(&s->conn), s->proxied, &adopted);
	sender_free(s);
}

/* The descriptor leaves libuv's hands before libwebsockets takes it. It stays counted until it is closed there. */
static void hand_over(struct sender *s, bool tls)
{
	s->proxied = tls; /* of no other use any more */
	s->all->tunnels++;
	sender_leave(s, on_left);
}

/* ---- requests ---- */

static void become_sender(struct sender *s, SSL_CTX *tls)
{
	want_all(s);
	if (!tls)
		sender_to(s, SENDER_IDLE);
	else if (conn_accept_tls(&s->conn, tls))
		sender_to(s, SENDER_TLS);
	else
		sender_close(s);
}

/* ---- PROXY headers ---- */

/* From here on the connection is the source's: it, and not the proxy, is counted. */
static bool become(struct sender *s, const struct peer *source)
{
	struct relay *relay = s->all->relay;
	silent_remove(&s->all->silent, &s->silent);
	s->from = *source;
	silent_add(&s->all->silent, &s->silent, s->from.at);
	sender_know_peer(s);
	if (!s->address.known)
		return true;
	bool allowed = throttle_may_connect(relay->throttle, &s->address);
	if (allowed) {
		throttle_connected(relay->throttle, &s->address);
	} else {
		s->address.known = false;
		relay->metrics.connections_refused++;
		relay->metrics.reached[REACHED_MAX_CONNECTIONS_PER_ADDRESS]++;
		sender_log_refused(relay, "too many connections of one address");
	}
	return allowed;
}

/* A proxy is set up wrongly: its bytes are read as a request, which is refused. */
static void refuse(struct sender *s, enum refusal why)
{
	become_sender(s, NULL);
	sender_to(s, SENDER_HEAD);
	answer_refuse(s, why);
}

/* True when the bytes that follow are there to be looked at; else this was the last word for now. */
static bool pass_proxy_header(struct sender *s, uint8_t *data, size_t len, bool ended)
{
	struct peer source;
	size_t used;
	enum proxy_protocol header = proxy_protocol_parse(bytes_make(data, len), &source, &used);
	if (header == PROXY_PROTOCOL_NONE)
		return true;
	/* The beginning of one may be that of a request as well. */
	if (header == PROXY_PROTOCOL_MORE && !proxy_protocol_begins(bytes_make(data, len))) {
		if (!ended)
			wait_beyond(s, len);
		return ended;
	}
	if (!trusted_has(s->all->relay->trusted, &s->from)) {
		refuse(s, REFUSE_PROXY_UNTRUSTED);
		return false;
	}
	if (s->proxied || header == PROXY_PROTOCOL_INVALID) {
		refuse(s, REFUSE_PROXY_HEADER);
		return false;
	}
	if (header == PROXY_PROTOCOL_MORE) {
		if (ended)
			sender_close(s);
		else
			wait_beyond(s, len);
		return false;
	}
	s->proxied = true;
	if (recv(s->conn.fd, data, used, MSG_DONTWAIT) != (ssize_t)used || (source.known && !become(s, &source))) {
		sender_close(s);
		return false;
	}
	want_all(s);
	sniff_look(s, false);
	return false;
}

/* ---- what it is ---- */

enum kind {
	KIND_MORE,
	KIND_NOTHING,
	KIND_TUNNEL,
	KIND_TLS_TUNNEL,
	KIND_SENDER,
	KIND_TLS_SENDER,
	KIND_CHALLENGE /* of a certificate authority, tls-alpn-01 */
};

static enum kind judge_plain(const struct sender *s, const uint8_t *at, size_t len)
{
	static const char start[] = "GET " WIRE_PATH;
	size_t n = len < sizeof start - 1 ? len : sizeof start - 1;
	if (plaintext_is_unwelcome(s->all->relay, &s->from))
		return KIND_SENDER; /* where it gets its answer, a tunnel as well */
	if (memcmp(at, start, n) != 0)
		return s->tunnels_only ? KIND_TUNNEL : KIND_SENDER;
	if (len > n && at[n] != ' ' && at[n] != '?')
		return s->tunnels_only ? KIND_TUNNEL : KIND_SENDER;
	if (memmem(at, len, "\r\n\r\n", 4))
		return KIND_TUNNEL;
	return len < LIMIT_HANDSHAKE_HEAD ? KIND_MORE : KIND_SENDER;
}

static enum kind judge(const struct sender *s, const uint8_t *at, size_t len)
{
	if (at[0] != TLS_HANDSHAKE)
		return judge_plain(s, at, len);
	if (!s->all->tls)
		return KIND_SENDER; /* which says that this is no HTTP */
	if (challenges_tls(s->all->relay->challenges) &&
	    client_hello_parse(bytes_make(at, len), CHALLENGE_ALPN) == CLIENT_HELLO_MATCH)
		return KIND_CHALLENGE;
	switch (client_hello_parse(bytes_make(at, len), WIRE_ALPN)) {
	case CLIENT_HELLO_MORE:
		if (len < LIMIT_CLIENT_HELLO)
			return KIND_MORE;
		s->all->relay->metrics.reached[REACHED_CLIENT_HELLO]++;
		return KIND_NOTHING;
	case CLIENT_HELLO_MATCH:
		return KIND_TLS_TUNNEL;
	case CLIENT_HELLO_OTHER:
		return s->tunnels_only ? KIND_TLS_TUNNEL : KIND_TLS_SENDER;
	case CLIENT_HELLO_INVALID:
		break;
	}
	return KIND_NOTHING;
}

void sniff_look(struct sender *s, bool ended)
{
	uint8_t data[LIMIT_CLIENT_HELLO];
	ssize_t n = recv(s->conn.fd, data, sizeof data, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		sender_close(s);
		return;
	}
	if (!pass_proxy_header(s, data, (size_t)n, ended))
		return;
	enum kind kind = judge(s, data, (size_t)n);
	/* What was sent before it was half closed may be a whole request all the same. */
	if (kind == KIND_MORE && ended)
		kind = data[0] == TLS_HANDSHAKE ? KIND_NOTHING : KIND_SENDER;
	switch (kind) {
	case KIND_MORE:
		wait_beyond(s, (size_t)n);
		return;
	case KIND_NOTHING:
		sender_close(s);
		return;
	case KIND_TUNNEL:
	case KIND_TLS_TUNNEL:
		hand_over(s, kind == KIND_TLS_TUNNEL);
		return;
	case KIND_SENDER:
	case KIND_TLS_SENDER:
		become_sender(s, kind == KIND_TLS_SENDER ? s->all->tls : NULL);
		return;
	case KIND_CHALLENGE:
		become_sender(s, challenges_tls(s->all->relay->challenges));
		return;
	}
}
