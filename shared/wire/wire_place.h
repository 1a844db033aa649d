/* Whether a frame may come where it came: from this side, at this time, on this stream. Decided by the table of
 * wire_types.def; a frame's contents are not looked at. Both ends ask here first. Pure; any thread. */
#pragma once

#include "shared/wire/wire.h"

enum wire_side { WIRE_SIDE_CLIENT, WIRE_SIDE_RELAY };

enum wire_place {
	WIRE_PLACE_RIGHT,
	WIRE_PLACE_UNKNOWN, /* a type of a later version, to be skipped */
	WIRE_PLACE_SIDE,    /* this side does not send it */
	WIRE_PLACE_TIME,    /* too early, or a second greeting */
	WIRE_PLACE_STREAM,  /* on stream 0 where it needs one above, or the other way round */
};

/* `greeted`: HELLO (from a client) or WELCOME (from a relay) came before. Flags that mean nothing on the type are
 * ignored, as PROTOCOL.md §2 has it. */
enum wire_place wire_place(const struct wire_frame *f, enum wire_side from, bool greeted);
