#include "shared/redact/redact_private.h"

#include <ctype.h>

/* Long and of letters that nobody chose: 32 hex digits, or 20 letters with a change between digits, capital and small
 * ones at every third. UUIDs are names of things and stay. */
bool redact_is_random(struct bytes segment)
{
	size_t hex = 0, digits = 0, upper = 0, lower = 0, changes = 0;
	int before = 0;
	for (size_t i = 0; i < segment.len; i++) {
		uint8_t c = segment.at[i];
		if (c >= 0x80 || !(isalnum(c) || c == '-' || c == '_'))
			return false;
		int is = isdigit(c) ? 1 : isupper(c) ? 2 : islower(c) ? 3 : before;
		hex += isxdigit(c) != 0;
		digits += is == 1;
		upper += is == 2;
		lower += is == 3;
		changes += is != before;
		before = is;
	}
	if (segment.len >= 32 && hex == segment.len && digits >= 4)
		return true;
	return segment.len >= 20 && digits >= 2 && upper >= 2 && lower >= 2 && changes * 3 >= segment.len;
}
