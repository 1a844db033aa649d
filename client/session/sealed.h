/* Deliveries that waited sealed on the relay's disk (PROTOCOL.md §5): collected, opened, and taken as the plain frames
 * that they hold. Loop thread. */
#pragma once

#include "client/stream/stream.h"

struct live;

/* Those that are being received. Filled with zeros it is empty. */
struct sealed {
	struct sealed_object *by_id;
	size_t held; /* bytes of them */
};

/* False when the connection is to be closed. */
MUST_CHECK bool sealed_on_frame(struct sealed *s, struct streams *set, struct live *live, const struct wire_frame *f);
/* Whether one with this number is being received. */
bool sealed_has(const struct sealed *s, uint64_t id);
/* Drops one that the relay took back. */
void sealed_drop(struct sealed *s, uint64_t id);
void sealed_drop_all(struct sealed *s);
