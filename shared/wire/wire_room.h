/* A DATA frame (wire.h) whose body is read to where it leaves from. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

/* Appends one with `len` bytes of body, at most WIRE_MAX_PAYLOAD, for the caller to fill in at *body, which is valid
 * until more is appended. Setting out->len to what it was takes the frame back. False when out of memory. */
MUST_CHECK bool wire_encode_data_room(struct buffer *out, uint64_t stream, uint8_t flags, size_t len, uint8_t **body);
