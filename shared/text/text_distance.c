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
	size_t rows[3][64], len_b = strlen(b), i;
	if (len_b >= 63 || strlen(a) >= 63)
		return SIZE_MAX;
	for (size_t j = 0; j <= len_b; j++)
		rows[0][j] = j;
	for (i = 1; a[i - 1]; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= len_b; j++) {
			size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    two_above[j - 2] + 1 < best)
				best = two_above[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[(i - 1) % 3][len_b];
}
