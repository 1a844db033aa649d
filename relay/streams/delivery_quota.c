/* What a delivery takes of the relay's disk: counted from its body and its streams whenever one of them changes. */
#include "relay/shares/levels.h"
#include "relay/streams/delivery_streams.h"
#include "relay/tunnels/tunnel.h"
#include "relay/streams/stream.h"

/* What REQUEST adds to the parts and the body. */
#define FIXED_PART 128

static uint64_t size_in_spool(const struct delivery *d, uint64_t body)
{
	return body + d->head.len + d->trailers.len + FIXED_PART + (body / WIRE_DATA_CHUNK + 2) * WIRE_HEADER_LEN;
}

/* With `more` bytes of the body that are just coming. A declared length counts whole from the beginning. */
static struct quota_need need_of(const struct delivery *d, uint64_t more)
{
	struct quota_need need = { 0 };
	uint64_t here = spill_len(&d->body), body = here + more, copies = 0, readers = 0;
	if (!d->body_whole && d->request.body_len != WIRE_UNKNOWN_LENGTH && d->request.body_len > body)
		body = d->request.body_len;
	for (const struct stream *st = d->streams; st; st = st->sibling) {
		copies += st->state == STREAM_SPOOLING || st->state == STREAM_QUEUED;
		readers += stream_state_needs_body(st->state);
	}
	if (readers > 0 && body > SPILL_MEMORY) {
		need.file = copies > 0 ? 0 : body;
		need.disk = body - (here > SPILL_MEMORY ? here : 0);
	}
	need.spool = copies * size_in_spool(d, body);
	need.disk += SPOOL_DISK_FACTOR * need.spool;
	return need;
}

/* At all nodes of a cluster, as far as the others have said. */
static uint64_t waiting_for(const struct tunnel *t)
{
	uint64_t waiting = levels_elsewhere(t->table->levels, t->name);
	for (const struct client *c = t->clients; c; c = c->next)
		waiting += spool_level(t->table->spool, c->mailbox).bytes;
	return waiting;
}

enum refusal delivery_take_quota(struct delivery *d, uint64_t more)
{
	static const enum refusal refusals[] = {
		[QUOTA_GIVEN] = REFUSE_NOTHING,
		[QUOTA_TUNNEL] = REFUSE_SPOOL_FULL,
		[QUOTA_TUNNEL_FILES] = REFUSE_LARGE_BODIES,
		[QUOTA_RELAY] = REFUSE_SPOOL_TOTAL,
		[QUOTA_DISK] = REFUSE_DISK_FULL,
	};
	struct quota_need need = need_of(d, more);
	const struct quota_need *has = &d->quota.has;
	if (need.spool <= has->spool && need.file <= has->file && need.disk <= has->disk) {
		quota_settle(&d->quota, &need);
		return REFUSE_NOTHING;
	}
	struct tunnel *t = d->streams->client->tunnel;
	struct tunnel_table *table = t->table;
	const struct quota_around around = {
		.tunnel_waiting = need.spool > has->spool ? waiting_for(t) : 0,
		.relay_waiting = spool_total(table->spool).bytes,
		.disk_left = need.disk > has->disk ? spool_disk_left(table->spool) : UINT64_MAX,
	};
	return refusals[quota_take(&d->quota, &table->quota, &t->quota, &need, &around)];
}

void delivery_give_quota(struct delivery *d)
{
	bool needed = false;
	for (const struct stream *st = d->streams; st && !needed; st = st->sibling)
		needed = stream_state_needs_body(st->state);
	if (!needed) {
		spill_free(&d->body);
		buffer_free(&d->stored);
	}
	struct quota_need need = need_of(d, 0);
	quota_settle(&d->quota, &need);
}
