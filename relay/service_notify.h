/* Tells the service manager that the relay serves, reloads, ends, and is alive (sd_notify(3): datagrams to the socket
 * that NOTIFY_SOCKET names; the watchdog of sd_watchdog_enabled(3)). Without such a variable nothing is sent. Loop
 * thread. */
#pragma once

#include <uv.h>

struct service_notify {
	int fd; /* -1: there is nobody to tell */
	uv_timer_t watchdog;
};

/* Reads the variables and takes them out of the environment, so that no program started by the relay speaks for it. */
void service_notify_begin(struct service_notify *n, uv_loop_t *loop);
/* The relay serves at `url`; from now on the watchdog is fed twice within its time, for as long as the loop turns. */
void service_notify_ready(struct service_notify *n, const char *url);
void service_notify_reloading(struct service_notify *n);
void service_notify_reloaded(struct service_notify *n);
void service_notify_stopping(struct service_notify *n);
/* Closes its timer on the loop. */
void service_notify_end(struct service_notify *n);
