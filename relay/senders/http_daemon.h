/* One libmicrohttpd daemon driven by the libuv loop: its epoll descriptor is polled, its time-outs are a timer, and
 * kicks asked for during a loop turn (after MHD_resume_connection, which does not wake the epoll in external mode) run
 * at the turn's end. Used by ingress.c (plain, TLS, TLS of an older certificate) and admin.c. */
#pragma once

#include <microhttpd.h>
#include <uv.h>

#include "shared/base/bytes.h"

struct http_daemon;

/* Takes a started daemon (external epoll mode); stops it and returns NULL on failure. */
struct http_daemon *http_daemon_new(uv_loop_t *loop, struct MHD_Daemon *daemon);
struct MHD_Daemon *http_daemon_mhd(struct http_daemon *d);
/* Runs MHD at the end of this loop turn. */
void http_daemon_kick(struct http_daemon *d);
/* The same after the end of an upgraded connection, which MHD_get_timeout of 0.9.75 does not know to be work. */
void http_daemon_settle(struct http_daemon *d);
unsigned http_daemon_connections(struct http_daemon *d);
/* Stops MHD (ending its connections) and closes the handles; `closed` may be NULL. */
void http_daemon_close(struct http_daemon *d, void (*closed)(void *user), void *user);
