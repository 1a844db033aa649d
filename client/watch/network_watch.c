#include "client/watch/network_watch.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#else
#include <net/route.h>
#endif

#define TOGETHER_MS 100 /* changes come in rows: an address, its routes, those of the interface */

struct network_watch {
	int fd;
	uv_poll_t poll;
	uv_timer_t soon;
	int open_handles;
	void (*changed)(void *user);
	void *user;
};

#ifdef __linux__
static int open_socket(void)
{
	struct sockaddr_nl from = { .nl_family = AF_NETLINK,
				    .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
						 RTMGRP_IPV6_ROUTE };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&from, sizeof from) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* A bind takes the groups at once; what it is, is in the groups alone. */
static bool is_change(const uint8_t *message, size_t len)
{
	(void)message;
	return len > 0;
}
#else
static int open_socket(void)
{
	return socket(PF_ROUTE, SOCK_RAW, 0);
}

static bool is_change(const uint8_t *message, size_t len)
{
	struct rt_msghdr head;
	if (len < offsetof(struct rt_msghdr, rtm_type) + 1)
		return false;
	memcpy(&head, message, len < sizeof head ? len : sizeof head);
	return head.rtm_type == RTM_NEWADDR || head.rtm_type == RTM_DELADDR || head.rtm_type == RTM_ADD ||
	       head.rtm_type == RTM_DELETE || head.rtm_type == RTM_CHANGE;
}
#endif

static void on_soon(uv_timer_t *t)
{
	struct network_watch *w = t->data;
	w->changed(w->user);
}

/* Messages that found no room are changes as well (ENOBUFS); a socket that is of no use is left alone. */
static void on_readable(uv_poll_t *p, int status, int events)
{
	struct network_watch *w = p->data;
	uint8_t message[8192];
	bool changed = status < 0;
	ssize_t n;
	(void)events;
	while ((n = recv(w->fd, message, sizeof message, MSG_DONTWAIT)) > 0)
		changed = changed || is_change(message, (size_t)n);
	if (status < 0 || n == 0)
		uv_poll_stop(p);
	if ((changed || n == 0) && !uv_is_active((uv_handle_t *)&w->soon))
		uv_timer_start(&w->soon, on_soon, TOGETHER_MS, 0);
}

struct network_watch *network_watch_new(uv_loop_t *loop, void (*changed)(void *user), void *user)
{
	struct network_watch *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->changed = changed;
	w->user = user;
	w->fd = open_socket();
	if (w->fd < 0 || uv_poll_init(loop, &w->poll, w->fd) != 0) {
		if (w->fd >= 0)
			close(w->fd);
		free(w);
		return NULL;
	}
	uv_timer_init(loop, &w->soon);
	w->poll.data = w->soon.data = w;
	w->open_handles = 2;
	uv_poll_start(&w->poll, UV_READABLE, on_readable);
	/* It keeps no loop alive by itself. */
	uv_unref((uv_handle_t *)&w->poll);
	uv_unref((uv_handle_t *)&w->soon);
	return w;
}

static void on_closed(uv_handle_t *h)
{
	struct network_watch *w = h->data;
	if (--w->open_handles > 0)
		return;
	close(w->fd);
	free(w);
}

void network_watch_close(struct network_watch *w)
{
	if (!w)
		return;
	uv_close((uv_handle_t *)&w->poll, on_closed);
	uv_close((uv_handle_t *)&w->soon, on_closed);
}

static bool same_address(const struct sockaddr *a, const struct sockaddr_storage *b)
{
	if (!a || a->sa_family != b->ss_family)
		return false;
	if (a->sa_family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)(const void *)a)->sin_addr,
			      &((const struct sockaddr_in *)b)->sin_addr, sizeof(struct in_addr)) == 0;
	return memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
		      &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

/* All of 127.0.0.0/8 is there without standing in any list, and what is mapped or not given yet is not looked for. */
static bool may_be_looked_for(const struct sockaddr_storage *s)
{
	if (s->ss_family == AF_INET) {
		uint32_t address = ntohl(((const struct sockaddr_in *)s)->sin_addr.s_addr);
		return address != INADDR_ANY && address >> 24 != IN_LOOPBACKNET;
	}
	if (s->ss_family != AF_INET6)
		return false;
	const struct in6_addr *address = &((const struct sockaddr_in6 *)s)->sin6_addr;
	return !IN6_IS_ADDR_UNSPECIFIED(address) && !IN6_IS_ADDR_V4MAPPED(address);
}

bool network_watch_is_cut(int fd)
{
	struct sockaddr_storage own = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof own;
	struct ifaddrs *all;
	if (getsockname(fd, (struct sockaddr *)&own, &len) != 0 || !may_be_looked_for(&own) || getifaddrs(&all) != 0)
		return false;
	bool here = false;
	for (const struct ifaddrs *i = all; i && !here; i = i->ifa_next)
		here = same_address(i->ifa_addr, &own);
	freeifaddrs(all);
	return !here;
}
