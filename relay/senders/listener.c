#include "relay/senders/listener.h"

#include "relay/senders/client_hello.h"
#include "relay/senders/ingress.h"
#include "relay/common/throttle.h"
#include "relay/senders/plaintext.h"
#include "relay/senders/proxy_protocol.h"
#include "relay/common/trusted.h"
#include "relay/tunnels/tunnel_server.h"
#include "shared/program/log.h"
#include "shared/wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_A_TURN 256
#define DISCARD_READS 64
#define PAUSE_MS 200 /* when descriptors ran out: the waiting connection would wake the loop for ever */

struct listener {
	struct relay *relay;
	uv_poll_t poll;
	uv_timer_t pause;
	int fd;
	int open_handles;
	bool tunnels_only;
	struct sniff *sniffing;
	size_t sniffing_count;
	bool closing, closed; /* asked to; its handles are closed */
	char address[80];
};

/* Where an accepted socket goes on. */
enum way { GO_NOWHERE, GO_TUNNEL, GO_INGRESS };

/* An accepted socket whose kind is not known yet. */
struct sniff {
	struct listener *listener;
	struct sniff *next, **back;
	uv_poll_t poll;
	uv_timer_t deadline;
	int fd;
	int open_handles;
	struct peer peer;                /* of the socket, or who a PROXY header says is behind it */
	bool proxied;                    /* there was one */
	struct throttle_address address; /* counted; unknown of a trusted proxy */
	enum way go;
	bool tls;
};

static bool split(const char *address, char host[64], char port[8])
{
	const char *colon = strrchr(address, ':');
	if (!colon || strlen(colon + 1) == 0 || strlen(colon + 1) > 5 ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) || atoi(colon + 1) > 65535)
		return false;
	size_t len = (size_t)(colon - address);
	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	} else if (memchr(address, ':', len)) {
		return false;
	}
	if (len >= 64)
		return false;
	memcpy(host, address, len);
	host[len] = 0;
	snprintf(port, 8, "%s", colon + 1);
	return true;
}

static bool resolve(const char *address, struct sockaddr_storage *out, socklen_t *len)
{
	char host[64], port[8];
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
				  .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *list;
	if (!split(address, host, port) || getaddrinfo(*host ? host : NULL, port, &hints, &list) != 0)
		return false;
	memcpy(out, list->ai_addr, list->ai_addrlen);
	*len = list->ai_addrlen;
	freeaddrinfo(list);
	return true;
}

static bool no_address(const char *address, struct error *e)
{
	return error_set(
	    e, EXIT_USAGE,
	    "'%s' is not an address to listen on: write ADDRESS:PORT, for example 127.0.0.1:8080 or [::1]:0", address);
}

bool listener_check_address(const char *address, struct error *e)
{
	struct sockaddr_storage a;
	socklen_t len;
	return resolve(address, &a, &len) || no_address(address, e);
}

bool listener_is_loopback(const char *address)
{
	struct sockaddr_storage a;
	socklen_t len;
	if (!resolve(address, &a, &len))
		return false;
	if (a.ss_family == AF_INET)
		return (ntohl(((struct sockaddr_in *)&a)->sin_addr.s_addr) >> 24) == 127;
	return a.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&a)->sin6_addr);
}

/* ---- looking at the first bytes ---- */

