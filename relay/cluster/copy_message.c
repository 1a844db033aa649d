#include "relay/cluster/copy_message.h"

#include "relay/names/router.h"
#include "shared/base/reader.h"

#include <string.h>

#define VERSION 1

static bool put_text(struct buffer *out, const char *text)
{
	return buffer_put_u8(out, (uint8_t)strlen(text)) && buffer_append_text(out, text);
}

bool copy_message_put(struct buffer *out, const struct copy_message *m)
{
	return buffer_put_u8(out, VERSION) && put_text(out, m->tunnel) && put_text(out, m->owner) &&
	       buffer_put_u8(out, m->key_len) && buffer_append(out, m->key, m->key_len) &&
	       buffer_put_u32(out, m->options) && buffer_put_u32(out, m->features) &&
	       buffer_put_u8(out, (uint8_t)(m->random_name | m->sealed << 1)) && buffer_put_u64(out, m->seen_at_us) &&
	       buffer_put_u64(out, m->received_at_us) && buffer_append(out, m->event_id, UUID_LEN) &&
	       buffer_put_u16(out, m->part) && buffer_put_u16(out, m->parts) && buffer_append_bytes(out, m->payload);
}

/* Printable ASCII: it is logged. */
static void read_text(struct reader *r, char *out, size_t size)
{
	struct bytes text = reader_bytes(r, reader_u8(r));
	if (text.len >= size) {
		r->bad = true;
		text.len = 0;
	}
	for (size_t i = 0; i < text.len; i++)
		r->bad |= text.at[i] < 0x21 || text.at[i] > 0x7e;
	if (text.len > 0)
		memcpy(out, text.at, text.len);
	out[text.len] = 0;
}

static void read_array(struct reader *r, uint8_t *out, size_t len)
{
	struct bytes b = reader_bytes(r, len);
	if (b.len == len && len > 0)
		memcpy(out, b.at, len);
}

bool copy_message_read(struct bytes in, struct copy_message *out)
{
	struct reader r = reader_of(in);
	memset(out, 0, sizeof *out);
	r.bad |= reader_u8(&r) != VERSION;
	read_text(&r, out->tunnel, sizeof out->tunnel);
	read_text(&r, out->owner, sizeof out->owner);
	uint8_t key_len = reader_u8(&r);
	if (key_len != 0 && key_len != sizeof out->key) {
		key_len = 0;
		r.bad = true;
	}
	out->key_len = key_len;
	read_array(&r, out->key, key_len);
	out->options = reader_u32(&r);
	out->features = reader_u32(&r);
	uint8_t flags = reader_u8(&r);
	out->random_name = flags & 1;
	out->sealed = flags & 2;
	out->seen_at_us = reader_u64(&r);
	out->received_at_us = reader_u64(&r);
	read_array(&r, out->event_id, UUID_LEN);
	out->part = reader_u16(&r);
	out->parts = reader_u16(&r);
	out->payload = reader_bytes(&r, r.left);
	return !r.bad && flags <= 3 && router_name_valid(bytes_of(out->tunnel)) && out->parts > 0 &&
	       out->parts <= COPY_PARTS_MOST && out->part < out->parts && out->payload.len <= COPY_PART_LEN &&
	       out->sealed == (out->key_len > 0);
}
