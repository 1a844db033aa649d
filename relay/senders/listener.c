#include "relay/senders/listener.h"

#include "relay/common/limits.h"
#include "relay/senders/senders.h"
#include "shared/program/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_A_TURN 256
#define PAUSE_MS 200 /* when descriptors ran out: the waiting connection would wake the loop for ever */

struct listener {
	struct relay *relay;
	uv_poll_t poll;
	uv_timer_t pause;
	int fd;
	int open_handles;
	bool tunnels_only;
	char address[80];
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

const char *listener_for_acme(const struct settings *set)
{
	if (set->acme.count == 0 || (set->acme_listen && strcmp(set->acme_listen, "off") == 0))
		return NULL;
	return set->acme_listen ? set->acme_listen : "[::]:80";
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
		senders_accept(l->relay->senders, fd, (struct sockaddr *)&from, l->tunnels_only);
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

/* A socket that listens there; -1 and *e. */
static int open_socket(const char *address, struct error *e)
{
	struct sockaddr_storage a;
	socklen_t len;
	int one = 1;
	if (!resolve(address, &a, &len)) {
		no_address(address, e);
		return -1;
	}
	int fd = socket(a.ss_family, SOCK_STREAM, 0);
	if (fd < 0) {
		error_set(e, EXIT_RELAY, "%s cannot be listened on: %s", address, strerror(errno));
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, LIMIT_ACCEPT_QUEUE) == 0)
		return fd;
	error_set(e, EXIT_RELAY, "%s cannot be listened on: %s%s", address, strerror(errno),
		  errno == EADDRINUSE ? "; stop what uses the port, or take another" : "");
	close(fd);
	return -1;
}

bool listener_probe(const char *address, struct error *e)
{
	int fd = open_socket(address, e);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

struct listener *listener_adopt(struct relay *relay, int fd, bool tunnels_only, struct error *e)
{
	struct listener *l = calloc(1, sizeof *l);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (!l) {
		error_set(e, EXIT_RELAY, "out of memory");
		goto fail;
	}
	l->relay = relay;
	l->fd = fd;
	l->tunnels_only = tunnels_only;
	remember_address(l);
	if (uv_poll_init(relay->loop, &l->poll, fd) != 0) {
		error_set(e, EXIT_RELAY, "%s cannot be listened on: the event loop does not take it", l->address);
		goto fail;
	}
	uv_timer_init(relay->loop, &l->pause);
	l->poll.data = l->pause.data = l;
	uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
	return l;
fail:
	close(fd);
	free(l);
	return NULL;
}

struct listener *listener_new(struct relay *relay, const char *address, bool tunnels_only, struct error *e)
{
	int fd = open_socket(address, e);
	return fd >= 0 ? listener_adopt(relay, fd, tunnels_only, e) : NULL;
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
	free(l);
}

void listener_close(struct listener *l)
{
	uv_poll_stop(&l->poll);
	l->open_handles = 2;
	uv_close((uv_handle_t *)&l->poll, on_listener_closed);
	uv_close((uv_handle_t *)&l->pause, on_listener_closed);
}
