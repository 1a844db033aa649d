#include "client/app/dial.h"

#include "shared/net/loopback.h"
#include "shared/net/roots.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ADDRESSES_MOST 8
#define NEXT_AFTER_MS 200 /* a silent address is joined by the next one (RFC 8305 §5) */

SSL_CTX *dial_tls_context(const char *ca)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	if (ctx) {
		SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
		roots_trust(SSL_CTX_get_cert_store(ctx));
		if (ca && SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1) {
			SSL_CTX_free(ctx);
			ctx = NULL;
		}
	}
	ERR_clear_error();
	return ctx;
}

enum dial_state { DIAL_RESOLVING, DIAL_CONNECTING, DIAL_HANDSHAKE, DIAL_OVER };

/* One address that is tried. */
struct attempt {
	struct dial *dial;
	uv_poll_t poll;
	int fd; /* -1: not begun, or over */
	bool polled;
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un path;
};

struct dial {
	uv_loop_t *loop;
	struct dial_to to;
	const struct dial_ops *ops;
	void *user;
	enum dial_state state;
	uv_getaddrinfo_t resolve;
	bool resolving;
	uv_timer_t timer; /* the next address, or the first call of an op */
	union address addresses[ADDRESSES_MOST];
	socklen_t lens[ADDRESSES_MOST];
	struct attempt attempts[ADDRESSES_MOST];
	size_t count, begun;
	unsigned under_way;
	int open_handles;
	struct conn conn; /* in its handshake */
	struct attempt *winner;
	enum dial_failure why;
	int error;
};

/* ---- the end ---- */

static void free_when_closed(struct dial *d)
{
	if (d->open_handles == 0 && !d->resolving)
		free(d);
}

static void on_closed(uv_handle_t *h)
{
	struct dial *d = h->data;
	d->open_handles--;
	free_when_closed(d);
}

static void on_poll_closed(uv_handle_t *h)
{
	struct attempt *a = h->data;
	a->dial->open_handles--;
	free_when_closed(a->dial);
}

static void drop(struct attempt *a, bool keep_fd)
{
	if (a->polled)
		uv_close((uv_handle_t *)&a->poll, on_poll_closed);
	a->polled = false;
	if (a->fd >= 0 && !keep_fd)
		close(a->fd);
	a->fd = -1;
}

/* Nothing is called any more; the memory goes when libuv has let go of it. */
static void end(struct dial *d)
{
	d->state = DIAL_OVER;
	for (size_t i = 0; i < d->count; i++)
		drop(&d->attempts[i], &d->attempts[i] == d->winner);
	if (d->winner)
		conn_close(&d->conn);
	d->winner = NULL;
	if (d->resolving)
		uv_cancel((uv_req_t *)&d->resolve);
	uv_close((uv_handle_t *)&d->timer, on_closed);
}

static void fail(struct dial *d, enum dial_failure why, struct conn_failure how)
{
	const struct dial_ops *ops = d->ops;
	void *user = d->user;
	if (d->state == DIAL_OVER)
		return;
	end(d);
	ops->failed(user, why, &how);
}

static void succeed(struct dial *d)
{
	struct conn c = d->conn;
	const struct dial_ops *ops = d->ops;
	void *user = d->user;
	d->conn = (struct conn){ .fd = -1 };
	end(d);
	ops->done(user, &c);
}

enum reason dial_reason_of_wait(const struct dial *d)
{
	return d->state == DIAL_HANDSHAKE ? REASON_APP_TLS_SILENT : REASON_APP_NOT_TAKEN;
}

void dial_cancel(struct dial *d)
{
	if (d->state != DIAL_OVER)
		end(d);
}

/* ---- addresses ---- */

static void try_next(struct dial *d);

static enum dial_failure failure_of(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return DIAL_NO_SOCKET;
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return DIAL_REFUSED;
	case EACCES:
	case EPERM:
		return DIAL_NO_ACCESS;
	case EMFILE:
	case ENFILE:
		return DIAL_DESCRIPTORS;
	case ENOMEM:
	case ENOBUFS:
		return DIAL_MEMORY;
	default:
		return DIAL_BROKEN;
	}
}

