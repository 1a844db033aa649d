/* Which fields of a block are hop-by-hop, and so not passed on (shared/DESIGN.md §5, RFC 9110 §7.6.1).
 *
 * They are Connection, Keep-Alive, Proxy-Connection, Proxy-Authenticate, Proxy-Authorization, TE, Trailer,
 * Transfer-Encoding, Upgrade, and what the block's Connection fields name. Never hop-by-hop are Host, Content-… and
 * whatever a webhook's signature is checked with: a sender could otherwise have a signature dropped by naming it.
 * The block is gone through once, so 64 KiB of fields cost no more than that. Pure. */
#pragma once

#include "shared/base/bytes.h"

struct hop_by_hop {
	struct bytes *named; /* by Connection; sorted; they point into the block */
	size_t count;
};

/* *h is zeroed by the caller, who calls hop_by_hop_free in any case and keeps the block until then. False when out of
 * memory. */
bool hop_by_hop_find(struct hop_by_hop *h, struct bytes block);
bool hop_by_hop_has(const struct hop_by_hop *h, struct bytes name);
void hop_by_hop_free(struct hop_by_hop *h);
