#include "shared/text/text_last.h"

const uint8_t *text_last(struct bytes b, uint8_t c)
{
	for (size_t i = b.len; i > 0; i--)
		if (b.at[i - 1] == c)
			return b.at + i - 1;
	return NULL;
}
