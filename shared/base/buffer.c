#include "shared/base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool buffer_reserve(struct buffer *b, size_t more)
{
	size_t need;
	if (__builtin_add_overflow(b->len, more, &need))
		return false;
	if (need <= b->cap)
		return true;
	size_t cap = b->cap < 64 ? 64 : b->cap;
	while (cap < need)
		if (__builtin_mul_overflow(cap, (size_t)2, &cap))
			return false;
	uint8_t *at = realloc(b->at, cap);
	if (!at)
		return false;
	b->at = at;
	b->cap = cap;
	return true;
}

bool buffer_append(struct buffer *b, const void *at, size_t len)
{
	if (!buffer_reserve(b, len))
		return false;
	if (len) {
		memcpy(b->at + b->len, at, len);
		b->len += len;
	}
	return true;
}

bool buffer_append_bytes(struct buffer *b, struct bytes v)
{
	return buffer_append(b, v.at, v.len);
}

bool buffer_append_text(struct buffer *b, const char *text)
{
	return buffer_append(b, text, strlen(text));
}

bool buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	bool fine = len >= 0 && buffer_reserve(b, (size_t)len + 1);
	if (fine) {
		vsnprintf((char *)b->at + b->len, (size_t)len + 1, format, again);
		b->len += (size_t)len;
	}
	va_end(again);
	va_end(args);
	return fine;
}

bool buffer_put_u8(struct buffer *b, uint8_t v)
{
	return buffer_append(b, &v, 1);
}

bool buffer_put_u16(struct buffer *b, uint16_t v)
{
	uint8_t at[2];
	bytes_set_u16(at, v);
	return buffer_append(b, at, sizeof at);
}

bool buffer_put_u32(struct buffer *b, uint32_t v)
{
	uint8_t at[4];
	bytes_set_u32(at, v);
	return buffer_append(b, at, sizeof at);
}

bool buffer_put_u64(struct buffer *b, uint64_t v)
{
	uint8_t at[8];
	bytes_set_u64(at, v);
	return buffer_append(b, at, sizeof at);
}

bool buffer_put_text8(struct buffer *b, const char *text)
{
	size_t len = strlen(text);
	return len <= UINT8_MAX && buffer_put_u8(b, (uint8_t)len) && buffer_append(b, text, len);
}

void buffer_consume(struct buffer *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
		return;
	}
	memmove(b->at, b->at + n, b->len - n);
	b->len -= n;
}

struct bytes buffer_view(const struct buffer *b)
{
	return (struct bytes){ b->at, b->len };
}

void buffer_free(struct buffer *b)
{
	free(b->at);
	*b = (struct buffer){ 0 };
}
