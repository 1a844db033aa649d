/* One libmicrohttpd daemon driven by the libuv loop: its epoll descriptor is polled, its time-outs are a timer.
 * Used by admin.c. Loop thread. */
#pragma once

#include <microhttpd.h>
#include <uv.h>

#include "shared/base/bytes.h"

struct admin_daemon;

/* Takes a started daemon (external epoll mode). NULL on failure; the daemon is stopped in that case, too. */
struct admin_daemon *admin_daemon_new(uv_loop_t *loop, struct MHD_Daemon *daemon);
/* Stops MHD, which ends its connections, and closes the handles; `closed`, which may be NULL, is called when the memory
 * is gone. */
void admin_daemon_close(struct admin_daemon *d, void (*closed)(void *user), void *user);
