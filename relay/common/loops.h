/* Recognises loops: remembers events that are on their way to a client, or were a moment ago. When one of them comes in
 * again, known by its Creel-Event-Id or (after other relays) its Creel-Via, the client's target leads back to this
 * relay, and every turn would make another event. The table has a fixed size, and a newer event may replace an older
 * one: a loop missed for that reason is found one turn later. Loop thread. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/uuid.h"

struct loops;

/* NULL: out of memory. A NULL table notes nothing and knows nothing. */
struct loops *loops_new(void);
void loops_free(struct loops *l);
/* The event goes to a client, now (loop milliseconds). */
void loops_note(struct loops *l, const uint8_t id[UUID_LEN], uint64_t now_ms);
/* Whether a request with these header fields is such an event that came back, or came through more than CREEL_VIA_MOST
 * relays: a loop of many relays, or one so slow that its ids are forgotten by then. */
bool loops_has(const struct loops *l, struct bytes headers, uint64_t now_ms);
