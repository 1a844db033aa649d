#include "shared/base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool base64_encode(struct buffer *out, struct bytes in, size_t columns)
{
	size_t column = 0;
	for (size_t i = 0; i < in.len; i += 3) {
		size_t left = in.len - i;
		unsigned group = (unsigned)in.at[i] << 16 | (left > 1 ? (unsigned)in.at[i + 1] << 8 : 0) |
				 (left > 2 ? in.at[i + 2] : 0);
		char text[4] = { alphabet[group >> 18], alphabet[group >> 12 & 63],
				 left > 1 ? alphabet[group >> 6 & 63] : '=', left > 2 ? alphabet[group & 63] : '=' };
		if (!buffer_append(out, text, sizeof text))
			return false;
		column += sizeof text;
		if (columns && (column >= columns || left <= 3)) {
			if (!buffer_put_u8(out, '\n'))
				return false;
			column = 0;
		}
	}
	return true;
}

static int value_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(struct buffer *out, struct bytes in)
{
	if (in.len % 4)
		return false;
	for (size_t i = 0; i < in.len; i += 4) {
		const uint8_t *at = in.at + i;
		int padding = i + 4 < in.len || at[3] != '=' ? 0 : at[2] == '=' ? 2 : 1;
		unsigned group = 0;
		for (int k = 0; k < 4 - padding; k++) {
			int v = value_of(at[k]);
			if (v < 0)
				return false;
			group |= (unsigned)v << (18 - 6 * k);
		}
		/* Bits that no byte takes are zero: two texts never give the same bytes. */
		if ((padding == 1 && (group & 0xff)) || (padding == 2 && (group & 0xffff)))
			return false;
		uint8_t bytes[3] = { (uint8_t)(group >> 16), (uint8_t)(group >> 8), (uint8_t)group };
		if (!buffer_append(out, bytes, (size_t)(3 - padding)))
			return false;
	}
	return true;
}
