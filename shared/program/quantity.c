#include "shared/program/quantity.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A decimal number with a unit out of a table; the product must fit. */
struct unit {
	const char *name;
	uint64_t factor;
};

static bool parse_with_unit(const char *text, const struct unit *units, uint64_t *out)
{
	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	char *end;
	unsigned long long number = strtoull(text, &end, 10);
	if (errno != 0)
		return false;
	for (; units->name; units++)
		if (strcasecmp(end, units->name) == 0)
			return !__builtin_mul_overflow((uint64_t)number, units->factor, out) && *out <= INT64_MAX;
	return false;
}

bool quantity_parse_duration(const char *text, int64_t *out)
{
	static const struct unit units[] = { { "ms", 1 },      { "s", 1000 },     { "m", 60000 },
					     { "h", 3600000 }, { "d", 86400000 }, { NULL, 0 } };
	uint64_t value;
	if (strcmp(text, "0") == 0) {
		*out = 0;
		return true;
	}
	if (!parse_with_unit(text, units, &value))
		return false;
	*out = (int64_t)value;
	return true;
}

bool quantity_parse_size(const char *text, uint64_t *out)
{
	static const struct unit units[] = { { "", 1 },          { "B", 1 },         { "KiB", 1 << 10 },
					     { "k", 1 << 10 },   { "MiB", 1 << 20 }, { "m", 1 << 20 },
					     { "GiB", 1 << 30 }, { "g", 1 << 30 },   { NULL, 0 } };
	return parse_with_unit(text, units, out);
}

bool quantity_parse_count(const char *text, int64_t *out)
{
	static const struct unit units[] = { { "", 1 }, { NULL, 0 } };
	uint64_t value;
	if (!parse_with_unit(text, units, &value))
		return false;
	*out = (int64_t)value;
	return true;
}