/* The first reason is told, but for one that says more than "nothing listens". */
static void note_failure(struct dial *d, int error)
{
	enum dial_failure why = failure_of(error);
	if (d->why == DIAL_FINE || d->why == DIAL_REFUSED) {
		d->why = why;
		d->error = error;
	}
}

static void give_up_if_none_left(struct dial *d)
{
	if (d->under_way > 0 || d->begun < d->count)
		return;
	fail(d, d->why, (struct conn_failure){ .kind = CONN_ERRNO, .error = d->error });
}

static void on_handshake(uv_poll_t *h, int status, int events)
{
	struct attempt *a = h->data;
	struct dial *d = a->dial;
	(void)status; /* an error is what the handshake reads next */
	(void)events;
	int n = conn_handshake(&d->conn);
	if (n == 1)
		succeed(d);
	else if (n == CONN_AGAIN)
		uv_poll_start(h, conn_needs(&d->conn, true, false), on_handshake);
	else
		fail(d, DIAL_TLS,
		     n == CONN_ENDED ? (struct conn_failure){ .kind = CONN_ERRNO, .error = ECONNRESET }
				     : d->conn.failure);
}

static void connected(struct attempt *a)
{
	struct dial *d = a->dial;
	int one = 1;
	d->winner = a;
	for (size_t i = 0; i < d->begun; i++)
		if (&d->attempts[i] != a)
			drop(&d->attempts[i], false);
	uv_timer_stop(&d->timer);
	conn_open(&d->conn, a->fd);
	if (d->to.port)
		setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (!d->to.tls) {
		succeed(d);
		return;
	}
	d->state = DIAL_HANDSHAKE;
	if (conn_connect_tls(&d->conn, d->to.tls, d->to.name ? d->to.name : d->to.host, d->to.verify))
		on_handshake(&a->poll, 0, 0);
	else
		fail(d, DIAL_MEMORY, (struct conn_failure){ .kind = CONN_FINE });
}

static void on_connect(uv_poll_t *h, int status, int events)
{
	struct attempt *a = h->data;
	struct dial *d = a->dial;
	int error = 0;
	socklen_t len = sizeof error;
	(void)events;
	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error == 0 && status < 0)
		error = ECONNRESET;
	if (error == 0) {
		connected(a);
		return;
	}
	drop(a, false);
	d->under_way--;
	note_failure(d, error);
	if (d->begun < d->count)
		try_next(d);
	else
		give_up_if_none_left(d);
}

static void on_timer(uv_timer_t *h)
{
	struct dial *d = h->data;
	if (d->why != DIAL_FINE && d->count == 0)
		fail(d, d->why, (struct conn_failure){ .kind = CONN_ERRNO, .error = d->error });
	else
		try_next(d);
}

static void try_next(struct dial *d)
{
	while (d->begun < d->count) {
		size_t i = d->begun++;
		struct attempt *a = &d->attempts[i];
		a->dial = d;
		a->poll.data = a;
		a->fd = socket(d->addresses[i].any.sa_family, SOCK_STREAM, 0);
		if (a->fd < 0) {
			note_failure(d, errno);
			continue;
		}
		struct conn opened;
		conn_open(&opened, a->fd); /* non-blocking */
		int n = connect(a->fd, &d->addresses[i].any, d->lens[i]);
		if (n != 0 && errno != EINPROGRESS && errno != EAGAIN) {
			note_failure(d, errno);
			drop(a, false);
			continue;
		}
		if (uv_poll_init_socket(d->loop, &a->poll, a->fd) != 0) {
			note_failure(d, ENOMEM);
			drop(a, false);
			continue;
		}
		a->polled = true;
		a->poll.data = a;
		d->open_handles++;
		d->under_way++;
		uv_poll_start(&a->poll, UV_WRITABLE, on_connect);
		if (d->begun < d->count)
			uv_timer_start(&d->timer, on_timer, NEXT_AFTER_MS, 0);
		return;
	}
	give_up_if_none_left(d);
}

