#include "shared/base/hex.h"

int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void hex_write(char *out, const uint8_t *at, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < len; i++) {
		*out++ = digits[at[i] >> 4];
		*out++ = digits[at[i] & 15];
	}
	*out = 0;
}

bool hex_encode(struct buffer *out, struct bytes in)
{
	if (!buffer_reserve(out, 2 * in.len + 1))
		return false;
	hex_write((char *)out->at + out->len, in.at, in.len);
	out->len += 2 * in.len;
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
