/* A public port: accepts connections, looks at their first bytes under a deadline, and hands the socket to the tunnels
 * or to ingress (shared/DESIGN.md §3). Loop thread. */
#pragma once

#include "relay/common/relay.h"

struct listener;

/* Listens on ADDR:PORT ("[::1]:0", "0.0.0.0:8080"); with `tunnels_only` everything goes to the tunnels. NULL and *e on
 * failure. `relay` must outlive it. */
struct listener *listener_new(struct relay *relay, const char *address, bool tunnels_only, struct error *e);
/* The address with the port that it has: "127.0.0.1:41234". */
const char *listener_address(const struct listener *l);
/* Stops accepting and closes; sockets still being looked at are dropped. Freed on the loop. */
void listener_close(struct listener *l);
/* Whether the address can be read; *e (EXIT_USAGE) when it cannot. */
bool listener_check_address(const char *address, struct error *e);
/* Whether it is a loopback address; false when it cannot be read. */
bool listener_is_loopback(const char *address);
