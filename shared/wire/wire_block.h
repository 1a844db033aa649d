/* Header blocks for a peer without WIRE_FEATURE_EXACT, such as creel 0.1.0, which wants exactly one blank after each
 * colon. Pure; any thread. */
#pragma once

#include "shared/wire/wire.h"

/* Makes *block one that a peer with these features takes: as it is, or written into `spare` with one blank. False: out
 * of memory. */
MUST_CHECK bool wire_block_for(uint32_t features, struct bytes *block, struct buffer *spare);
