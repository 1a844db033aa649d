/* A page of a block of the search index (shared/store.sql has its bytes): words in order, and of each the deliveries in
 * which it stands. Pages come from a file that may hold anything: each has a checksum, and says with which word the
 * next one begins, so that one that is damaged, missing or in another's place is noticed by whoever looks for a word
 * there. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/words/word_block.h"

#define WORD_PAGE_BYTES 960 /* about; one whose first word has more places is longer */
#define WORD_PAGE_HEAD 4    /* of each word at most, besides its letters and places */

/* Deliveries of one block, by their places. */
struct word_places {
	uint64_t bits[WORD_BLOCK_IDS / 64];
};

/* Appends places without a gap: `skipped` ones after the last one's end, then one and `more`. False when out of memory.
 */
MUST_CHECK bool word_page_put_span(struct buffer *places, unsigned skipped, unsigned more);
/* Appends a word that comes after `before`, which is empty for the page's first. */
MUST_CHECK bool word_page_put(struct buffer *page, struct bytes before, struct bytes key, struct bytes places);
/* Ends a page of the block `of`: whether it is its first, and with which word the next one begins; empty: there is
 * none.
 */
MUST_CHECK bool word_page_end(struct buffer *page, int64_t of, bool first, struct bytes next);

/* Looks for the words that are `key`, or with `open` begin with it, in the pages of the block `of`: in the last one
 * that begins with the key or before it, and then in those that follow, while `on`. The views and `out` outlive it. */
struct word_find {
	struct bytes key;
	bool open, on;
	int64_t of;
	struct word_places *out; /* their places are added to it */
	bool begun;
	uint8_t next[WORD_MOST + 1]; /* with which the next page begins */
	size_t next_len;
};
void word_find_begin(struct word_find *f, int64_t of, struct bytes key, bool open, struct word_places *out);
/* False: it is no such page, or not the one that was wanted; *out may have got some. */
MUST_CHECK bool word_find_in(struct word_find *f, struct bytes page);