static void add_address(struct dial *d, const struct sockaddr *from, socklen_t len)
{
	if (d->count == ADDRESSES_MOST || len > sizeof d->addresses[0])
		return;
	if (!d->to.allow_remote && from->sa_family != AF_UNIX && !loopback_is(from)) {
		if (d->why == DIAL_FINE)
			d->why = DIAL_NOT_LOCAL;
		return;
	}
	union address *a = &d->addresses[d->count];
	memcpy(a, from, len);
	if (from->sa_family == AF_INET)
		a->v4.sin_port = htons(d->to.port);
	else if (from->sa_family == AF_INET6)
		a->v6.sin6_port = htons(d->to.port);
	d->lens[d->count] = len;
	d->attempts[d->count].fd = -1;
	d->count++;
}

static void add_v4(struct dial *d, in_addr_t address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = address };
	add_address(d, (struct sockaddr *)&v4, sizeof v4);
}

static void add_v6(struct dial *d, struct in6_addr address)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = address };
	add_address(d, (struct sockaddr *)&v6, sizeof v6);
}

static bool add_path(struct dial *d)
{
	struct sockaddr_un path = { .sun_family = AF_UNIX };
	size_t len = strlen(d->to.host);
	if (len >= sizeof path.sun_path)
		return false;
	memcpy(path.sun_path, d->to.host, len);
	add_address(d, (struct sockaddr *)&path, sizeof path);
	return true;
}

static void on_resolved(uv_getaddrinfo_t *r, int status, struct addrinfo *list)
{
	struct dial *d = r->data;
	d->resolving = false;
	if (d->state == DIAL_OVER) {
		uv_freeaddrinfo(list);
		free_when_closed(d);
		return;
	}
	for (struct addrinfo *a = list; status == 0 && a; a = a->ai_next)
		add_address(d, a->ai_addr, a->ai_addrlen);
	uv_freeaddrinfo(list);
	if (d->count == 0) {
		fail(d, d->why == DIAL_NOT_LOCAL ? DIAL_NOT_LOCAL : DIAL_UNRESOLVED,
		     (struct conn_failure){ .kind = CONN_FINE });
		return;
	}
	d->why = DIAL_FINE;
	d->state = DIAL_CONNECTING;
	try_next(d);
}

struct dial *dial_start(uv_loop_t *loop, const struct dial_to *to, const struct dial_ops *ops, void *user)
{
	struct dial *d = calloc(1, sizeof *d);
	struct in_addr v4;
	struct in6_addr v6;
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	if (!d)
		return NULL;
	d->loop = loop;
	d->to = *to;
	d->ops = ops;
	d->user = user;
	d->conn.fd = -1;
	d->state = DIAL_CONNECTING;
	uv_timer_init(loop, &d->timer);
	d->timer.data = d;
	d->open_handles = 1;
	if (to->port == 0) {
		if (!add_path(d)) {
			d->why = DIAL_BROKEN;
			d->error = ENAMETOOLONG;
		}
	} else if (loopback_is_name(to->host)) {
		add_v6(d, in6addr_loopback);
		add_v4(d, htonl(INADDR_LOOPBACK));
	} else if (inet_pton(AF_INET, to->host, &v4) == 1) {
		add_v4(d, v4.s_addr);
	} else if (inet_pton(AF_INET6, to->host, &v6) == 1) {
		add_v6(d, v6);
	} else {
		d->state = DIAL_RESOLVING;
		d->resolve.data = d;
		d->resolving = uv_getaddrinfo(loop, &d->resolve, on_resolved, to->host, NULL, &hints) == 0;
		if (!d->resolving)
			d->why = DIAL_MEMORY;
		else
			return d;
	}
	/* Not from within: the caller has no handle of it yet. */
	uv_timer_start(&d->timer, on_timer, 0, 0);
	return d;
}
