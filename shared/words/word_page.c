#include "shared/words/word_page.h"

#include <string.h>

#define KEY_MOST (WORD_MOST + 1)

/* ---- writing ---- */

/* As many bytes as it takes; there is room. */
static size_t put_number(uint8_t *out, unsigned v)
{
	size_t len = 0;
	for (; v > 127; v >>= 7)
		out[len++] = (uint8_t)(v | 0x80);
	out[len++] = (uint8_t)v;
	return len;
}

bool word_page_put_span(struct buffer *places, unsigned skipped, unsigned more)
{
	if (!buffer_reserve(places, 10))
		return false;
	places->len += put_number(places->at + places->len, skipped << 1 | (more > 0));
	if (more)
		places->len += put_number(places->at + places->len, more - 1);
	return true;
}

bool word_page_put(struct buffer *page, struct bytes before, struct bytes key, struct bytes places)
{
	size_t same = 0;
	while (same < before.len && same < key.len && before.at[same] == key.at[same])
		same++;
	if (!buffer_reserve(page, key.len + places.len + 8))
		return false;
	uint8_t *out = page->at + page->len;
	*out++ = (uint8_t)same;
	*out++ = (uint8_t)(key.len - same);
	memcpy(out, key.at + same, key.len - same);
	out += key.len - same;
	out += put_number(out, (unsigned)places.len);
	memcpy(out, places.at, places.len);
	page->len = (size_t)(out - page->at) + places.len;
	return true;
}

/* ---- reading ---- */

static bool take_number(struct bytes *from, unsigned *out)
{
	*out = 0;
	for (unsigned shift = 0; from->len && shift <= 14; shift += 7) {
		uint8_t c = *from->at++;
		from->len--;
		*out |= (unsigned)(c & 0x7f) << shift;
		if (c < 0x80)
			return true;
	}
	return false;
}

static void set_bits(struct word_places *out, unsigned from, unsigned end)
{
	for (; from < end && from % 64; from++)
		out->bits[from / 64] |= UINT64_C(1) << from % 64;
	for (; from + 64 <= end; from += 64)
		out->bits[from / 64] = ~UINT64_C(0);
	for (; from < end; from++)
		out->bits[from / 64] |= UINT64_C(1) << from % 64;
}

static bool take_places(struct bytes places, struct word_places *out)
{
	unsigned at = 0, head, more;
	while (places.len) {
		more = 0;
		if (!take_number(&places, &head) || (head & 1 && !take_number(&places, &more)))
			return false;
		more += head & 1;
		at += head >> 1;
		if (at + more >= WORD_BLOCK_IDS)
			return false;
		set_bits(out, at, at + more + 1);
		at += more + 1;
	}
	return true;
}

bool word_page_find(struct bytes page, struct bytes key, bool open, struct word_places *out, bool *on)
{
	uint8_t own[KEY_MOST];
	size_t own_len = 0;
	*on = false;
	while (page.len) {
		struct bytes places;
		unsigned len;
		if (page.len < 2 || page.at[0] > own_len || page.at[0] + page.at[1] > KEY_MOST ||
		    page.len - 2 < page.at[1])
			return false;
		memcpy(own + page.at[0], page.at + 2, page.at[1]);
		own_len = (size_t)page.at[0] + page.at[1];
		page = bytes_make(page.at + 2 + page.at[1], page.len - 2 - page.at[1]);
		if (!take_number(&page, &len) || page.len < len)
			return false;
		places = bytes_make(page.at, len);
		page = bytes_make(page.at + len, page.len - len);
		int order = memcmp(own, key.at, own_len < key.len ? own_len : key.len);
		bool fits = order == 0 && (open ? own_len >= key.len : own_len == key.len);
		if (fits && !take_places(places, out))
			return false;
		if (order > 0 || (order == 0 && (open ? false : own_len >= key.len)))
			return true; /* no later one fits */
	}
	*on = open;
	return true;
}
