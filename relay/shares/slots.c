#include "relay/shares/slots.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static void drop_offers(struct slots_claim *k)
{
	free(k->offers);
	k->offers = NULL;
	k->first = k->count = k->room = 0;
}

static void forget_slots(struct slots_claim *k)
{
	k->slots->held -= k->held;
	k->held = k->untold = 0;
}

/* Slots that it was not told of were for these offers too. */
static void drop_round(struct slots_claim *k)
{
	drop_offers(k);
	k->slots->held -= k->untold;
	k->held -= k->untold;
	k->untold = 0;
}

static bool make_room(struct slots_claim *k, size_t count)
{
	if (k->first > 0)
		memmove(k->offers, k->offers + k->first, k->count * sizeof *k->offers);
	k->first = 0;
	if (k->count + count <= k->room)
		return true;
	uint64_t *more = realloc(k->offers, (k->count + count) * sizeof *more);
	if (!more)
		return false;
	k->offers = more;
	k->room = k->count + count;
	return true;
}

/* Whose turn it is; NULL: nobody's. */
static struct slots_claim *next_claim(const struct slots *s)
{
	const unsigned most = s->most(s->user);
	const bool in_order = most == 1;
	struct slots_claim *k, *best = NULL;
	if (s->held >= most || (in_order && s->awaited > 0))
		return NULL;
	DL_FOREACH(s->claims, k)
	{
		if (k->way)
			continue;
		if (k->count > 0 && (!best || k->offers[k->first] < best->offers[best->first]))
			best = k;
		if (k->count == 0 && k->unsure && in_order)
			return NULL;
	}
	return best;
}

static void take_slot(struct slots_claim *k)
{
	k->first++;
	k->count--;
	if (k->count == 0)
		drop_offers(k);
	k->held++;
	k->untold++;
	k->slots->held++;
}

static void tell_claims(struct slots *s)
{
	for (struct slots_claim *k = s->claims; k;) {
		const unsigned count = k->untold;
		if (count == 0) {
			k = k->next;
			continue;
		}
		k->untold = 0;
		k->grant(k->user, k->round, count);
		k = s->claims; /* others may have left meanwhile */
	}
}

void slots_share(struct slots *s)
{
	if (s->sharing) {
		s->again = true;
		return;
	}
	s->sharing = true;
	do {
		s->again = false;
		for (struct slots_claim *k; (k = next_claim(s));)
			take_slot(k);
		tell_claims(s);
	} while (s->again);
	s->sharing = false;
}

void slots_init(struct slots *s, unsigned (*most)(void *user), void *user)
{
	*s = (struct slots){ .most = most, .user = user };
}

void slots_join(struct slots *s, struct slots_claim *k)
{
	k->slots = s;
	k->unsure = true;
	DL_APPEND(s->claims, k);
}

void slots_leave(struct slots_claim *k)
{
	struct slots *s = k->slots;
	if (!s)
		return;
	forget_slots(k);
	drop_offers(k);
	DL_DELETE(s->claims, k);
	k->slots = NULL;
	slots_share(s);
}

void slots_lead(struct slots_claim *k, const struct slots_way *way, void *end)
{
	forget_slots(k);
	drop_offers(k);
	k->way = way;
	k->way_end = end;
}

void slots_begin(struct slots *s)
{
	struct slots_claim *k;
	DL_FOREACH(s->claims, k)
	{
		forget_slots(k);
		drop_offers(k);
		k->unsure = true;
	}
}

static void set_round(struct slots_claim *k, uint32_t round, bool unsure)
{
	if (round != k->round)
		drop_round(k);
	k->round = round;
	k->unsure = unsure;
}

void slots_note(struct slots_claim *k, uint32_t round, bool unsure)
{
	set_round(k, round, unsure);
	if (k->way)
		k->way->note(k->way_end, round, unsure);
	else
		slots_share(k->slots);
}

bool slots_offer(struct slots_claim *k, uint32_t round, const uint64_t *received_at_us, size_t count)
{
	set_round(k, round, false);
	if (k->way)
		return k->way->offer(k->way_end, round, received_at_us, count);
	if (count > 0 && !make_room(k, count))
		return false;
	for (size_t i = 0; i < count; i++)
		k->offers[k->count + i] = received_at_us[i];
	k->count += count;
	slots_share(k->slots);
	return true;
}

void slots_give_back(struct slots_claim *k, unsigned count)
{
	if (k->way) {
		k->way->give_back(k->way_end, count);
		return;
	}
	if (count > k->held - k->untold)
		count = k->held - k->untold;
	k->held -= count;
	k->slots->held -= count;
	slots_share(k->slots);
}
