#include "shared/wire/wire_room.h"

#include "shared/wire/wire.h"

bool wire_encode_data_room(struct buffer *out, uint64_t stream, uint8_t flags, size_t len, uint8_t **body)
{
	size_t start = out->len;
	if (len > WIRE_MAX_PAYLOAD || !buffer_reserve(out, WIRE_HEADER_LEN + len) ||
	    !wire_encode_data(out, stream, flags, bytes_of(NULL)))
		return false;
	bytes_set_u32(out->at + start, (uint32_t)len);
	*body = out->at + out->len;
	out->len += len;
	return true;
}
