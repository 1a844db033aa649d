/* Who may hand out what waits for a client: so many deliveries at once, whichever nodes of a cluster they wait at.
 *
 * The node that has the client keeps its book. Each node with deliveries for it, that one included, has a claim there:
 * when those that it would hand out next were received, in its order (its offers). A slot goes to the claim whose first
 * offer is the oldest, and uses that offer up; it is held until it is given back. Where there is one slot, it goes to
 * nobody as long as it is not known what one of the claims would hand out next: the order is then that of receipt over
 * all claims.
 *
 * At another node a claim is led elsewhere (slots_lead): what it offers and gives back goes to the node with the book.
 * Pure; loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"

struct slots;

/* The way to the node that keeps the book; `end` is the way's. */
struct slots_way {
	void (*note)(void *end, uint32_t round, bool unsure);
	bool (*offer)(void *end, uint32_t round, const uint64_t *received_at_us, size_t count);
	void (*give_back)(void *end, unsigned count);
};

struct slots_claim {
	struct slots *slots; /* NULL: it has left */
	struct slots_claim *prev, *next;
	const struct slots_way *way; /* NULL: the book is here */
	void *way_end;
	uint64_t *offers; /* from `first` on */
	size_t first, count, room;
	uint32_t round;  /* of these offers; earlier ones are void */
	bool unsure;     /* with no offers: it may have some, and will say so */
	unsigned held;   /* slots granted and not given back */
	unsigned untold; /* of these: it has not been told */
	/* It may hand out as many of its next ones as `count`, if its offers are still those of that round; otherwise
	 * it gives them back. */
	void (*grant)(void *user, uint32_t round, unsigned count);
	void *user;
};

/* The book of one client. */
struct slots {
	struct slots_claim *claims; /* utlist */
	unsigned held;              /* by all of them */
	unsigned awaited;           /* others that may have a claim to make; with one slot they are waited for */
	bool sharing, again;
	/* How many slots there are just now. */
	unsigned (*most)(void *user);
	void *user;
};

void slots_init(struct slots *s, unsigned (*most)(void *user), void *user);
/* Adds a claim, of which `grant` and `user` are set and all else is zero. It is unsure. */
void slots_join(struct slots *s, struct slots_claim *k);
/* Its slots are free again. Nothing happens when it has left. */
void slots_leave(struct slots_claim *k);
/* From now on the claim is another node's to serve; `way` NULL: the book here. Nothing is offered, and no slot held. */
void slots_lead(struct slots_claim *k, const struct slots_way *way, void *end);
/* The client is here anew, and what was handed out to it before does not count: nothing is offered, and no slot held.
 */
void slots_begin(struct slots *s);

/* Offers of another round are void. */
void slots_note(struct slots_claim *k, uint32_t round, bool unsure);
/* The same, sure, and adds offers. False when out of memory, and nothing was added. */
MUST_CHECK bool slots_offer(struct slots_claim *k, uint32_t round, const uint64_t *received_at_us, size_t count);
/* To be called after it was said what comes next. More than are held count for none. */
void slots_give_back(struct slots_claim *k, unsigned count);
/* Grants what is free; to be called when there may be more slots than before. */
void slots_share(struct slots *s);
