#include "shared/text/text_distance.h"

#include <stdint.h>
#include <string.h>

size_t text_distance_limit(const char *word)
{
	size_t third = strlen(word) / 3;
	return third < 4 ? third + 1 : 5;
}

size_t text_distance(const char *a, const char *b)
{
	size_t row[64], len_b = strlen(b);
	if (len_b >= 63 || strlen(a) >= 63)
		return SIZE_MAX;
	for (size_t j = 0; j <= len_b; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= len_b; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[len_b];
}
