#include "shared/words/word_block.h"

#include <stdlib.h>
#include <string.h>

#include "shared/words/word_page.h"

#define NONE UINT32_MAX

/* One place after another of a word's, in a row without a gap. */
struct span {
	uint32_t next; /* NONE: it is the last */
	uint16_t from, to;
};

struct word {
	uint32_t letters;     /* in block->letters */
	uint32_t first, last; /* spans */
	uint8_t part, len;    /* of the letters */
};

struct slot {
	uint32_t hash, word; /* NONE: free */
};

struct word_block {
	uint64_t secret;
	struct buffer letters; /* of each word, filled up with zeros to whole eights */
	struct word *words;
	struct span *spans;
	struct slot *slots;
	size_t words_count, words_cap, spans_count, spans_cap, slots_count; /* the last a power of two */
	struct word_split split;
};

struct word_block *word_block_new(uint64_t secret)
{
	struct word_block *b = calloc(1, sizeof *b);
	if (b)
		b->secret = secret;
	return b;
}

void word_block_free(struct word_block *b)
{
	if (!b)
		return;
	buffer_free(&b->letters);
	free(b->words);
	free(b->spans);
	free(b->slots);
	word_split_free(&b->split);
	free(b);
}

void word_block_clear(struct word_block *b)
{
	b->letters.len = b->words_count = b->spans_count = 0;
	if (b->slots_count)
		memset(b->slots, 0xff, b->slots_count * sizeof *b->slots);
}

size_t word_block_size(const struct word_block *b)
{
	return b->letters.len + b->words_count * (sizeof *b->words + 2 * sizeof *b->slots) +
	       b->spans_count * sizeof *b->spans;
}

/* ---- making room ---- */

static bool grow(void **at, size_t *cap, size_t each)
{
	size_t more = *cap ? *cap * 2 : 4096;
	void *grown = realloc(*at, more * each);
	if (!grown)
		return false;
	*at = grown;
	*cap = more;
	return true;
}

static bool grow_slots(struct word_block *b)
{
	size_t count = b->slots_count ? b->slots_count * 2 : 16384;
	struct slot *slots = malloc(count * sizeof *slots);
	if (!slots)
		return false;
	memset(slots, 0xff, count * sizeof *slots);
	for (size_t i = 0; i < b->slots_count; i++) {
		if (b->slots[i].word == NONE)
			continue;
		size_t at = b->slots[i].hash & (count - 1);
		while (slots[at].word != NONE)
			at = (at + 1) & (count - 1);
		slots[at] = b->slots[i];
	}
	free(b->slots);
	b->slots = slots;
	b->slots_count = count;
	return true;
}

static bool has_room_for_span(struct word_block *b)
{
	return b->spans_count < b->spans_cap || grow((void **)&b->spans, &b->spans_cap, sizeof *b->spans);
}

static bool has_room_for_word(struct word_block *b)
{
	return (b->words_count < b->words_cap || grow((void **)&b->words, &b->words_cap, sizeof *b->words)) &&
	       has_room_for_span(b) &&
	       (b->letters.cap - b->letters.len >= WORD_MOST || buffer_reserve(&b->letters, WORD_MOST));
}

/* For one word more. */
static bool has_slots(struct word_block *b)
{
	return b->words_count * 2 < b->slots_count || grow_slots(b);
}

/* ---- adding ---- */

static inline uint64_t eight_at(const uint8_t *at)
{
	uint64_t v;
	memcpy(&v, at, sizeof v);
	return v;
}

/* The first `len` of eight bytes, the others 0. */
static inline uint64_t first_of(uint64_t eight, size_t len)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return len < 8 ? eight & ~(~UINT64_C(0) >> (len * 8)) : eight;
#else
	return len < 8 ? eight & ~(~UINT64_C(0) << (len * 8)) : eight;
#endif
}