static void on_sniff_closed(uv_handle_t *h)
{
	struct sniff *s = h->data;
	struct listener *l = s->listener;
	if (--s->open_handles > 0)
		return;
	int one = 1;
	/* Whoever adopts the socket counts it anew. */
	throttle_disconnected(l->relay->throttle, &s->address);
	if (s->go == GO_NOWHERE || l->closing) {
		close(s->fd);
	} else {
		setsockopt(s->fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
		if (s->go == GO_TUNNEL)
			tunnel_server_adopt(l->relay->tunnels, s->fd, s->tls, &s->peer);
		else
			ingress_adopt(l->relay->ingress, s->fd, s->tls, &s->peer);
	}
	*s->back = s->next;
	if (s->next)
		s->next->back = s->back;
	l->sniffing_count--;
	free(s);
	if (l->closed && !l->sniffing)
		free(l);
}

/* The descriptor leaves libuv's hands before another library's event loop code takes it. */
static void finish(struct sniff *s, enum way go, bool tls)
{
	if (s->open_handles > 0)
		return;
	s->go = go;
	s->tls = tls;
	s->open_handles = 2;
	uv_close((uv_handle_t *)&s->poll, on_sniff_closed);
	uv_close((uv_handle_t *)&s->deadline, on_sniff_closed);
}

static void look(struct sniff *s);

static bool decide_plain(const uint8_t *at, size_t len, enum way *go)
{
	static const char start[] = "GET " WIRE_PATH;
	size_t n = len < sizeof start - 1 ? len : sizeof start - 1;
	if (memcmp(at, start, n) != 0) {
		*go = GO_INGRESS;
		return true;
	}
	if (len <= sizeof start - 1)
		return false;
	*go = at[n] == ' ' || at[n] == '?' ? GO_TUNNEL : GO_INGRESS;
	return true;
}

static void want(struct sniff *s, int bytes)
{
	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes) != 0)
		finish(s, GO_NOWHERE, false);
}

/* The peeked bytes stay in the socket and would keep it readable: wait until there are more. */
static void wait_for_more(struct sniff *s, size_t len)
{
	if (len < LIMIT_CLIENT_HELLO) {
		want(s, (int)len + 1);
		return;
	}
	s->listener->relay->metrics.reached[REACHED_CLIENT_HELLO]++;
	finish(s, GO_NOWHERE, false);
}

