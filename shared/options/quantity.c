#include "shared/options/quantity.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A decimal number with a unit out of a table; the product must fit. */
struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = { { "ms", 1 },      { "s", 1000 },     { "m", 60000 },
					 { "h", 3600000 }, { "d", 86400000 }, { NULL, 0 } };
/* Of two names for a unit the first one is written. */
static const struct unit sizes[] = { { "", 1 },          { "B", 1 },         { "KiB", 1 << 10 },
				     { "k", 1 << 10 },   { "MiB", 1 << 20 }, { "m", 1 << 20 },
				     { "GiB", 1 << 30 }, { "g", 1 << 30 },   { NULL, 0 } };

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
	uint64_t value;
	if (strcmp(text, "0") == 0) {
		*out = 0;
		return true;
	}
	if (!parse_with_unit(text, durations, &value))
		return false;
	*out = (int64_t)value;
	return true;
}

bool quantity_parse_size(const char *text, uint64_t *out)
{
	return parse_with_unit(text, sizes, out);
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

static void format_with_unit(uint64_t value, const struct unit *units, char out[QUANTITY_LEN])
{
	const struct unit *best = units;
	for (; units->name; units++)
		if (value > 0 && value % units->factor == 0 && units->factor > best->factor)
			best = units;
	snprintf(out, QUANTITY_LEN, "%" PRIu64 "%s", value / best->factor, best->name);
}

void quantity_format_duration(int64_t ms, char out[QUANTITY_LEN])
{
	format_with_unit((uint64_t)ms, durations, out);
}

void quantity_format_size(uint64_t bytes, char out[QUANTITY_LEN])
{
	format_with_unit(bytes, sizes, out);
}
