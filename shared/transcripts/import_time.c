/* Times as the tools write them: RFC 3339, and what ISO 8601 allows besides. */
#include <string.h>

#include "shared/transcripts/import_json.h"

#define DIGITS_MOST 30 /* of a fraction of a second */

/* Takes `count` digits; -1 when there are others. */
static int digits(const char **text, int count)
{
	int n = 0;
	for (int i = 0; i < count; i++, (*text)++) {
		if (**text < '0' || **text > '9')
			return -1;
		n = 10 * n + (**text - '0');
	}
	return n;
}

static bool take(const char **text, const char *any)
{
	if (!**text || !strchr(any, **text))
		return false;
	(*text)++;
	return true;
}

static int days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool parse_date(const char **text, int64_t *days)
{
	int year = digits(text, 4), month = take(text, "-") ? digits(text, 2) : -1;
	int day = take(text, "-") ? digits(text, 2) : -1;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month))
		return false;
	*days = days_of(year, month, day);
	return true;
}

static bool parse_clock(const char **text, int64_t *seconds, uint64_t *micro)
{
	uint64_t unit = 100000;
	int hour = digits(text, 2), minute = take(text, ":") ? digits(text, 2) : -1, second = 0, count = 0;
	bool has_seconds = take(text, ":");
	if (has_seconds)
		second = digits(text, 2);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	*seconds = hour * INT64_C(3600) + minute * INT64_C(60) + second;
	*micro = 0;
	if (!has_seconds || !take(text, ".,"))
		return true;
	for (; **text >= '0' && **text <= '9' && count < DIGITS_MOST; (*text)++, unit /= 10, count++)
		*micro += (uint64_t)(**text - '0') * unit;
	return count > 0;
}

/* "Z", "+01:00", "+0100" or "+01". */
static bool parse_zone(const char **text, int64_t *seconds)
{
	*seconds = 0;
	if (take(text, "Zz"))
		return true;
	int sign = **text == '-' ? -1 : 1;
	if (!take(text, "+-"))
		return false;
	int hour = digits(text, 2), minute = take(text, ":") || **text ? digits(text, 2) : 0;
	*seconds = sign * (hour * INT64_C(3600) + minute * INT64_C(60));
	return hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59;
}

/* NULL, or why it is none. */
static const char *parse(const char *text, uint64_t *out_us)
{
	static const char none[] = "";
	int64_t days = 0, seconds = 0, offset = 0;
	uint64_t micro = 0;
	if (!parse_date(&text, &days) || !take(&text, "Tt ") || !parse_clock(&text, &seconds, &micro))
		return none;
	take(&text, " ");
	if (!*text)
		return ": it names no time zone, such as Z or +01:00";
	if (!parse_zone(&text, &offset) || *text)
		return none;
	int64_t at = days * 86400 + seconds - offset;
	if (at < 0)
		return none;
	*out_us = (uint64_t)at * 1000000 + micro;
	return NULL;
}

bool import_time(const json_t *object, const char *name, uint64_t *out_us, struct error *e)
{
	struct bytes text = json_to_bytes(json_object_get(object, name));
	char copy[80] = "";
	if (text.len < sizeof copy && !(text.len && memchr(text.at, 0, text.len))) {
		for (size_t i = 0; i < text.len; i++)
			copy[i] = (char)text.at[i];
		copy[text.len] = 0;
	}
	const char *wrong = parse(copy, out_us);
	return !wrong || error_set(e, EXIT_USAGE, "\"%s\" is not a time such as 2026-11-23T13:42:34Z%s", name, wrong);
}
