/* Upper and lower case made one, by Unicode's simple folding, character by character: HÉLLO and héllo, Σ, σ and ς, full
 * width and Cyrillic letters, ẞ and ß. What is more than one character in the other case stays as it is: ß is not SS,
 * and the Turkish İ and ı are only themselves. Bytes that are not UTF-8 stay as they are. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

/* Appends the text folded; it may get shorter or longer. False when out of memory. */
MUST_CHECK bool text_fold(struct buffer *out, struct bytes in);
/* One character of it. */
uint32_t text_fold_character(uint32_t c);
/* Whether no byte is above 127: then folding changes A to Z only. */
bool text_fold_is_ascii(struct bytes in);
/* Whether two texts of that length are the same folded, character by character, each as long as its partner: what is
 * found in this way stands where it was looked for. */
bool text_fold_equal(const uint8_t *a, const uint8_t *b, size_t len);
