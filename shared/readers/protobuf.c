#include "shared/readers/protobuf.h"

#define NUMBER_MOST ((1u << 29) - 1)

static bool take_varint(struct bytes *rest, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < 10 && i < rest->len; i++) {
		uint8_t c = rest->at[i];
		if (i == 9 && c > 1)
			return false;
		*out |= (uint64_t)(c & 0x7f) << (7 * i);
		if (c < 0x80) {
			*rest = bytes_make(rest->at + i + 1, rest->len - i - 1);
			return true;
		}
	}
	return false;
}

static bool take_little(struct bytes *rest, size_t count, uint64_t *out)
{
	if (rest->len < count)
		return false;
	*out = 0;
	for (size_t i = count; i-- > 0;)
		*out = *out << 8 | rest->at[i];
	*rest = bytes_make(rest->at + count, rest->len - count);
	return true;
}

static bool take_value(struct bytes *rest, struct protobuf_field *out)
{
	switch (out->type) {
	case PROTOBUF_VARINT:
		return take_varint(rest, &out->value);
	case PROTOBUF_FIXED64:
		return take_little(rest, 8, &out->value);
	case PROTOBUF_FIXED32:
		return take_little(rest, 4, &out->value);
	case PROTOBUF_BYTES:
		if (!take_varint(rest, &out->value) || out->value > rest->len)
			return false;
		out->bytes = bytes_make(rest->at, (size_t)out->value);
		*rest = bytes_make(rest->at + out->bytes.len, rest->len - out->bytes.len);
		return true;
	}
	return false;
}

bool protobuf_next(struct bytes *rest, struct protobuf_field *out)
{
	struct bytes at = *rest;
	uint64_t tag;
	*out = (struct protobuf_field){ 0 };
	if (!take_varint(&at, &tag) || tag >> 3 == 0 || tag >> 3 > NUMBER_MOST)
		return false;
	out->number = (uint32_t)(tag >> 3);
	out->type = (enum protobuf_type)(tag & 7);
	if (!take_value(&at, out))
		return false;
	*rest = at;
	return true;
}

bool protobuf_is_message(struct bytes in)
{
	struct protobuf_field field;
	bool any = in.len > 0;
	while (protobuf_next(&in, &field))
		;
	return any && in.len == 0;
}

bool protobuf_frame_next(struct bytes *rest, struct protobuf_frame *out)
{
	if (rest->len < 5)
		return false;
	*out = (struct protobuf_frame){ .flags = rest->at[0], .declared = bytes_get_u32(rest->at + 1) };
	size_t left = rest->len - 5, len = out->declared < left ? out->declared : left;
	out->content = bytes_make(rest->at + 5, len);
	*rest = bytes_make(rest->at + 5 + len, left - len);
	return true;
}
