#include "shared/base/reader.h"

#include <string.h>

struct reader reader_of(struct bytes b)
{
	return (struct reader){ b.at, b.len, false };
}

struct bytes reader_bytes(struct reader *r, size_t len)
{
	if (r->bad || len > r->left) {
		r->bad = true;
		return (struct bytes){ NULL, 0 };
	}
	struct bytes v = { r->at, len };
	if (len) {
		r->at += len;
		r->left -= len;
	}
	return v;
}

uint8_t reader_u8(struct reader *r)
{
	struct bytes v = reader_bytes(r, 1);
	return v.len ? v.at[0] : 0;
}

uint16_t reader_u16(struct reader *r)
{
	struct bytes v = reader_bytes(r, 2);
	return v.len ? bytes_get_u16(v.at) : 0;
}

uint32_t reader_u32(struct reader *r)
{
	struct bytes v = reader_bytes(r, 4);
	return v.len ? bytes_get_u32(v.at) : 0;
}

uint64_t reader_u64(struct reader *r)
{
	struct bytes v = reader_bytes(r, 8);
	return v.len ? bytes_get_u64(v.at) : 0;
}

struct bytes reader_bytes16(struct reader *r)
{
	uint16_t len = reader_u16(r);
	return reader_bytes(r, len);
}

struct bytes reader_bytes32(struct reader *r)
{
	uint32_t len = reader_u32(r);
	return reader_bytes(r, len);
}

void reader_copy(struct reader *r, uint8_t *out, size_t len)
{
	struct bytes b = reader_bytes(r, len);
	if (b.len > 0)
		memcpy(out, b.at, b.len);
}

void reader_word8(struct reader *r, char *out, size_t size)
{
	struct bytes text = reader_bytes(r, reader_u8(r));
	if (text.len >= size) {
		r->bad = true;
		text.len = 0;
	}
	for (size_t i = 0; i < text.len; i++)
		r->bad |= text.at[i] < 0x21 || text.at[i] > 0x7e || text.at[i] == '"' || text.at[i] == '\\';
	if (text.len > 0)
		memcpy(out, text.at, text.len);
	out[text.len] = 0;
}

struct bytes reader_rest(struct reader *r)
{
	return reader_bytes(r, r->left);
}
