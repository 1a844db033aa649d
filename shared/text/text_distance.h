/* How far two words are from each other, for "did you mean". Pure; any thread. */
#pragma once

#include <stddef.h>

/* How many letters have to be changed, added, left out or swapped with the next (Damerau and Levenshtein's distance, no
 * letter twice). SIZE_MAX when a word has 63 characters or more. */
size_t text_distance(const char *a, const char *b);
/* Words this far or further from `word` are not what was meant: the shorter a word, the nearer it is to anything. */
size_t text_distance_limit(const char *word);
