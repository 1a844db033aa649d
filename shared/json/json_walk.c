/* Moving about in a table of tokens, and what strings mean (shared/json/json_tokens.h). */
#include "shared/json/json_tokens.h"

#include <string.h>

struct bytes json_lexeme(struct bytes in, const struct json_token *t)
{
	return bytes_make(in.at + t->at, t->len);
}

size_t json_after(const struct json_tokens *t, size_t i)
{
	if (t->at[i].kind == TOKEN_KEY)
		i++;
	return json_is_open(&t->at[i]) ? t->at[i].partner + (size_t)1 : i + 1;
}

size_t json_members(const struct json_tokens *t, size_t open)
{
	size_t count = 0, end = t->at[open].partner;
	for (size_t i = open + 1; i < end; i = json_after(t, i))
		count++;
	return count;
}

/* The token before i on its level or around it. */
static size_t before(const struct json_tokens *t, size_t i)
{
	return json_is_close(&t->at[i - 1]) ? t->at[i - 1].partner : i - 1;
}

size_t json_parent(const struct json_tokens *t, size_t i)
{
	uint16_t depth = t->at[i].depth;
	if (depth == 0)
		return SIZE_MAX;
	if (json_is_close(&t->at[i]))
		i = t->at[i].partner;
	do
		i = before(t, i);
	while (t->at[i].depth >= depth);
	return i;
}

bool json_has_comma(const struct json_tokens *t, size_t i)
{
	return t->at[i].depth > 0 && i + 1 < t->count && !json_is_close(&t->at[i + 1]);
}

static bool is_plain(struct bytes key)
{
	for (size_t i = 0; i < key.len; i++) {
		uint8_t c = key.at[i];
		bool digit = c >= '0' && c <= '9';
		if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && c != '_' && c != '-' && !(digit && i > 0))
			return false;
	}
	return key.len > 0;
}

static bool put_step(struct bytes in, const struct json_tokens *t, size_t i, struct buffer *out)
{
	if (t->at[i].kind == TOKEN_KEY) {
		struct bytes lexeme = json_lexeme(in, &t->at[i]), key = { lexeme.at + 1, lexeme.len - 2 };
		if (!is_plain(key))
			return buffer_put_u8(out, '[') && buffer_append_bytes(out, lexeme) && buffer_put_u8(out, ']');
		return (out->len == 0 || buffer_put_u8(out, '.')) && buffer_append_bytes(out, key);
	}
	size_t index = 0;
	for (size_t k = i; k > 0 && t->at[k - 1].depth >= t->at[i].depth; k = before(t, k))
		index++;
	return buffer_printf(out, "[%zu]", index);
}

bool json_path(struct bytes in, const struct json_tokens *t, size_t i, struct buffer *out)
{
	size_t steps[JSON_DEPTH_MAX + 1], count = 0;
	if (json_is_close(&t->at[i]))
		i = t->at[i].partner;
	while (i != SIZE_MAX) {
		if (t->at[i].kind != TOKEN_KEY && i > 0 && t->at[i - 1].kind == TOKEN_KEY)
			i--;
		/* One value at the top needs no name. */
		if (t->at[i].depth > 0 || t->values > 1)
			steps[count++] = i;
		i = json_parent(t, i);
	}
	while (count > 0)
		if (!put_step(in, t, steps[--count], out))
			return false;
	return true;
}

struct json_text json_text_of(struct bytes lexeme)
{
	if (lexeme.len < 2)
		return (struct json_text){ .at = lexeme.at, .end = lexeme.at };
	return (struct json_text){ .at = lexeme.at + 1, .end = lexeme.at + lexeme.len - 1 };
}

static uint32_t hex4(const uint8_t *at)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++) {
		uint8_t c = at[i];
		v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

/* All but the first of c's UTF-8 bytes are kept (last first) for later calls. */
static int give(struct json_text *t, uint32_t c)
{
	int extra = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	for (t->count = 0; t->count < extra; c >>= 6)
		t->left[t->count++] = (uint8_t)(0x80 | (c & 0x3f));
	static const uint8_t lead[] = { 0, 0xc0, 0xe0, 0xf0 };
	return (int)(lead[extra] | c);
}

static int next_unicode(struct json_text *t)
{
	uint32_t c = hex4(t->at);
	t->at += 4;
	if (c >= 0xd800 && c < 0xdc00 && t->end - t->at >= 6 && t->at[0] == '\\' && t->at[1] == 'u') {
		uint32_t low = hex4(t->at + 2);
		if (low >= 0xdc00 && low < 0xe000) {
			t->at += 6;
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	return give(t, c);
}

int json_text_next(struct json_text *t)
{
	static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	if (t->count)
		return t->left[--t->count];
	if (t->at == t->end)
		return -1;
	uint8_t c = *t->at++;
	if (c != '\\' || t->at == t->end)
		return c;
	c = *t->at++;
	if (c == 'u' && t->end - t->at >= 4)
		return next_unicode(t);
	const char *letter = c ? strchr(letters, c) : NULL;
	return letter ? meanings[letter - letters] : c;
}

int json_text_compare(struct bytes a, struct bytes b)
{
	/* Most strings have no escapes. */
	if (bytes_equal(a, b))
		return 0;
	struct json_text ta = json_text_of(a), tb = json_text_of(b);
	for (;;) {
		int ca = json_text_next(&ta), cb = json_text_next(&tb);
		if (ca != cb)
			return ca - cb;
		if (ca < 0)
			return 0;
	}
}
