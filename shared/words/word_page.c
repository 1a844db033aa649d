#include "shared/words/word_page.h"

#include <string.h>

#include "shared/base/crc32c.h"

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

/* Of the block's number, too: a page in another block is none. */
static uint32_t sum_of(int64_t of, struct bytes page)
{
	uint8_t number[8];
	bytes_set_u64(number, (uint64_t)of);
	return crc32c_add(crc32c_add(0, bytes_make(number, sizeof number)), page);
}

bool word_page_end(struct buffer *page, int64_t of, bool first, struct bytes next)
{
	return buffer_append_bytes(page, next) && buffer_put_u8(page, (uint8_t)next.len) &&
	       buffer_put_u8(page, first) && buffer_put_u32(page, sum_of(of, buffer_view(page)));
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

/* What stands behind the words. */
struct tail {
	struct bytes next;
	bool first;
};

#define SUM_LEN 4
#define TAIL_LEAST (2 + SUM_LEN)

static bool take_tail(struct bytes *page, int64_t of, struct tail *out)
{
	if (page->len < TAIL_LEAST)
		return false;
	size_t summed = page->len - SUM_LEN, len = page->at[summed - 2];
	if (bytes_get_u32(page->at + summed) != sum_of(of, bytes_make(page->at, summed)) || len > KEY_MOST ||
	    page->len - TAIL_LEAST < len)
		return false;
	page->len -= TAIL_LEAST + len;
	*out = (struct tail){ bytes_make(page->at + page->len, len), page->at[summed - 1] != 0 };
	return true;
}

static int compare(struct bytes a, struct bytes b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.at, b.at, len) : 0;
	return order ? order : a.len < b.len ? -1 : a.len > b.len;
}

static bool begins_with(struct bytes word, struct bytes with)
{
	return word.len >= with.len && (with.len == 0 || memcmp(word.at, with.at, with.len) == 0);
}

/* Whether the page, with this first word, is the one in which the search begins or goes on. */
static bool is_wanted(const struct word_find *f, struct bytes first, const struct tail *tail)
{
	if (f->begun)
		return compare(first, bytes_make(f->next, f->next_len)) == 0;
	return (tail->first || compare(first, f->key) <= 0) && (!tail->next.len || compare(f->key, tail->next) < 0);
}

/* The next word, and where it stands. `own` is the one before. */
static bool take_word(struct bytes *page, uint8_t own[KEY_MOST], size_t *own_len, struct bytes *places)
{
	unsigned len;
	if (page->len < 2 || page->at[0] > *own_len || page->at[0] + page->at[1] > KEY_MOST ||
	    page->len - 2 < page->at[1])
		return false;
	memcpy(own + page->at[0], page->at + 2, page->at[1]);
	*own_len = (size_t)page->at[0] + page->at[1];
	*page = bytes_make(page->at + 2 + page->at[1], page->len - 2 - page->at[1]);
	if (!take_number(page, &len) || page->len < len)
		return false;
	*places = bytes_make(page->at, len);
	*page = bytes_make(page->at + len, page->len - len);
	return true;
}

void word_find_begin(struct word_find *f, int64_t of, struct bytes key, bool open, struct word_places *out)
{
	*f = (struct word_find){ .key = key, .open = open, .on = true, .of = of, .out = out };
}

bool word_find_in(struct word_find *f, struct bytes page)
{
	uint8_t own[KEY_MOST];
	size_t own_len = 0;
	struct bytes places;
	struct tail tail;
	if (!take_tail(&page, f->of, &tail))
		return false;
	for (bool first = true; first || page.len; first = false) {
		if (!take_word(&page, own, &own_len, &places))
			return false;
		struct bytes word = bytes_make(own, own_len);
		if (first && !is_wanted(f, word, &tail))
			return false;
		int order = compare(word, f->key);
		bool fits = f->open ? begins_with(word, f->key) : order == 0;
		if (fits && !take_places(places, f->out))
			return false;
		if (order > 0 && !fits) /* no later one fits */
			break;
	}
	f->begun = true;
	f->on = f->open && tail.next.len && begins_with(tail.next, f->key);
	f->next_len = tail.next.len;
	if (f->next_len)
		memcpy(f->next, tail.next.at, f->next_len);
	return true;
}
