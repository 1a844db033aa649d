/* Literals of the filter language: sizes, durations, times, numbers and event ids. */
#include "shared/filter/filter_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct unit {
	const char *name;
	double factor;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "1.5s" with a table of units; a number alone takes the unit "", if there is one. */
static bool read_scaled(const char *text, const struct unit *units, int64_t *out, int64_t *unit)
{
	char digits[24];
	size_t n = strspn(text, "0123456789.");
	if (n == 0 || n >= sizeof digits || !is_digit(text[0]) || !is_digit(text[n - 1]))
		return false;
	memcpy(digits, text, n);
	digits[n] = 0;
	if (strchr(digits, '.') != strrchr(digits, '.'))
		return false;
	for (; units->name; units++) {
		if (strcasecmp(units->name, text + n) != 0)
			continue;
		double value = strtod(digits, NULL) * units->factor;
		if (!(value < 9e18))
			return false;
		*out = (int64_t)(value + 0.5);
		*unit = (int64_t)units->factor;
		return true;
	}
	return false;
}

bool filter_literal_size(const char *text, int64_t *out)
{
	static const struct unit units[] = {
		{ "", 1 },     { "b", 1 },         { "k", 1e3 }, { "kb", 1e3 }, { "kib", 1024 },       { "m", 1e6 },
		{ "mb", 1e6 }, { "mib", 1048576 }, { "g", 1e9 }, { "gb", 1e9 }, { "gib", 1073741824 }, { NULL, 0 },
	};
	int64_t unit;
	return read_scaled(text, units, out, &unit);
}

bool filter_literal_duration(const char *text, int64_t *us, int64_t *unit_us)
{
	static const struct unit units[] = {
		{ "us", 1 },     { "µs", 1 },     { "ms", 1e3 },    { "s", 1e6 },         { "m", 60e6 },
		{ "min", 60e6 }, { "h", 3600e6 }, { "d", 86400e6 }, { "w", 7 * 86400e6 }, { NULL, 0 },
	};
	return read_scaled(text, units, us, unit_us);
}

bool filter_literal_number(const char *text, int64_t *out)
{
	size_t n = strspn(text, "0123456789");
	if (n == 0 || text[n] || n > 18)
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}

/* ---- times ---- */

/* Exactly `count` digits. */
static bool read_digits(const char **at, int count, int *out)
{
	*out = 0;
	for (int i = 0; i < count; i++, (*at)++) {
		if (!is_digit(**at))
			return false;
		*out = *out * 10 + (**at - '0');
	}
	return true;
}

static int64_t local_us(struct tm tm)
{
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * 1000000;
}

static int64_t day_after_us(struct tm tm)
{
	tm.tm_mday++;
	return local_us(tm);
}

/* today, yesterday, and HH:MM of today. */
static bool read_named_day(const char *text, uint64_t now_us, int64_t *from, int64_t *until)
{
	time_t now = (time_t)(now_us / 1000000);
	struct tm tm;
	int hour, minute;
	if (!localtime_r(&now, &tm))
		return false;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	if (strcasecmp(text, "yesterday") == 0)
		tm.tm_mday--;
	if (strcasecmp(text, "yesterday") == 0 || strcasecmp(text, "today") == 0) {
		*from = local_us(tm);
		*until = day_after_us(tm);
		return true;
	}
	const char *at = text;
	if (!read_digits(&at, 2, &hour) || *at++ != ':' || !read_digits(&at, 2, &minute) || *at || hour > 23 ||
	    minute > 59)
		return false;
	tm.tm_hour = hour;
	tm.tm_min = minute;
	*from = local_us(tm);
	*until = *from + 60000000;
	return true;
}

/* Behind the minutes: ":SS" and ".ffffff". */
static bool read_seconds(const char **at, struct tm *tm, int64_t *micros, int64_t *reach)
{
	*reach = 60000000;
	if (**at != ':')
		return true;
	++*at;
	if (!read_digits(at, 2, &tm->tm_sec) || tm->tm_sec > 60)
		return false;
	*reach = 1000000;
	if (**at != '.')
		return true;
	++*at;
	if (!is_digit(**at))
		return false;
	for (; is_digit(**at); ++*at) {
		if (*reach == 1)
			continue; /* finer than the record */
		*reach /= 10;
		*micros += (**at - '0') * *reach;
	}
	return true;
}

/* "Z", "+02:00" or nothing (this machine's zone). */
static bool read_zone(const char *at, struct tm *tm, int64_t *us)
{
	int hours, minutes;
	if (!*at) {
		*us = local_us(*tm);
		return true;
	}
	*us = (int64_t)timegm(tm) * 1000000;
	if (strcasecmp(at, "z") == 0)
		return true;
	int sign = *at == '+' ? -1 : *at == '-' ? 1 : 0;
	at++;
	if (!sign || !read_digits(&at, 2, &hours) || *at++ != ':' || !read_digits(&at, 2, &minutes) || *at ||
	    hours > 23 || minutes > 59)
		return false;
	*us += sign * ((int64_t)hours * 60 + minutes) * 60000000;
	return true;
}

/* Of a month from 1 to 12. */
static int days_in(int year, int month)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static bool read_date(const char *text, int64_t *from, int64_t *until)
{
	struct tm tm = { 0 };
	const char *at = text;
	int64_t micros = 0, reach = 0;
	if (!read_digits(&at, 4, &tm.tm_year) || *at++ != '-' || !read_digits(&at, 2, &tm.tm_mon) || *at++ != '-' ||
	    !read_digits(&at, 2, &tm.tm_mday) || tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 ||
	    tm.tm_mday < 1 || tm.tm_mday > days_in(tm.tm_year, tm.tm_mon))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	if (!*at) {
		*from = local_us(tm);
		*until = day_after_us(tm);
		return true;
	}
	if (*at != 'T' && *at != 't')
		return false;
	at++;
	if (!read_digits(&at, 2, &tm.tm_hour) || *at++ != ':' || !read_digits(&at, 2, &tm.tm_min) || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || !read_seconds(&at, &tm, &micros, &reach) || !read_zone(at, &tm, from))
		return false;
	*from += micros;
	*until = *from + reach;
	return true;
}

bool filter_literal_time(const char *text, uint64_t now_us, int64_t *from_us, int64_t *until_us)
{
	int64_t ago, unit;
	if (read_date(text, from_us, until_us) || read_named_day(text, now_us, from_us, until_us))
		return true;
	if (strcasecmp(text, "now") == 0)
		ago = 0;
	else if (!filter_literal_duration(text, &ago, &unit))
		return false;
	*from_us = (int64_t)now_us - ago;
	*until_us = *from_us + 1;
	return true;
}

bool filter_literal_event_id(const char *text, uint8_t low[16], uint8_t high[16])
{
	size_t digits = 0;
	memset(low, 0, 16);
	memset(high, 0xff, 16);
	for (; *text; text++) {
		static const char hex[] = "0123456789abcdef0123456789ABCDEF";
		if (*text == '-')
			continue;
		const char *at = strchr(hex, *text);
		if (!at || digits == 32)
			return false;
		uint8_t value = (uint8_t)((at - hex) & 15), shift = digits % 2 ? 0 : 4;
		low[digits / 2] = (uint8_t)(low[digits / 2] | value << shift);
		high[digits / 2] = (uint8_t)((high[digits / 2] & ~(15 << shift)) | value << shift);
		digits++;
	}
	return digits >= 8;
}
