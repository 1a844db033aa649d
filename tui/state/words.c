#include "tui/state/words.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tui/terminal/text.h"

void words_count(char out[WORDS_LEN], uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), at = 0;
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
}

void words_rough(char out[WORDS_LEN], uint64_t n)
{
	char size[8];
	text_size(size, n);
	snprintf(out, WORDS_LEN, "%s", size);
}

enum role words_status_role(int status)
{
	static const enum role roles[] = { ROLE_NO_ANSWER, ROLE_NORMAL, ROLE_2XX, ROLE_3XX, ROLE_4XX, ROLE_5XX };
	return status >= 0 && status < 600 ? roles[status / 100] : ROLE_NORMAL;
}

enum role words_status(char out[8], const struct delivery_row *row)
{
	static const char *const pending[] = {
		[DELIVERY_WAITING] = "wait", [DELIVERY_SENDING] = "send", [DELIVERY_HELD] = "HELD"
	};
	if (row->state == DELIVERY_WAITING || row->state == DELIVERY_SENDING || row->state == DELIVERY_HELD) {
		snprintf(out, 8, "%s", pending[row->state]);
		return ROLE_PENDING;
	}
	if (row->status <= 0 || row->broke_off) {
		snprintf(out, 8, "%s", row->timed_out ? "TIME" : "ERR");
		return ROLE_NO_ANSWER;
	}
	snprintf(out, 8, "%d", row->status % 10000);
	return words_status_role(row->status);
}

static bool split_time(const struct ui *ui, uint64_t at_us, struct tm *out)
{
	time_t seconds = (time_t)(at_us / 1000000);
	return ui->time == TIMES_UTC ? gmtime_r(&seconds, out) != NULL : localtime_r(&seconds, out) != NULL;
}

/* "40s", "22m", "2h 5m", "1d 3h": so that rows of one day differ. Fewer than 8 columns hold the first of them. */
static void words_ago(char out[WORDS_LEN], uint64_t now_us, uint64_t at_us, int columns)
{
	static const struct {
		uint64_t seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' } };
	uint64_t seconds = now_us > at_us ? (now_us - at_us) / 1000000 : 0;
	for (size_t i = 0; i < 3; i++)
		if (seconds >= units[i].seconds) {
			uint64_t n = seconds / units[i].seconds;
			int len = snprintf(out, WORDS_LEN, "%u%c", (unsigned)(n < 9999 ? n : 9999), units[i].unit);
			if (i < 2 && n < 100 && columns >= 8)
				snprintf(out + len, WORDS_LEN - (size_t)len, " %u%c",
					 (unsigned)(seconds % units[i].seconds / units[i + 1].seconds),
					 units[i + 1].unit);
			return;
		}
	snprintf(out, WORDS_LEN, "%us", (unsigned)seconds);
}

void words_time(char out[WORDS_LEN], const struct ui *ui, uint64_t at_us, int columns)
{
	struct tm t;
	if (ui->time == TIMES_AGO)
		words_ago(out, ui->now_us, at_us, columns);
	else if (!split_time(ui, at_us, &t) || !strftime(out, WORDS_LEN, columns < 8 ? "%H:%M" : "%H:%M:%S", &t))
		snprintf(out, WORDS_LEN, "?");
}

void words_clock(char out[WORDS_LEN], const struct ui *ui, uint64_t at_us)
{
	struct tm t;
	char clock[16];
	if (!split_time(ui, at_us, &t) || !strftime(clock, sizeof clock, "%H:%M:%S", &t))
		snprintf(clock, sizeof clock, "?");
	snprintf(out, WORDS_LEN, "%s.%03u", clock, (unsigned)(at_us / 1000 % 1000));
}

void words_day(char out[WORDS_LEN], const struct ui *ui, uint64_t at_us)
{
	struct tm t;
	if (!split_time(ui, at_us, &t) || !strftime(out, WORDS_LEN, "%a %Y-%m-%d", &t))
		snprintf(out, WORDS_LEN, "?");
}

char words_signature(const struct delivery_row *row, enum role *role)
{
	*role = ROLE_DIM;
	if (bytes_equal(row->signature, bytes_of("valid"))) {
		*role = ROLE_GOOD_SIGNATURE;
		return '+';
	}
	if (!bytes_equal(row->signature, bytes_of("invalid")))
		return '-';
	*role = ROLE_BAD_SIGNATURE;
	return '!';
}

struct bytes words_source(const struct delivery_row *row)
{
	return row->provider.len ? row->provider : bytes_of("other");
}

struct bytes words_event(const struct delivery_row *row)
{
	return row->event_type.len ? row->event_type : row->target;
}