static inline uint32_t hash_of(const struct word_block *b, uint8_t part, struct bytes letters)
{
	uint64_t hash = b->secret ^ part;
	for (size_t i = 0; i < letters.len; i += 8) {
		hash = (hash ^ first_of(eight_at(letters.at + i), letters.len - i)) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static inline bool is_word(const struct word_block *b, const struct word *w, uint8_t part, struct bytes letters)
{
	const uint8_t *own = b->letters.at + w->letters;
	if (w->len != letters.len || w->part != part)
		return false;
	for (size_t i = 0; i < letters.len; i += 8)
		if (eight_at(own + i) != first_of(eight_at(letters.at + i), letters.len - i))
			return false;
	return true;
}

static bool add_span(struct word_block *b, struct word *w, uint16_t place)
{
	if (!has_room_for_span(b))
		return false;
	b->spans[b->spans_count] = (struct span){ NONE, place, place };
	b->spans[w->last].next = (uint32_t)b->spans_count;
	w->last = (uint32_t)b->spans_count++;
	return true;
}

static inline bool take_place(struct word_block *b, struct word *w, uint16_t place)
{
	struct span *last = &b->spans[w->last];
	if (last->to == place)
		return true;
	if (last->to + 1 != place)
		return add_span(b, w, place);
	last->to = place;
	return true;
}

static bool take_word(struct word_block *b, struct slot *free_slot, uint32_t hash, uint8_t part, struct bytes letters,
		      uint16_t place)
{
	if (!has_room_for_word(b))
		return false;
	uint32_t span = (uint32_t)b->spans_count++;
	uint8_t *own = b->letters.at + b->letters.len;
	b->words[b->words_count] = (struct word){ (uint32_t)b->letters.len, span, span, part, (uint8_t)letters.len };
	for (size_t i = 0; i < letters.len; i += 8) {
		uint64_t eight = first_of(eight_at(letters.at + i), letters.len - i);
		memcpy(own + i, &eight, 8);
	}
	b->letters.len += (letters.len + 7) & ~(size_t)7;
	b->spans[span] = (struct span){ NONE, place, place };
	*free_slot = (struct slot){ hash, (uint32_t)b->words_count++ };
	return has_slots(b);
}

bool word_block_add(struct word_block *b, unsigned place, uint8_t part, struct bytes text)
{
	struct bytes letters;
	if (!has_slots(b) || !word_split_begin(&b->split, text))
		return false;
	while (word_split_next(&b->split, &letters)) {
		uint32_t hash = hash_of(b, part, letters);
		size_t mask = b->slots_count - 1, at = hash & mask;
		while (b->slots[at].word != NONE &&
		       (b->slots[at].hash != hash || !is_word(b, &b->words[b->slots[at].word], part, letters)))
			at = (at + 1) & mask;
		struct slot *slot = &b->slots[at];
		if (!(slot->word == NONE ? take_word(b, slot, hash, part, letters, (uint16_t)place)
					 : take_place(b, &b->words[slot->word], (uint16_t)place)))
			return false;
	}
	return true;
}

/* ---- in order ---- */

struct sorted {
	uint64_t head; /* the part and the first seven letters, the first of them the highest */
	uint32_t word, unused;
};

static uint64_t head_of(const struct word_block *b, const struct word *w)
{
	uint64_t head = eight_at(b->letters.at + w->letters);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	head = __builtin_bswap64(head);
#endif
	return (uint64_t)w->part << 56 | head >> 8;
}

static int by_rest(const void *x, const void *y, void *user)
{
	const struct word_block *b = user;
	const struct word *v = &b->words[((const struct sorted *)x)->word],
			  *w = &b->words[((const struct sorted *)y)->word];
	size_t len = v->len < w->len ? v->len : w->len;
	int order = memcmp(b->letters.at + v->letters, b->letters.at + w->letters, len);
	return order ? order : (int)v->len - (int)w->len;
}

/* By the head, a byte after another from the last. The result is in `a`. */
static void sort_heads(struct sorted *a, struct sorted *other, size_t count)
{
	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t ends[257] = { 0 };
		for (size_t i = 0; i < count; i++)
			ends[(a[i].head >> shift & 0xff) + 1]++;
		for (size_t i = 1; i < 257; i++)
			ends[i] += ends[i - 1];
		for (size_t i = 0; i < count; i++)
			other[ends[a[i].head >> shift & 0xff]++] = a[i];
		struct sorted *swap = a;
		a = other;
		other = swap;
	}
}

/* NULL when out of memory. */
static struct sorted *in_order(struct word_block *b)
{
	size_t count = b->words_count;
	struct sorted *all = malloc((2 * count + 1) * sizeof *all);
	if (!all)
		return NULL;
	for (size_t i = 0; i < count; i++)
		all[i] = (struct sorted){ head_of(b, &b->words[i]), (uint32_t)i, 0 };
	sort_heads(all, all + count, count); /* eight times: it ends where it began */
	for (size_t from = 0, to; from < count; from = to) {
		for (to = from + 1; to < count && all[to].head == all[from].head;)
			to++;
		if (to - from > 1)
			qsort_r(all + from, to - from, sizeof *all, by_rest, b);
	}
	return all;
}

/* ---- pages ---- */

static bool put_places(const struct word_block *b, const struct word *w, struct buffer *out)
{
	unsigned after = 0;
	out->len = 0;
	for (uint32_t i = w->first; i != NONE; i = b->spans[i].next) {
		if (!word_page_put_span(out, b->spans[i].from - after, b->spans[i].to - b->spans[i].from))
			return false;
		after = b->spans[i].to + 1u;
	}
	return true;
}

static struct bytes key_of(const struct word_block *b, const struct word *w, uint8_t out[WORD_MOST + 1])
{
	out[0] = w->part;
	memcpy(out + 1, b->letters.at + w->letters, w->len);
	return bytes_make(out, w->len + 1u);
}

bool word_block_pages(struct word_block *b, int64_t of, bool (*put)(void *user, struct bytes first, struct bytes page),
		      void *user)
{
	struct buffer page = { 0 }, places = { 0 };
	struct sorted *all = in_order(b);
	uint8_t keys[2][WORD_MOST + 1], first_key[WORD_MOST + 1];
	struct bytes first = { first_key, 0 }, before = { NULL, 0 };
	bool fine = all != NULL;
	for (size_t i = 0; fine && i < b->words_count; i++) {
		const struct word *w = &b->words[all[i].word];
		struct bytes key = key_of(b, w, keys[i & 1]);
		fine = put_places(b, w, &places);
		if (fine && page.len && page.len + key.len + places.len + WORD_PAGE_HEAD > WORD_PAGE_BYTES) {
			fine = word_page_end(&page, of, first.len == 0, key) && put(user, first, buffer_view(&page));
			first = key_of(b, w, first_key);
			page.len = 0;
		}
		if (page.len == 0)
			before = bytes_of("");
		fine = fine && word_page_put(&page, before, key, buffer_view(&places));
		before = key;
	}
	fine = fine && (!page.len || (word_page_end(&page, of, first.len == 0, bytes_of("")) &&
				      put(user, first, buffer_view(&page))));
	free(all);
	buffer_free(&page);
	buffer_free(&places);
	return fine;
}
