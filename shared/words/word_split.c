#include "shared/words/word_split.h"

#include <stdlib.h>
#include <string.h>
#if defined __SSE2__
#include <emmintrin.h>
#endif

#include "shared/text/text_fold.h"

bool word_is_byte(uint8_t c)
{
	return c > 127 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* ---- sixteen bytes at once ---- */

#define AT_ONCE 16
typedef uint8_t sixteen __attribute__((vector_size(AT_ONCE)));

/* Capitals made small; *words: 0xff for each byte that is one of a word, 0 for the others. */
static inline sixteen fold_sixteen(sixteen bytes, sixteen *words)
{
	sixteen capitals = (sixteen)((sixteen)(bytes - 'A') < 26);
	bytes |= capitals & 0x20;
	*words =
	    (sixteen)((sixteen)(bytes - 'a') < 26) | (sixteen)((sixteen)(bytes - '0') < 10) | (sixteen)(bytes > 127);
	return bytes;
}

#if defined __SSE2__

/* The top bits as a number, the first byte's the lowest. */
static inline uint64_t gather(sixteen bytes)
{
	return (uint16_t)_mm_movemask_epi8((__m128i)bytes);
}

#else

static inline uint64_t gather_eight(uint64_t eight)
{
	return (eight >> 7 & UINT64_C(0x0101010101010101)) * UINT64_C(0x0102040810204080) >> 56;
}

static inline uint64_t little(uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap64(v);
#else
	return v;
#endif
}

static inline uint64_t gather(sixteen bytes)
{
	uint64_t halves[2];
	memcpy(halves, &bytes, AT_ONCE);
	return gather_eight(little(halves[0])) | gather_eight(little(halves[1])) << 8;
}

#endif

/* ---- texts ---- */

static bool make_room(struct word_split *w, size_t len)
{
	size_t needed = len / 64 + 1;
	w->folded.len = 0;
	if (!buffer_reserve(&w->folded, len + AT_ONCE + WORD_MOST))
		return false;
	if (needed > w->marks_cap) {
		uint64_t *marks = realloc(w->marks, needed * 2 * sizeof *marks);
		if (!marks)
			return false;
		w->marks = marks;
		w->marks_cap = needed * 2;
	}
	return true;
}

static void fold_all(struct word_split *w, struct bytes text)
{
	uint8_t *out = w->folded.at;
	size_t i = 0;
	memset(w->marks, 0, (text.len / 64 + 1) * sizeof *w->marks);
	for (; i < text.len; i += AT_ONCE) {
		sixteen bytes = { 0 }, words;
		size_t len = text.len - i < AT_ONCE ? text.len - i : AT_ONCE;
		if (len == AT_ONCE)
			memcpy(&bytes, text.at + i, AT_ONCE);
		else
			memcpy(&bytes, text.at + i, len);
		bytes = fold_sixteen(bytes, &words);
		memcpy(out + i, &bytes, AT_ONCE);
		w->marks[i / 64] |= gather(words) << (i & 63);
	}
	memset(out + i, 0, WORD_MOST);
	w->folded.len = text.len;
}

bool word_split_begin(struct word_split *w, struct bytes text)
{
	w->count = w->at = 0;
	w->left = 0;
	w->whole.len = 0;
	if (text.len == 0)
		return true;
	if (!text_fold_is_ascii(text)) {
		if (!text_fold(&w->whole, text))
			return false;
		text = buffer_view(&w->whole);
	}
	if (!make_room(w, text.len))
		return false;
	fold_all(w, text);
	w->count = text.len / 64 + 1;
	w->left = w->marks[0];
	return true;
}

bool word_split_next(struct word_split *w, struct bytes *out)
{
	while (w->left == 0) {
		if (w->at + 1 >= w->count)
			return false;
		w->left = w->marks[++w->at];
	}
	unsigned bit = (unsigned)__builtin_ctzll(w->left);
	size_t from = w->at * 64 + bit, len = 0;
	uint64_t after = ~(w->left >> bit); /* 0 is shifted in: there is always one */
	unsigned here = after ? (unsigned)__builtin_ctzll(after) : 64;
	len = here;
	/* To the next 64. */
	while (bit + here == 64 && w->at + 1 < w->count) {
		w->left = w->marks[++w->at];
		bit = 0;
		here = ~w->left ? (unsigned)__builtin_ctzll(~w->left) : 64;
		len += here;
	}
	w->left = bit + here == 64 ? 0 : w->left & (~UINT64_C(0) << (bit + here));
	*out = (struct bytes){ w->folded.at + from, len < WORD_MOST ? len : WORD_MOST };
	return true;
}

void word_split_free(struct word_split *w)
{
	buffer_free(&w->folded);
	buffer_free(&w->whole);
	free(w->marks);
	*w = (struct word_split){ 0 };
}
