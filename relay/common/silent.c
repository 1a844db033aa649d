#include "relay/common/silent.h"

#include <stdlib.h>
#include <utlist.h>

#define COUNTS (sizeof((struct silent *)0)->by_count / sizeof(struct silent_address *))

struct silent_address {
	uint8_t at[16];
	UT_hash_handle hh;
	struct silent_entry *entries;
	size_t count;
	struct silent_address *prev, *next; /* of those with as many */
};

static size_t place_of(size_t count)
{
	return count < COUNTS ? count : COUNTS - 1;
}

static void recount(struct silent *set, struct silent_address *a, size_t count)
{
	size_t from = place_of(a->count), to = place_of(count);
	a->count = count;
	if (from == to)
		return;
	if (from > 0)
		DL_DELETE(set->by_count[from], a);
	if (to > 0)
		DL_APPEND(set->by_count[to], a);
	if (to > set->most)
		set->most = to;
	while (set->most > 0 && !set->by_count[set->most])
		set->most--;
}

void silent_add(struct silent *set, struct silent_entry *e, const uint8_t address[16])
{
	struct silent_address *a;
	if (e->address)
		return;
	HASH_FIND(hh, set->addresses, address, sizeof a->at, a);
	if (!a) {
		a = calloc(1, sizeof *a);
		if (!a)
			return;
		memcpy(a->at, address, sizeof a->at);
		HASH_ADD(hh, set->addresses, at, sizeof a->at, a);
		if (!a->hh.tbl) { /* out of memory */
			free(a);
			return;
		}
	}
	DL_APPEND(a->entries, e);
	e->address = a;
	recount(set, a, a->count + 1);
}

void silent_remove(struct silent *set, struct silent_entry *e)
{
	struct silent_address *a = e->address;
	if (!a)
		return;
	DL_DELETE(a->entries, e);
	e->address = NULL;
	recount(set, a, a->count - 1);
	if (a->count > 0)
		return;
	if (set->turn == a)
		set->turn = a->hh.next;
	HASH_DELETE(hh, set->addresses, a);
	free(a);
}

struct silent_entry *silent_worst(const struct silent *set)
{
	struct silent_address *worst = set->by_count[set->most], *a;
	if (set->most == COUNTS - 1)
		DL_FOREACH(set->by_count[set->most], a)
	if (a->count > worst->count)
		worst = a;
	return worst ? worst->entries : NULL;
}

struct silent_entry *silent_oldest_beside(const struct silent_entry *e, size_t *count)
{
	*count = e->address ? e->address->count : 0;
	return e->address ? e->address->entries : NULL;
}

struct silent_entry *silent_oldest_of(const struct silent *set, const uint8_t address[16])
{
	struct silent_address *a;
	HASH_FIND(hh, set->addresses, address, sizeof a->at, a);
	return a ? a->entries : NULL;
}

struct silent_entry *silent_take_turn(struct silent *set)
{
	struct silent_address *a = set->turn ? set->turn : set->addresses; /* uthash lists them as they came */
	struct silent_entry *e = a ? a->entries : NULL;
	if (!e)
		return NULL;
	set->turn = a->hh.next;
	silent_remove(set, e);
	return e;
}

void silent_free(struct silent *set)
{
	struct silent_address *a = set->addresses, *next;
	HASH_CLEAR(hh, set->addresses);
	for (; a; a = next) {
		next = a->hh.next;
		free(a);
	}
}
