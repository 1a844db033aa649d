/* A relay's state as the operator sees it, in JSON. Loop thread. */
#pragma once

#include "relay/common/relay.h"

/* {"version", "url", "state": "serving"|"draining"|"disk_full", "since", "connections", "in_flight", "waiting",
 * "waiting_bytes", "tunnels": [{"name", "owner", "state": "online"|"away", "clients", "peers", "seen", "waiting",
 * "waiting_bytes"}], "certificate": null or {"ends", "issuer", "self_signed", "expired"}, "tokens": [{"name",
 * "tunnels", "made", "used", "names"}]}; times as text.h writes them, null for never. False and *e: out of memory, or
 * the tokens cannot be read. */
MUST_CHECK bool control_status(const struct relay *r, uint64_t since_us, struct buffer *out, struct error *e);
