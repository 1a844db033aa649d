/* The words of up to 4096 deliveries that follow each other, and in which of them each stands: a block of the search
 * index, made in memory and given as pages, which the store keeps as rows (table search_words in shared/store.sql,
 * which has the bytes). Pure; a struct belongs to one thread. */
#pragma once

#include "shared/words/word_split.h"

#define WORD_BLOCK_IDS 4096
#define WORD_BLOCK_BYTES (4u << 20) /* of memory, after which a block takes no more */

/* Where a word stands; the first byte of its key, so that each part has its words side by side. */
#define WORD_PART_ABOUT 'a'
#define WORD_PART_HEADERS 'h'
#define WORD_PART_BODY 'b'

struct word_block;

/* Empty; NULL when out of memory. `secret` is a number that nobody else knows: with one that senders know they could
 * choose words that all look for the same slot of its table. */
struct word_block *word_block_new(uint64_t secret);
void word_block_free(struct word_block *b);
void word_block_clear(struct word_block *b);
/* Adds the words of a part of the delivery that is `place` behind the block's first one; places must not go back. False
 * when out of memory. */
MUST_CHECK bool word_block_add(struct word_block *b, unsigned place, uint8_t part, struct bytes text);
/* The bytes that its words and places take. */
size_t word_block_size(const struct word_block *b);
/* Calls `put` for each page of what becomes the block `of`, in order, with the key of its first word, which is empty
 * for the first page. False when that said so, or out of memory. */
MUST_CHECK bool word_block_pages(struct word_block *b, int64_t of,
				 bool (*put)(void *user, struct bytes first, struct bytes page), void *user);