/* Says why, for the log of a proxy that was set up wrongly, and closes. */
static void refuse(struct sniff *s, enum refusal why)
{
	struct metrics *m = &s->listener->relay->metrics;
	const struct refusal_text *t = refusal_text(why);
	char peer[PEER_TEXT_LEN], text[500];
	struct log_number status;
	m->refused[why]++;
	m->status_class[t->status / 100]++;
	peer_format(&s->peer, peer);
	if (RELAY_LOGS(s->listener->relay, LOG_INFO, "refused", t->name))
		log_event(LOG_INFO, "refused", "reason", t->name, "status", log_number(&status, t->status), "peer",
			  peer, NULL);
	int len =
	    snprintf(text, sizeof text,
		     "HTTP/1.1 %d Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
		     "Creel-Refused: %s\r\nConnection: close\r\n\r\ncreel: %s\n",
		     t->status, strlen(t->sentence) + strlen("creel: \n"), t->name, t->sentence);
	(void)!send(s->fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(s->fd, SHUT_WR);
	/* Bytes that nobody read would make the close a reset, which takes the answer along. */
	for (int i = 0; i < DISCARD_READS && recv(s->fd, text, sizeof text, MSG_DONTWAIT) > 0; i++)
		;
	finish(s, GO_NOWHERE, false);
}

static void log_refused_connection(const struct relay *relay, const char *why)
{
	if (RELAY_LOGS(relay, LOG_WARN, "connection_refused", why))
		log_event(LOG_WARN, "connection_refused", "reason", why, NULL);
}

/* From here on the connection is the source's: it, and not the proxy, is counted. */
static bool become(struct sniff *s, const struct peer *source)
{
	struct relay *relay = s->listener->relay;
	s->peer = *source;
	if (trusted_has(relay->trusted, source))
		return true;
	throttle_address_of(&s->address, source);
	bool allowed = throttle_may_connect(relay->throttle, &s->address);
	if (allowed) {
		throttle_connected(relay->throttle, &s->address);
	} else {
		s->address.known = false;
		relay->metrics.connections_refused++;
		relay->metrics.reached[REACHED_MAX_CONNECTIONS_PER_ADDRESS]++;
		log_refused_connection(relay, "too many connections of one address");
	}
	return allowed;
}

/* What a connection begins with before its own first byte. True when that byte is there to be looked at; otherwise this
 * was the last word for now. */
static bool pass_proxy_header(struct sniff *s, uint8_t *data, size_t len)
{
	struct peer source;
	size_t used;
	enum proxy_protocol header = proxy_protocol_parse(bytes_make(data, len), &source, &used);
	if (header == PROXY_PROTOCOL_NONE)
		return true;
	if (header == PROXY_PROTOCOL_MORE && !proxy_protocol_begins(bytes_make(data, len))) {
		wait_for_more(s, len); /* the beginning of one may be that of a request as well */
		return false;
	}
	if (!trusted_has(s->listener->relay->trusted, &s->peer)) {
		refuse(s, REFUSE_PROXY_UNTRUSTED);
		return false;
	}
	if (s->proxied || header == PROXY_PROTOCOL_INVALID) {
		refuse(s, REFUSE_PROXY_HEADER);
		return false;
	}
	if (header == PROXY_PROTOCOL_MORE) {
		wait_for_more(s, len);
		return false;
	}
	s->proxied = true;
	if (recv(s->fd, data, used, MSG_DONTWAIT) != (ssize_t)used || (source.known && !become(s, &source))) {
		finish(s, GO_NOWHERE, false);
		return false;
	}
	want(s, 1);
	look(s);
	return false;
}

static void look(struct sniff *s)
{
	uint8_t data[LIMIT_CLIENT_HELLO];
	struct relay *relay = s->listener->relay;
	ssize_t n = recv(s->fd, data, sizeof data, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		finish(s, GO_NOWHERE, false);
		return;
	}
	enum way go = GO_NOWHERE;
	if (!pass_proxy_header(s, data, (size_t)n))
		return;
	if (data[0] == 0x16) {
		enum client_hello hello = relay->settings.tls_cert
					      ? client_hello_parse(bytes_make(data, (size_t)n), WIRE_ALPN)
					      : CLIENT_HELLO_INVALID;
		if (hello != CLIENT_HELLO_MORE) {
			if (hello == CLIENT_HELLO_MATCH || (hello == CLIENT_HELLO_OTHER && s->listener->tunnels_only))
				go = GO_TUNNEL;
			else if (hello == CLIENT_HELLO_OTHER)
				go = GO_INGRESS;
			finish(s, go, true);
			return;
		}
	} else if (plaintext_is_unwelcome(relay, &s->peer)) {
		finish(s, GO_INGRESS, false); /* where it gets its answer, a tunnel as well */
		return;
	} else if (s->listener->tunnels_only) {
		finish(s, GO_TUNNEL, false);
		return;
	} else if (decide_plain(data, (size_t)n, &go)) {
		finish(s, go, false);
		return;
	}
	wait_for_more(s, (size_t)n);
}

static void on_bytes(uv_poll_t *h, int status, int events)
{
	struct sniff *s = h->data;
	if (status < 0 || (events & UV_DISCONNECT)) {
		/* Half closed already: what it sent before may be a whole request all the same. */
		look(s);
		finish(s, GO_NOWHERE, false);
		return;
	}
	look(s);
}

static void on_deadline(uv_timer_t *h)
{
	finish(h->data, GO_NOWHERE, false);
}

static void start_sniffing(struct listener *l, int fd, const struct sockaddr *from)
{
	int one = 1;
	struct throttle_address address = { .known = false };
	struct peer peer;
	peer_from_sockaddr(&peer, from);
	/* A trusted proxy brings everybody's connections: each counts as its sender's, once that is known. */
	if (!trusted_has(l->relay->trusted, &peer))
		throttle_address_of(&address, &peer);
	bool allowed = throttle_may_connect(l->relay->throttle, &address);
	bool full = l->sniffing_count >= LIMIT_NEW_CONNECTIONS;
	struct sniff *s = allowed && !full ? calloc(1, sizeof *s) : NULL;
	if (!s || uv_poll_init(l->relay->loop, &s->poll, fd) != 0) {
		struct metrics *m = &l->relay->metrics;
		m->connections_refused++;
		m->reached[REACHED_MAX_CONNECTIONS_PER_ADDRESS] += !allowed;
		m->reached[REACHED_NEW_CONNECTIONS] += allowed && full;
		const char *why =
		    allowed ? "too many connections, or out of memory" : "too many connections of one address";
		log_refused_connection(l->relay, why);
		free(s);
		close(fd);
		return;
	}
	s->peer = peer;
	s->address = address;
	throttle_connected(l->relay->throttle, &address);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	s->listener = l;
	s->fd = fd;
	s->next = l->sniffing;
	s->back = &l->sniffing;
	if (s->next)
		s->next->back = &s->next;
	l->sniffing = s;
	l->sniffing_count++;
	uv_timer_init(l->relay->loop, &s->deadline);
	s->poll.data = s->deadline.data = s;
	uv_poll_start(&s->poll, UV_READABLE | UV_DISCONNECT, on_bytes);
	uv_timer_start(&s->deadline, on_deadline, (uint64_t)l->relay->settings.header_timeout_ms, 0);
}

static void on_acceptable(uv_poll_t *h, int status, int events);

static void on_pause_over(uv_timer_t *h)
{
	struct listener *l = h->data;
	uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
}

static void on_acceptable(uv_poll_t *h, int status, int events)
{
	struct listener *l = h->data;
	(void)events;
	for (int i = 0; status == 0 && i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
		socklen_t len = sizeof from;
		int fd = accept(l->fd, (struct sockaddr *)&from, &len);
		if (fd < 0) {
			if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
				return;
			if (RELAY_LOGS(l->relay, LOG_WARN, "accept_failed", strerror(errno)))
				log_event(LOG_WARN, "accept_failed", "reason", strerror(errno), NULL);
			uv_poll_stop(&l->poll);
			uv_timer_start(&l->pause, on_pause_over, PAUSE_MS, 0);
			return;
		}
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		start_sniffing(l, fd, (struct sockaddr *)&from);
	}
}

static void remember_address(struct listener *l)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof a;
	char host[64] = "?", port[8] = "0";
	if (getsockname(l->fd, (struct sockaddr *)&a, &len) == 0)
		getnameinfo((struct sockaddr *)&a, len, host, sizeof host, port, sizeof port,
			    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(l->address, sizeof l->address, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

struct listener *listener_new(struct relay *relay, const char *address, bool tunnels_only, struct error *e)
{
	struct sockaddr_storage a;
	socklen_t len;
	int one = 1;
	if (!resolve(address, &a, &len)) {
		no_address(address, e);
		return NULL;
	}
	struct listener *l = calloc(1, sizeof *l);
	int fd = socket(a.ss_family, SOCK_STREAM, 0);
	if (!l || fd < 0) {
		error_set(e, EXIT_RELAY, "%s cannot be listened on: %s", address, strerror(errno));
		goto fail;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&a, len) != 0 || listen(fd, LIMIT_ACCEPT_QUEUE) != 0) {
		error_set(e, EXIT_RELAY, "%s cannot be listened on: %s%s", address, strerror(errno),
			  errno == EADDRINUSE ? "; stop what uses the port, or take another" : "");
		goto fail;
	}
	l->relay = relay;
	l->fd = fd;
	l->tunnels_only = tunnels_only;
	remember_address(l);
	if (uv_poll_init(relay->loop, &l->poll, fd) != 0) {
		error_set(e, EXIT_RELAY, "%s cannot be listened on: the event loop does not take it", address);
		goto fail;
	}
	uv_timer_init(relay->loop, &l->pause);
	l->poll.data = l->pause.data = l;
	uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
	return l;
fail:
	if (fd >= 0)
		close(fd);
	free(l);
	return NULL;
}

const char *listener_address(const struct listener *l)
{
	return l->address;
}

static void on_listener_closed(uv_handle_t *h)
{
	struct listener *l = h->data;
	if (--l->open_handles > 0)
		return;
	close(l->fd);
	l->closed = true;
	if (!l->sniffing)
		free(l);
}

void listener_close(struct listener *l)
{
	l->closing = true;
	for (struct sniff *s = l->sniffing; s; s = s->next)
		finish(s, GO_NOWHERE, false);
	uv_poll_stop(&l->poll);
	l->open_handles = 2;
	uv_close((uv_handle_t *)&l->poll, on_listener_closed);
	uv_close((uv_handle_t *)&l->pause, on_listener_closed);
}
