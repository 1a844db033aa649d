/* Figures as people read them, the same in lines, in the inspector and in sentences. Sizes are decimal, as the filter's
 * are: 1k is 1000 bytes. Pure; any thread. */
#pragma once

#include <stdint.h>

#define TEXT_FIGURE_LEN 8
/* "4.1k", "310", "2.8M" in at most 5 columns. */
void text_size(char out[TEXT_FIGURE_LEN], uint64_t bytes);
/* "38ms", "30.0s", "3m30s" in at most 6; "-" for a time that is not known, less than 0. */
void text_took(char out[TEXT_FIGURE_LEN], int64_t us);
/* The word for so many: text_plural(n, "delivery", "deliveries"). */
const char *text_plural(uint64_t n, const char *one, const char *many);
