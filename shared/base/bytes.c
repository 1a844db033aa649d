#include "shared/base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes bytes_of(const char *text)
{
	return text ? bytes_make(text, strlen(text)) : (struct bytes){ NULL, 0 };
}

struct bytes bytes_make(const void *at, size_t len)
{
	return (struct bytes){ at, len };
}

bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static uint8_t fold_ascii(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool bytes_equal_nocase(struct bytes a, const char *b)
{
	for (size_t i = 0; i < a.len; i++)
		if (b[i] == 0 || fold_ascii(a.at[i]) != fold_ascii((uint8_t)b[i]))
			return false;
	return b[a.len] == 0;
}

char *bytes_dup_text(struct bytes b)
{
	char *copy = malloc(b.len + 1);
	if (!copy)
		return NULL;
	if (b.len)
		memcpy(copy, b.at, b.len);
	copy[b.len] = 0;
	return copy;
}

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

uint16_t bytes_get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t bytes_get_u32(const uint8_t *at)
{
	return (uint32_t)bytes_get_u16(at) << 16 | bytes_get_u16(at + 2);
}

uint64_t bytes_get_u64(const uint8_t *at)
{
	return (uint64_t)bytes_get_u32(at) << 32 | bytes_get_u32(at + 4);
}

void bytes_set_u16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

void bytes_set_u32(uint8_t *at, uint32_t v)
{
	bytes_set_u16(at, (uint16_t)(v >> 16));
	bytes_set_u16(at + 2, (uint16_t)v);
}

void bytes_set_u64(uint8_t *at, uint64_t v)
{
	bytes_set_u32(at, (uint32_t)(v >> 32));
	bytes_set_u32(at + 4, (uint32_t)v);
}

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
