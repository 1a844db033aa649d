#include "client/print/stats_text.h"

#include <inttypes.h>
#include <langinfo.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "shared/text/text.h"
#include "shared/text/text_figures.h"

#define LABEL 10 /* columns of an outcome's name */
#define COUNT 10 /* of a number with its commas */
#define METER 16
#define GROUPS 10
#define TOPS 5
#define NAME_MOST 40

struct stats_style stats_style_for(int fd)
{
	struct winsize size;
	struct stats_style style = { .columns = 80, .unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 };
	if (isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		style.columns = size.ws_col;
	return style;
}

size_t stats_text_steps(const struct stats_style *style)
{
	size_t around = 2 + LABEL + COUNT + 1;
	size_t room = style->columns > around + 10 ? style->columns - around : 10;
	return room < 96 ? room : 96;
}

/* ---- figures ---- */

#define FIGURE_LEN 40
/* "1,000,214" */
static const char *grouped(uint64_t n, char out[FIGURE_LEN])
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%" PRIu64, n), at = 0;
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = 0;
	return out;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static const char *took(int64_t us, char out[TEXT_FIGURE_LEN])
{
	text_took(out, us);
	return out;
}

/* The user's time; with the date, in minutes. */
static const char *when(int64_t at_s, char out[FIGURE_LEN])
{
	time_t at = (time_t)at_s;
	struct tm then;
	if (!localtime_r(&at, &then) || strftime(out, FIGURE_LEN, "%Y-%m-%d %H:%M", &then) == 0)
		snprintf(out, FIGURE_LEN, "-");
	return out;
}

static const char *step_words(int64_t s, char out[FIGURE_LEN])
{
	int64_t n = s < 60 ? s : s < 3600 ? s / 60 : s < 86400 ? s / 3600 : s < 604800 ? s / 86400 : s / 604800;
	const char *unit = s < 60 ? "second" : s < 3600 ? "minute" : s < 86400 ? "hour" : s < 604800 ? "day" : "week";
	snprintf(out, FIGURE_LEN, "%" PRId64 " %s%s", n, unit, n == 1 ? "" : "s");
	return out;
}

/* ---- bars ---- */

/* One column: nothing for 0 alone. */
static void print_level(FILE *out, uint64_t value, uint64_t most, bool unicode)
{
	static const char *const eighths[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char ascii[] = " .:-=+*%#";
	size_t level = most ? (size_t)((double)value / (double)most * 8 + 0.5) : 0;
	if (value && level == 0)
		level = 1;
	if (unicode)
		fputs(eighths[level], out);
	else
		fputc(ascii[level], out);
}

/* A bar that lies, METER columns for `most`. */
static void print_meter(FILE *out, uint64_t value, uint64_t most, bool unicode)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	size_t parts = most ? (size_t)((double)value / (double)most * METER * 8 + 0.5) : 0;
	if (value && parts == 0)
		parts = 1;
	size_t used = parts / 8 + (parts % 8 != 0);
	for (size_t i = 0; i < parts / 8; i++)
		fputs(unicode ? "█" : "#", out);
	if (parts % 8)
		fputs(unicode ? eighths[parts % 8] : "-", out);
	fprintf(out, "%*s", (int)(METER - used), "");
}

/* ---- parts ---- */

static void print_sums(FILE *out, const struct stats_result *r)
{
	char n[FIGURE_LEN], failed[FIGURE_LEN], waiting[FIGURE_LEN], bad[FIGURE_LEN];
	fprintf(out, "%s %s, %s failed (%.1f %%), %s waiting, %s bad %s\n", grouped(r->count, n),
		text_plural(r->count, "delivery", "deliveries"), grouped(r->failed, failed),
		percent(r->failed, r->count), grouped(r->counts[STATS_WAITING], waiting),
		grouped(r->bad_signatures, bad), text_plural(r->bad_signatures, "signature", "signatures"));
}

static uint64_t highest(const struct stats_result *r)
{
	uint64_t most = 0;
	for (size_t i = 0; i < r->step_count; i++)
		for (size_t o = 0; o < STATS_OUTCOMES; o++)
			most = r->steps[i].counts[o] > most ? r->steps[i].counts[o] : most;
	return most;
}

static void print_outcomes(FILE *out, const struct stats_result *r, const struct stats_style *style)
{
	static const enum stats_outcome order[] = { STATS_2XX, STATS_3XX,       STATS_4XX,
						    STATS_5XX, STATS_NO_ANSWER, STATS_WAITING };
	char step[FIGURE_LEN], from[FIGURE_LEN], to[FIGURE_LEN], n[FIGURE_LEN];
	uint64_t most = highest(r);
	fprintf(out, "\nBy outcome, %s a column; the highest is %s\n", step_words(r->wish.step_s, step),
		grouped(most, n));
	for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
		const char *name = stats_outcome_name(order[k]);
		if (r->counts[order[k]] == 0)
			continue;
		fprintf(out, "  %-*s", LABEL, order[k] == STATS_NO_ANSWER ? "no answer" : name);
		for (size_t i = 0; i < r->step_count; i++)
			print_level(out, r->steps[i].counts[order[k]], most, style->unicode);
		fprintf(out, " %s\n", grouped(r->counts[order[k]], n));
	}
	when(r->wish.from_s, from);
	when(r->wish.before_s, to);
	if (r->step_count > strlen(from) + strlen(to))
		fprintf(out, "  %-*s%s%*s\n", LABEL, "", from, (int)(r->step_count - strlen(from)), to);
	else
		fprintf(out, "  %-*s%s to %s\n", LABEL, "", from, to);
}

