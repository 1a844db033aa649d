/* The ids under which a request is known as an event: its Creel-Event-Id and, where it came through several relays in a
 * row, those before it in Creel-Via, a list (RFC 9110 §5.6.1) in the order of the relays. The relay finds loops by
 * them, the client hands them on. Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/uuid.h"

#define CREEL_VIA_MOST 16 /* relays in a row; one more is a loop */

/* Gives the newest ids of these header fields, the oldest of them first; what is not an id is left out. Returns how
 * many there are in all, which may be more than fit. */
size_t creel_via_read(struct bytes headers, uint8_t ids[CREEL_VIA_MOST][UUID_LEN]);
