#include "shared/text/text_fold.h"

#include <string.h>
#include <utf8proc.h>

#define DOTTED_CAPITAL_I 0x130
#define DOTLESS_SMALL_I 0x131

/* Through upper case, in which the forms of a small letter (σ and ς, s and ſ) are one. */
static utf8proc_int32_t fold(utf8proc_int32_t c)
{
	if (c == DOTTED_CAPITAL_I || c == DOTLESS_SMALL_I)
		return c;
	return utf8proc_tolower(utf8proc_toupper(c));
}

uint32_t text_fold_character(uint32_t c)
{
	if (c > 127)
		return (uint32_t)fold((utf8proc_int32_t)c);
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

bool text_fold_is_ascii(struct bytes in)
{
	size_t i = 0;
	for (uint64_t words[4]; i + sizeof words <= in.len; i += sizeof words) {
		memcpy(words, in.at + i, sizeof words);
		if ((words[0] | words[1] | words[2] | words[3]) & UINT64_C(0x8080808080808080))
			return false;
	}
	for (; i < in.len; i++)
		if (in.at[i] > 127)
			return false;
	return true;
}

/* One character, with its bytes. */
static size_t fold_next(struct bytes in, uint8_t *out, size_t *put)
{
	utf8proc_int32_t code;
	utf8proc_ssize_t len = utf8proc_iterate(in.at, (utf8proc_ssize_t)in.len, &code);
	*out = *in.at;
	*put = len > 0 ? (size_t)utf8proc_encode_char(fold(code), out) : 1;
	return len > 0 ? (size_t)len : 1;
}

bool text_fold(struct buffer *out, struct bytes in)
{
	/* Two bytes become three at worst (Ⱥ to ⱥ). */
	if (in.len > SIZE_MAX / 2 || !buffer_reserve(out, in.len + in.len / 2 + 4))
		return false;
	for (size_t i = 0; i < in.len;) {
		uint8_t c = in.at[i];
		size_t len = 1, put = 1;
		if (c <= 127)
			out->at[out->len] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
		else
			len = fold_next(bytes_make(in.at + i, in.len - i), out->at + out->len, &put);
		i += len;
		out->len += put;
	}
	return true;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool text_fold_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len;) {
		utf8proc_int32_t x, y;
		if (a[i] <= 127 || b[i] <= 127) {
			if (lower(a[i]) != lower(b[i]))
				return false;
			i++;
			continue;
		}
		utf8proc_ssize_t long_a = utf8proc_iterate(a + i, (utf8proc_ssize_t)(len - i), &x);
		utf8proc_ssize_t long_b = utf8proc_iterate(b + i, (utf8proc_ssize_t)(len - i), &y);
		bool broken = long_a <= 0 || long_b <= 0;
		if (broken ? a[i] != b[i] : long_a != long_b || fold(x) != fold(y))
			return false;
		i += broken ? 1 : (size_t)long_a;
	}
	return true;
}
