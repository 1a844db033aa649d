/* Which words a search needs, as bytes: each word, then what joins it with those before (reverse Polish notation), so
 * that a prepared statement can be given one. Pure; any thread. */
#pragma once

#include "shared/words/word_page.h"

/* Each appends; false when out of memory. */
/* A word in lower case in any of the parts, whose letters `parts` are; with `open` a word that begins with it. Of a
 * word of more than WORD_MOST bytes the first count. */
MUST_CHECK bool word_query_put_word(struct buffer *out, const char *parts, struct bytes word, bool open);
/* Joins the last two: both are needed, or one of them is. */
MUST_CHECK bool word_query_put_both(struct buffer *out);
MUST_CHECK bool word_query_put_either(struct buffer *out);

/* Where a block has what the query needs. `look` adds to *into the places of one word, given as its key; false ends it.
 * False then, and when it is no such query. */
MUST_CHECK bool word_query_run(struct bytes query,
			       bool (*look)(void *user, struct bytes key, bool open, struct word_places *into),
			       void *user, struct word_places *out);
