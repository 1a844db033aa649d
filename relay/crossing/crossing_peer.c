/* What all files of this room send to another node. */
#include "relay/crossing/crossing_private.h"

void crossing_send(struct crossing_peer *p, enum trunk_kind kind, uint32_t line, uint32_t session, struct bytes data)
{
	const struct trunk_part part = { kind, line, session, data };
	trunk_send(p->trunk, &part);
}

void crossing_send_late(struct crossing_peer *p, enum trunk_kind kind, uint32_t line, uint32_t session,
			struct bytes data)
{
	const struct trunk_part part = { kind, line, session, data };
	trunk_send_late(p->trunk, &part);
}

bool crossing_put_frame(struct buffer *out, const struct wire_frame *f, uint64_t stream)
{
	return buffer_reserve(out, WIRE_HEADER_LEN + f->payload.len) && buffer_put_u32(out, (uint32_t)f->payload.len) &&
	       buffer_put_u8(out, f->type) && buffer_put_u8(out, f->flags) && buffer_put_u16(out, 0) &&
	       buffer_put_u64(out, stream) && buffer_append_bytes(out, f->payload);
}
