/* Connections that have said nothing yet, or say nothing any more, by address. When there are too many connections, the
 * address that has most of these loses its oldest one. So a stranger who opens thousands crowds out nobody but
 * themselves. Loop thread. */
#pragma once

#include "relay/common/throttle.h"

#include "relay/common/hash.h"

struct silent_address;

struct silent_entry {
	struct silent_entry *prev, *next; /* of its address, the oldest first */
	struct silent_address *address;   /* NULL: not in the set */
};

struct silent {
	struct silent_address *addresses;     /* uthash */
	struct silent_address *by_count[256]; /* those that have so many (the last: or more) */
	size_t most;                          /* no address has more */
	struct silent_address *turn;          /* silent_take_turn: the next; NULL: the first */
};

/* Adds it as the youngest of its address. What cannot be added when out of memory is left out, and never chosen. */
void silent_add(struct silent *set, struct silent_entry *e, const uint8_t address[16]);
void silent_remove(struct silent *set, struct silent_entry *e);
/* The connection to close, or NULL when there is none. */
struct silent_entry *silent_worst(const struct silent *set);
/* The oldest of that entry's address, and how many the address has. */
struct silent_entry *silent_oldest_beside(const struct silent_entry *e, size_t *count);
/* The same by address; NULL: it has none. */
struct silent_entry *silent_oldest_of(const struct silent *set, const uint8_t address[16]);
/* Takes out the oldest of the next address, all addresses in turn; NULL: the set is empty. */
struct silent_entry *silent_take_turn(struct silent *set);
void silent_free(struct silent *set);
