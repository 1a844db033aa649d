#include "shared/text/base64.h"

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

/* The value of a digit of the usual alphabet or of the one for URLs (RFC 4648 §5). */
static int value_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
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
			if (v < 0 || at[k] == '-' || at[k] == '_')
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

/* Not EVP_DecodeBlock, which keeps the padding's zeros and skips blanks at the ends. */
bool base64_decode_loose(struct buffer *out, struct bytes in)
{
	size_t len = in.len;
	uint32_t word = 0;
	int bits = 0;
	for (int pads = 0; pads < 2 && len > 0 && len % 4 == (pads ? 3u : 0u) && in.at[len - 1] == '='; pads++)
		len--;
	if (len % 4 == 1 || !buffer_reserve(out, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		int digit = value_of(in.at[i]);
		if (digit < 0)
			return false;
		word = word << 6 | (uint32_t)digit;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out->at[out->len++] = (uint8_t)(word >> bits);
		}
	}
	return true;
}
