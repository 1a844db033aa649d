#include "relay/trunk/trunk_message.h"

#include "shared/base/reader.h"

#include <string.h>

#define VERSION 1
#define NAME_MOST 63
#define KEY_LEN 32
#define LEVEL_MOST (UINT64_C(1) << 48) /* bytes: no disk holds more, and sums do not overflow */

bool trunk_message_put_head(struct buffer *out, const struct trunk_head *h)
{
	return buffer_reserve(out, TRUNK_HEAD_LEN) && buffer_put_u8(out, VERSION) && buffer_put_u8(out, h->flags) &&
	       buffer_put_u16(out, 0) && buffer_append(out, h->sender, sizeof h->sender) &&
	       buffer_put_u64(out, h->epoch) && buffer_put_u64(out, h->to_epoch) && buffer_put_u64(out, h->number) &&
	       buffer_put_u64(out, h->acked);
}

bool trunk_message_read(struct bytes in, struct trunk_head *out, struct bytes *rest)
{
	struct reader r = reader_of(in);
	bool fine = in.len <= TRUNK_MESSAGE_MOST && reader_u8(&r) == VERSION;
	out->flags = reader_u8(&r);
	(void)reader_u16(&r);
	struct bytes sender = reader_bytes(&r, sizeof out->sender);
	if (sender.len == sizeof out->sender)
		memcpy(out->sender, sender.at, sizeof out->sender);
	out->epoch = reader_u64(&r);
	out->to_epoch = reader_u64(&r);
	out->number = reader_u64(&r);
	out->acked = reader_u64(&r);
	if (!fine || r.bad || out->epoch == 0)
		return false;
	*rest = bytes_make(in.at + TRUNK_HEAD_LEN, in.len - TRUNK_HEAD_LEN);
	return out->flags & TRUNK_BARE ? rest->len == 0
				       : rest->len > 0 && out->number > 0 && !(out->flags & TRUNK_RESTART);
}

bool trunk_message_put_part(struct buffer *out, const struct trunk_part *p)
{
	return p->data.len <= TRUNK_PART_MOST && buffer_reserve(out, TRUNK_PART_HEAD_LEN + p->data.len) &&
	       buffer_put_u8(out, (uint8_t)p->kind) && buffer_put_u8(out, 0) && buffer_put_u16(out, 0) &&
	       buffer_put_u32(out, p->line) && buffer_put_u32(out, p->session) &&
	       buffer_put_u32(out, (uint32_t)p->data.len) && buffer_append_bytes(out, p->data);
}

enum trunk_read trunk_message_read_part(struct bytes in, struct trunk_part *out, size_t *used)
{
	if (in.len < TRUNK_PART_HEAD_LEN)
		return TRUNK_READ_MORE;
	struct reader r = reader_of(in);
	uint8_t kind = reader_u8(&r);
	(void)reader_u8(&r);
	(void)reader_u16(&r);
	out->kind = kind;
	out->line = reader_u32(&r);
	out->session = reader_u32(&r);
	uint32_t len = reader_u32(&r);
	if (kind < TRUNK_OPEN || kind >= TRUNK_KINDS_END || len > TRUNK_PART_MOST)
		return TRUNK_READ_BAD;
	if (len > r.left)
		return TRUNK_READ_MORE;
	out->data = reader_bytes(&r, len);
	*used = TRUNK_PART_HEAD_LEN + len;
	return TRUNK_READ_PART;
}

bool trunk_message_put_name(struct buffer *out, const struct trunk_client_name *n)
{
	return n->tunnel.len <= NAME_MOST && buffer_put_u8(out, (uint8_t)n->tunnel.len) &&
	       buffer_append_bytes(out, n->tunnel) && buffer_put_u8(out, (uint8_t)n->key.len) &&
	       buffer_append_bytes(out, n->key);
}

/* All that is left of it. */
static bool read_name(struct reader *r, struct trunk_client_name *out)
{
	out->tunnel = reader_bytes(r, reader_u8(r));
	out->key = reader_bytes(r, reader_u8(r));
	return !r->bad && r->left == 0 && out->tunnel.len > 0 && out->tunnel.len <= NAME_MOST &&
	       (out->key.len == 0 || out->key.len == KEY_LEN);
}

bool trunk_message_read_name(struct bytes in, struct trunk_client_name *out)
{
	struct reader r = reader_of(in);
	return read_name(&r, out);
}

bool trunk_message_put_state(struct buffer *out, const struct trunk_state *s)
{
	return buffer_put_u8(out, (uint8_t)s->presence) && buffer_put_u32(out, s->features) &&
	       buffer_put_u32(out, s->options) && buffer_put_u32(out, s->drain_parallel);
}

bool trunk_message_read_state(struct bytes in, struct trunk_state *out)
{
	struct reader r = reader_of(in);
	uint8_t presence = reader_u8(&r);
	out->presence = presence;
	out->features = reader_u32(&r);
	out->options = reader_u32(&r);
	out->drain_parallel = reader_u32(&r);
	return !r.bad && r.left == 0 && presence < TRUNK_PRESENCES;
}

bool trunk_message_put_level(struct buffer *out, const struct trunk_level *v)
{
	return buffer_put_u64(out, v->count) && buffer_put_u64(out, v->bytes) && trunk_message_put_name(out, &v->of);
}

static bool read_level(struct reader *r, struct trunk_level *out)
{
	out->count = reader_u64(r);
	out->bytes = reader_u64(r);
	return read_name(r, &out->of) && out->bytes <= LEVEL_MOST;
}

bool trunk_message_read_level(struct bytes in, struct trunk_level *out)
{
	struct reader r = reader_of(in);
	return read_level(&r, out);
}

bool trunk_message_put_adopted(struct buffer *out, const struct trunk_adopted *a)
{
	return buffer_append(out, a->node, sizeof a->node) && buffer_put_u64(out, a->at_us) &&
	       trunk_message_put_level(out, &a->rest);
}

bool trunk_message_read_adopted(struct bytes in, struct trunk_adopted *out)
{
	struct reader r = reader_of(in);
	struct bytes node = reader_bytes(&r, sizeof out->node);
	if (node.len == sizeof out->node)
		memcpy(out->node, node.at, sizeof out->node);
	out->at_us = reader_u64(&r);
	return read_level(&r, &out->rest) && out->at_us > 0;
}

bool trunk_message_put_offer(struct buffer *out, const struct trunk_offer *v)
{
	return buffer_put_u32(out, v->round) && buffer_put_u8(out, v->unsure) && buffer_append_bytes(out, v->times);
}

bool trunk_message_read_offer(struct bytes in, struct trunk_offer *out)
{
	struct reader r = reader_of(in);
	out->round = reader_u32(&r);
	uint8_t unsure = reader_u8(&r);
	out->unsure = unsure;
	out->times = reader_bytes(&r, r.left);
	return !r.bad && unsure <= 1 && out->times.len % sizeof(uint64_t) == 0;
}