static void print_took(FILE *out, const struct stats_result *r, const struct stats_style *style)
{
	char a[TEXT_FIGURE_LEN], b[TEXT_FIGURE_LEN], c[TEXT_FIGURE_LEN], d[TEXT_FIGURE_LEN], n[FIGURE_LEN];
	size_t first = 0, last = STATS_BINS - 1;
	uint64_t most = 0;
	if (r->longest_us < 0)
		return;
	fprintf(out, "\nHow long the app took: p50 %s, p95 %s, p99 %s, at most %s\n", took(r->took.p50_us, a),
		took(r->took.p95_us, b), took(r->took.p99_us, c), took(r->longest_us, d));
	for (size_t i = 0; i < STATS_BINS; i++)
		most = r->histogram[i] > most ? r->histogram[i] : most;
	while (first < last && r->histogram[first] == 0)
		first++;
	while (last > first && r->histogram[last] == 0)
		last--;
	for (size_t i = first; i <= last; i++) {
		int ms = stats_bin_ms(i);
		if (ms < 0)
			fprintf(out, "  %-*s", LABEL, "longer");
		else
			fprintf(out, "  to %-*s", LABEL - 3, took((int64_t)ms * 1000, a));
		print_meter(out, r->histogram[i], most, style->unicode);
		fprintf(out, " %s\n", grouped(r->histogram[i], n));
	}
}

/* Padded to `width` columns, cut there with "…" or "~". */
static void print_name(FILE *out, struct bytes key, size_t width, bool unicode)
{
	struct buffer safe = { 0 };
	size_t used = 0;
	int marks = TEXT_NO_BASE;
	if (!key.len)
		key = bytes_of("-");
	if (!text_sanitize(&safe, key, TEXT_LINE))
		safe.len = 0;
	struct bytes rest = buffer_view(&safe);
	bool cut = text_width(rest) > width;
	while (rest.len) {
		struct text_unit u = text_next(rest, TEXT_LINE, &marks);
		if (used + (size_t)u.width > width - cut)
			break;
		fwrite(rest.at, 1, u.len, out);
		used += (size_t)u.width;
		rest.at += u.len;
		rest.len -= u.len;
	}
	if (cut) {
		fputs(unicode ? "…" : "~", out);
		used++;
	}
	fprintf(out, "%*s", (int)(used < width ? width - used : 0), "");
	buffer_free(&safe);
}

static void print_groups(FILE *out, const struct stats_result *r, const struct stats_style *style)
{
	char n[FIGURE_LEN], failed[FIGURE_LEN], p95[TEXT_FIGURE_LEN];
	const size_t beside = 2 + COUNT + 1 + COUNT + 8 + 8;
	size_t shown = r->group_count < GROUPS ? r->group_count : GROUPS;
	size_t width = style->columns > beside + 12 ? style->columns - beside : 12;
	bool meter = width > 16 + METER;
	if (meter)
		width -= METER + 1;
	if (width > NAME_MOST)
		width = NAME_MOST;
	if (!shown)
		return;
	fprintf(out, "\n  %s%*s%*s %*s%8s%8s\n", stats_by_name(r->wish.by),
		(int)(width - strlen(stats_by_name(r->wish.by)) + (meter ? METER + 1 : 0)), "", COUNT, "count", COUNT,
		"failed", "", "p95");
	for (size_t i = 0; i < shown; i++) {
		const struct stats_group *g = &r->groups[i];
		fputs("  ", out);
		print_name(out, buffer_view(&g->key), width, style->unicode);
		if (meter) {
			fputc(' ', out);
			print_meter(out, g->count, r->groups[0].count, style->unicode);
		}
		fprintf(out, "%*s %*s%6.1f %%%8s\n", COUNT, grouped(g->count, n), COUNT, grouped(g->failed, failed),
			percent(g->failed, g->count), took(g->p95_us, p95));
	}
	if (r->group_count > shown)
		fprintf(out, "  and %s%zu more\n", r->group_count == STATS_GROUPS_SHOWN ? "at least " : "",
			r->group_count - shown);
}

static void print_tops(FILE *out, const struct stats_result *r)
{
	char text[TEXT_FIGURE_LEN];
	for (size_t i = 0; i < r->slowest_count && i < TOPS; i++)
		fprintf(out, "%s#%" PRId64 " %s", i ? ", " : "\nSlowest: ", r->slowest[i].id,
			took((int64_t)r->slowest[i].value, text));
	for (size_t i = 0; i < r->largest_count && i < TOPS; i++) {
		text_size(text, r->largest[i].value);
		fprintf(out, "%s#%" PRId64 " %s", i ? ", " : "\nLargest: ", r->largest[i].id, text);
	}
	if (r->slowest_count + r->largest_count)
		fputc('\n', out);
}

bool stats_text_print(FILE *out, const struct stats_result *r, const struct stats_style *style)
{
	print_sums(out, r);
	if (r->count) {
		print_outcomes(out, r, style);
		print_took(out, r, style);
		print_groups(out, r, style);
		print_tops(out, r);
	}
	return fflush(out) == 0 && !ferror(out);
}
