/* Frames that bring a request: REQUEST, DATA, and a RESET in its middle. Each returns false when the connection is to
 * be closed, and has noted the reason. Loop thread. */
#pragma once

#include "client/stream/stream.h"

/* How far a request may exceed the longest body allowed: for heads and tags, or bytes that were under way when it
 * passed the limit. */
#define BODY_SLACK (1u << 20)

struct live;

/* A stream for a delivery that begins, with the flags of its REQUEST. NULL when there is no room for it, and the relay
 * was told so. */
struct stream *inbound_admit(struct streams *set, struct live *live, uint64_t id, const struct wire_request *r,
			     uint8_t flags);
/* `taken`: the number is in use for a sealed delivery. */
MUST_CHECK bool inbound_on_request(struct streams *set, struct live *live, const struct wire_frame *f, bool taken);
MUST_CHECK bool inbound_on_data(struct streams *set, const struct wire_frame *f);
MUST_CHECK bool inbound_on_reset(struct streams *set, const struct wire_frame *f);
