#include "relay/cluster/copy_message.h"

#include "relay/names/router.h"
#include "shared/base/reader.h"

#include <string.h>

#define VERSION 1

bool copy_message_put(struct buffer *out, const struct copy_message *m)
{
	return buffer_put_u8(out, VERSION) && buffer_put_text8(out, m->tunnel) && buffer_put_text8(out, m->owner) &&
	       buffer_put_u8(out, m->key_len) && buffer_append(out, m->key, m->key_len) &&
	       buffer_put_u32(out, m->options) && buffer_put_u32(out, m->features) &&
	       buffer_put_u8(out, (uint8_t)(m->random_name | m->sealed << 1)) && buffer_put_u64(out, m->seen_at_us) &&
	       buffer_put_u64(out, m->received_at_us) && buffer_append(out, m->event_id, UUID_LEN) &&
	       buffer_put_u16(out, m->part) && buffer_put_u16(out, m->parts) && buffer_append_bytes(out, m->payload);
}

bool copy_message_read(struct bytes in, struct copy_message *out)
{
	struct reader r = reader_of(in);
	memset(out, 0, sizeof *out);
	r.bad |= reader_u8(&r) != VERSION;
	reader_word8(&r, out->tunnel, sizeof out->tunnel);
	reader_word8(&r, out->owner, sizeof out->owner);
	uint8_t key_len = reader_u8(&r);
	if (key_len != 0 && key_len != sizeof out->key) {
		key_len = 0;
		r.bad = true;
	}
	out->key_len = key_len;
	reader_copy(&r, out->key, key_len);
	out->options = reader_u32(&r);
	out->features = reader_u32(&r);
	uint8_t flags = reader_u8(&r);
	out->random_name = flags & 1;
	out->sealed = flags & 2;
	out->seen_at_us = reader_u64(&r);
	out->received_at_us = reader_u64(&r);
	reader_copy(&r, out->event_id, UUID_LEN);
	out->part = reader_u16(&r);
	out->parts = reader_u16(&r);
	out->payload = reader_bytes(&r, r.left);
	return !r.bad && flags <= 3 && router_name_valid(bytes_of(out->tunnel)) && out->parts > 0 &&
	       out->parts <= COPY_PARTS_MOST && out->part < out->parts && out->payload.len <= COPY_PART_LEN &&
	       out->sealed == (out->key_len > 0);
}
