/* The operator's pages, on a loopback address only: /healthz, /readyz (503 while the relay drains or its disk is full)
 * and /metrics (Prometheus text format 0.0.4). Loop thread. */
#pragma once

#include "relay/common/relay.h"

struct admin;

/* Listens on ADDR:PORT; NULL and *e (EXIT_USAGE for an address that is not loopback, else EXIT_RELAY). `relay` must
 * outlive it. */
struct admin *admin_new(struct relay *relay, const char *address, struct error *e);
/* The address with the port that it has: "127.0.0.1:41234". */
const char *admin_address(const struct admin *a);
/* Stops answering; the memory is freed on the loop. NULL is allowed. */
void admin_close(struct admin *a);
