#include "client/web_views/web_range.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool read_digits(const char **at, uint64_t *out)
{
	size_t n = strspn(*at, "0123456789");
	if (n == 0)
		return false;
	*out = strtoull(*at, NULL, 10); /* a number that is too large is the largest */
	*at += n;
	return true;
}

enum web_range web_range_read(const char *field, uint64_t size, uint64_t *first, uint64_t *last)
{
	uint64_t a, b;
	if (!field || strncasecmp(field, "bytes=", 6) != 0 || strchr(field, ','))
		return WEB_RANGE_WHOLE;
	const char *at = field + 6;
	if (*at == '-') { /* so many from the end */
		at++;
		if (!read_digits(&at, &a) || *at || a == 0 || size == 0)
			return WEB_RANGE_BAD;
		*first = a < size ? size - a : 0;
		*last = size - 1;
		return WEB_RANGE_PART;
	}
	if (!read_digits(&at, &a) || *at++ != '-')
		return WEB_RANGE_BAD;
	b = size ? size - 1 : 0;
	if ((*at && (!read_digits(&at, &b) || *at || b < a)) || a >= size)
		return WEB_RANGE_BAD;
	*first = a;
	*last = b < size ? b : size - 1;
	return WEB_RANGE_PART;
}
