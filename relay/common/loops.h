/* Events that are on their way to a client, or were a moment ago: where one of them comes in again, by its
 * Creel-Event-Id or, after other relays, its Creel-Via, the client's target leads back to this relay, and every turn
 * would make another event. A table of a
 * fixed size, in which a newer event may take the place of an older one: what is missed then is found a turn later.
 * Loop thread. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/uuid.h"

struct loops;

/* NULL: out of memory. A NULL table notes nothing and knows nothing. */
struct loops *loops_new(void);
void loops_free(struct loops *l);
/* The event goes to a client, now (loop milliseconds). */
void loops_note(struct loops *l, const uint8_t id[UUID_LEN], uint64_t now_ms);
/* Whether a request with these header fields is such an event come back, or came through more than CREEL_VIA_MOST
 * relays: a loop of many, or one whose turns are slower than ids are known. */
bool loops_has(const struct loops *l, struct bytes headers, uint64_t now_ms);
