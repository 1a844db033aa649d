/* Slots over the trunk. The node that has the client keeps the book, in which each guest has a claim; the others'
 * claims are led to it by their lines. */
#include "relay/crossing/crossing_private.h"
#include "relay/streams/drain.h"

#include <stdlib.h>

#define OFFERS_MOST 4096 /* of one claim */

/* ---- a guest here ---- */

static void on_grant(void *user, uint32_t round, unsigned count)
{
	const struct crossing_guest *g = user;
	uint8_t data[8];
	bytes_set_u32(data, round);
	bytes_set_u32(data + 4, count);
	crossing_send(g->peer, TRUNK_GRANT, g->line, g->slots_session, bytes_make(data, sizeof data));
}

void crossing_slots_join(struct crossing_guest *g)
{
	g->claim.grant = on_grant;
	g->claim.user = g;
	slots_join(&g->client->slots, &g->claim);
}

static bool take_offer(struct crossing_guest *g, struct bytes data)
{
	struct trunk_offer o;
	if (!trunk_message_read_offer(data, &o))
		return false;
	const size_t count = o.times.len / sizeof(uint64_t), before = o.round == g->claim.round ? g->claim.count : 0;
	if (count == 0) {
		slots_note(&g->claim, o.round, o.unsure);
		return true;
	}
	uint64_t *times = before + count <= OFFERS_MOST ? calloc(count, sizeof *times) : NULL;
	if (!times)
		return false;
	for (size_t i = 0; i < count; i++)
		times[i] = bytes_get_u64(o.times.at + i * sizeof *times);
	bool fine = slots_offer(&g->claim, o.round, times, count);
	free(times);
	return fine;
}

bool crossing_slots_take(struct crossing_guest *g, const struct trunk_part *part)
{
	if (part->session != g->slots_session)
		return true; /* of before the client came anew */
	if (part->kind == TRUNK_OFFER)
		return take_offer(g, part->data);
	if (part->data.len != 4)
		return false;
	slots_give_back(&g->claim, bytes_get_u32(part->data.at));
	return true;
}

/* ---- a client at another node ---- */

static bool send_offer(void *end, const struct trunk_offer *o)
{
	const struct crossing_line *l = end;
	struct buffer data = { 0 };
	bool fine = trunk_message_put_offer(&data, o);
	if (fine)
		crossing_send(l->peer, TRUNK_OFFER, l->number, l->slots_session, buffer_view(&data));
	buffer_free(&data);
	return fine;
}

static void on_note(void *end, uint32_t round, bool unsure)
{
	const struct crossing_line *l = end;
	uint8_t data[5];
	bytes_set_u32(data, round);
	data[4] = unsure;
	crossing_send(l->peer, TRUNK_OFFER, l->number, l->slots_session, bytes_make(data, sizeof data));
}

static bool on_offer(void *end, uint32_t round, const uint64_t *received_at_us, size_t count)
{
	struct buffer times = { 0 };
	bool fine = true;
	for (size_t i = 0; fine && i < count; i++)
		fine = buffer_put_u64(&times, received_at_us[i]);
	const struct trunk_offer o = { .round = round, .times = buffer_view(&times) };
	fine = fine && send_offer(end, &o);
	buffer_free(&times);
	return fine;
}

static void on_give_back(void *end, unsigned count)
{
	const struct crossing_line *l = end;
	uint8_t data[4];
	bytes_set_u32(data, count);
	crossing_send(l->peer, TRUNK_GIVE_BACK, l->number, l->slots_session, bytes_make(data, sizeof data));
}

void crossing_slots_lead(struct crossing_line *l)
{
	static const struct slots_way way = { on_note, on_offer, on_give_back };
	drain_lead(l->client, &way, l);
}

bool crossing_slots_granted(struct crossing_line *l, const struct trunk_part *part)
{
	struct slots_claim *k = &l->client->drain.claim;
	if (part->data.len != 8)
		return false;
	if (part->session == l->slots_session && k->way_end == l)
		k->grant(k->user, bytes_get_u32(part->data.at), bytes_get_u32(part->data.at + 4));
	return true;
}
