/* A page of a block of the search index (shared/store.sql has its bytes): words in order, and of each the deliveries in
 * which it stands. Pages come from a file that may hold anything. Pure; any thread. */
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

/* Adds to *out the places of the words that are `key`, or with `open` begin with it. *on: the next page may have more
 * of them. False: it is no such page; *out may have got some. */
MUST_CHECK bool word_page_find(struct bytes page, struct bytes key, bool open, struct word_places *out, bool *on);
