/* The window of the bytes that come on one stream (PROTOCOL.md §2, WINDOW). Loop thread. */
#pragma once

#include "client/stream/wire_out.h"

struct inflow {
	int64_t window; /* what the relay may still send */
	uint32_t due;   /* bytes that were passed on and not yet credited to the relay */
};

/* Counts bytes that came. False when they are beyond the window. */
MUST_CHECK bool inflow_come(struct inflow *in, size_t len);
/* Bytes that came were passed on: returns credit for stream `id` in good time. */
void inflow_gone(struct inflow *in, const struct wire_out *w, uint64_t id, size_t len);
/* Both at once. False when they are beyond the window. */
MUST_CHECK bool inflow_take(struct inflow *in, const struct wire_out *w, uint64_t id, size_t len);
