/* Targets of requests as values of a Location field (RFC 9110 §10.2.2). Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

/* Appends the target with 8-bit bytes, blanks, control bytes and backslashes percent-encoded: no byte of it can end the
 * field, and a browser cannot take a backslash for a slash. False when out of memory. */
MUST_CHECK bool location_append_target(struct buffer *out, struct bytes target);
