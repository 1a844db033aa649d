/* One libmicrohttpd daemon driven by the libuv loop: its epoll descriptor is polled, its time-outs are a timer. After
 * MHD_resume_connection, which does not wake the epoll in external mode, it must be kicked; it then runs at the end of
 * the loop's turn. Used by admin.c. Loop thread. */
#pragma once

#include <microhttpd.h>
#include <uv.h>

#include "shared/base/bytes.h"

struct admin_daemon;

/* Takes a started daemon (external epoll mode). NULL on failure; the daemon is stopped in that case, too. */
struct admin_daemon *admin_daemon_new(uv_loop_t *loop, struct MHD_Daemon *daemon);
struct MHD_Daemon *admin_daemon_mhd(struct admin_daemon *d);
/* Runs MHD at the end of this loop turn. */
void admin_daemon_kick(struct admin_daemon *d);
/* The same after the end of an upgraded connection, of which MHD_get_timeout of 0.9.75 does not know that it makes
 * work. */
void admin_daemon_settle(struct admin_daemon *d);
unsigned admin_daemon_connections(struct admin_daemon *d);
/* Stops MHD, which ends its connections, and closes the handles; `closed`, which may be NULL, is called when the memory
 * is gone. */
void admin_daemon_close(struct admin_daemon *d, void (*closed)(void *user), void *user);
