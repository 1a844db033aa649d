#include "relay/service_notify.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void tell(const struct service_notify *n, const char *text)
{
	if (n->fd < 0)
		return;
	/* A manager that does not read it takes its own conclusions. */
	ssize_t sent = send(n->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)sent;
}

static void on_watchdog(uv_timer_t *h)
{
	tell(h->data, "WATCHDOG=1");
}

/* A path, or a name of the abstract namespace with an @ in front. */
static int connect_to(const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof to.sun_path)
		return -1;
	memcpy(to.sun_path, name, len);
	if (name[0] == '@')
		to.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (connect(fd, (struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == 0)
		return fd;
	close(fd);
	return -1;
}

void service_notify_begin(struct service_notify *n, uv_loop_t *loop)
{
	const char *name = getenv("NOTIFY_SOCKET");
	n->fd = name ? connect_to(name) : -1;
	unsetenv("NOTIFY_SOCKET");
	uv_timer_init(loop, &n->watchdog);
	uv_unref((uv_handle_t *)&n->watchdog);
	n->watchdog.data = n;
}

/* Milliseconds; 0: there is no watchdog, or it is another process's. */
static uint64_t watchdog_ms(void)
{
	const char *time = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t us = time ? strtoull(time, NULL, 10) : 0;
	bool mine = !pid || strtoull(pid, NULL, 10) == (uint64_t)getpid();
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return mine ? us / 1000 : 0;
}

void service_notify_ready(struct service_notify *n, const char *url)
{
	char text[600];
	uint64_t ms = watchdog_ms();
	snprintf(text, sizeof text, "READY=1\nSTATUS=serving %s", url);
	tell(n, text);
	if (n->fd < 0 || ms == 0)
		return;
	uint64_t half = ms / 2 > 0 ? ms / 2 : 1;
	uv_timer_start(&n->watchdog, on_watchdog, 0, half);
}

void service_notify_reloading(struct service_notify *n)
{
	char text[80];
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		 (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	tell(n, text);
}

void service_notify_reloaded(struct service_notify *n)
{
	tell(n, "READY=1");
}

void service_notify_stopping(struct service_notify *n)
{
	tell(n, "STOPPING=1\nSTATUS=letting what is under way end");
}

void service_notify_end(struct service_notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
	uv_close((uv_handle_t *)&n->watchdog, NULL);
}
