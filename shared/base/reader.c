#include "shared/base/reader.h"

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

struct bytes reader_rest(struct reader *r)
{
	return reader_bytes(r, r->left);
}
