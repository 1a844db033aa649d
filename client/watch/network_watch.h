/* Tells when an address or a route of this machine has changed: by netlink(7) on Linux, by a routing socket (route(4))
 * on macOS and the BSDs. Where the system does not allow that, `changed` is never called. Loop thread. */
#pragma once

#include <uv.h>

#include <stdbool.h>

struct network_watch;

/* `changed` is called a moment after a change, once for those that come together. NULL: changes cannot be watched. */
struct network_watch *network_watch_new(uv_loop_t *loop, void (*changed)(void *user), void *user);
/* Frees it when the loop has closed its handles. NULL is fine. */
void network_watch_close(struct network_watch *w);

/* Whether the address that a connected socket has on this machine is gone: what is sent on it leads nowhere. False
 * where that cannot be found out. */
bool network_watch_is_cut(int fd);
