/* Splits a text into words: runs of letters A to Z, digits, and bytes above 127, in lower case as text_fold.h has it.
 * The rest stands between words. Pure; a struct belongs to one thread. */
#pragma once

#include "shared/base/buffer.h"

/* Bytes of a word that count; of a longer one the first. */
#define WORD_MOST 32

/* Zeroed at first, and used again for the next text. */
struct word_split {
	struct buffer folded; /* the text in lower case, with WORD_MOST bytes behind it that may be read */
	struct buffer whole;  /* a text that is not ASCII */
	uint64_t *marks;      /* a bit a byte of it: 1 where it is one of a word */
	size_t marks_cap, count, at;
	uint64_t left; /* of marks[at], not given yet */
};

bool word_is_byte(uint8_t c);
/* Begins with a text, which is not needed afterwards. False when out of memory. */
MUST_CHECK bool word_split_begin(struct word_split *w, struct bytes text);
/* The next word, at most WORD_MOST bytes long; it is valid until word_split_begin, with WORD_MOST bytes from its
 * beginning that may be read. False: that was the last one. */
bool word_split_next(struct word_split *w, struct bytes *out);
void word_split_free(struct word_split *w);
