#include "shared/base/bytes.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

bool bytes_equal_whole_nocase(struct bytes a, const char *b)
{
	for (size_t i = 0; i < a.len; i++) {
		uint8_t c = (uint8_t)b[i];
		if (c == 0 || (a.at[i] != c && ((a.at[i] ^ c) != 0x20 || fold_ascii(a.at[i]) != fold_ascii(c))))
			return false;
	}
	return b[a.len] == 0;
}

bool bytes_contains_nocase(struct bytes in, const char *part)
{
	size_t len = strlen(part);
	uint8_t first = fold_ascii((uint8_t)part[0]);
	for (size_t i = 0; i + len <= in.len; i++)
		if (fold_ascii(in.at[i]) == first && strncasecmp((const char *)in.at + i, part, len) == 0)
			return true;
	return false;
}

struct bytes bytes_until(struct bytes b, char end)
{
	const uint8_t *at = b.len ? memchr(b.at, end, b.len) : NULL;
	return bytes_make(b.at, at ? (size_t)(at - b.at) : b.len);
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

bool bytes_begins(struct bytes b, const char *with)
{
	size_t len = strlen(with);
	return len == 0 || (b.len >= len && memcmp(b.at, with, len) == 0);
}
