/* Targets of requests in a Location field. Pure. */
#pragma once

#include "shared/base/buffer.h"

/* Appends the target so that no byte of it leaves the field, and a browser reads no other slash into it than stands
 * there: 8-bit bytes, blanks, control bytes and the backslash are percent-encoded. False when out of memory. */
MUST_CHECK bool location_append_target(struct buffer *out, struct bytes target);
