#include "shared/base/hex.h"

int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_encode(struct buffer *out, struct bytes in)
{
	static const char digits[] = "0123456789abcdef";
	if (!buffer_reserve(out, 2 * in.len))
		return false;
	for (size_t i = 0; i < in.len; i++) {
		out->at[out->len++] = (uint8_t)digits[in.at[i] >> 4];
		out->at[out->len++] = (uint8_t)digits[in.at[i] & 15];
	}
	return true;
}

bool hex_decode(struct buffer *out, struct bytes in)
{
	if (in.len % 2 || !buffer_reserve(out, in.len / 2))
		return false;
	for (size_t i = 0; i < in.len; i += 2) {
		int high = hex_digit(in.at[i]), low = hex_digit(in.at[i + 1]);
		if (high < 0 || low < 0)
			return false;
		out->at[out->len++] = (uint8_t)(high << 4 | low);
	}
	return true;
}
