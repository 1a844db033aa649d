/* The operator's listener, on loopback only: /healthz, /readyz, /metrics (Prometheus text format 0.0.4). Loop thread.
 */
#pragma once

#include "relay/common/relay.h"

struct admin;

struct admin *admin_new(struct relay *relay, const char *address, struct error *e);
const char *admin_address(const struct admin *a);
void admin_close(struct admin *a);
