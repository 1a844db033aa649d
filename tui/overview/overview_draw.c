#include "tui/overview/overview_draw.h"

#include <stdio.h>
#include <string.h>

#include "shared/text/text_figures.h"
#include "tui/state/words.h"
#include "tui/terminal/text.h"
#include "tui/views/bars.h"

static enum role outcome_role(enum stats_outcome outcome)
{
	static const enum role roles[] = {
		[STATS_WAITING] = ROLE_PENDING, [STATS_2XX] = ROLE_2XX, [STATS_3XX] = ROLE_3XX,
		[STATS_4XX] = ROLE_4XX,         [STATS_5XX] = ROLE_5XX, [STATS_NO_ANSWER] = ROLE_NO_ANSWER
	};
	return roles[outcome];
}

double overview_share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

/* Eighths: 0 for 0 alone. */
static uint32_t level_of(uint64_t value, uint64_t most, uint32_t eighths)
{
	uint32_t level = (uint32_t)(overview_share(value, most) * eighths + 0.5);
	return value && !level ? 1 : level;
}

static void put_cell(struct surface *s, struct rect area, int x, int y, uint32_t base, enum role role)
{
	surface_cells(s, area, x, y, &(struct cell){ .base = base, .width = 1, .role = (uint8_t)role }, 1);
}

static void draw_outcome(const struct stats_result *r, size_t step, enum stats_outcome outcome, struct surface *s,
			 struct rect line)
{
	uint64_t most = 0;
	char count[WORDS_LEN];
	bool one = step != OVERVIEW_NO_STEP && step < r->step_count;
	for (size_t i = 0; i < r->step_count; i++)
		for (size_t k = 0; k < STATS_OUTCOMES; k++)
			most = r->steps[i].counts[k] > most ? r->steps[i].counts[k] : most;
	surface_print(s, line, line.x, line.y, outcome_role(outcome), "%s", overview_outcome_words(outcome));
	for (size_t i = 0; i < r->step_count; i++) {
		uint32_t level = level_of(r->steps[i].counts[outcome], most, 8);
		int x = line.x + OVERVIEW_LABEL + (int)i;
		if (level)
			put_cell(s, line, x, line.y, SURFACE_LEVEL + level, outcome_role(outcome));
	}
	words_count(count, one ? r->steps[step].counts[outcome] : r->counts[outcome]);
	bars_print_right(s, line, ROLE_NORMAL, count);
}

static void when(const struct ui *ui, int64_t at_s, char out[2 * WORDS_LEN])
{
	char day[WORDS_LEN], time[WORDS_LEN];
	uint64_t at_us = at_s > 0 ? (uint64_t)at_s * 1000000 : 0;
	words_day(day, ui, at_us);
	words_clock(time, ui, at_us);
	snprintf(out, (size_t)2 * WORDS_LEN, "%s %.8s", day, time);
}

static void draw_axis(const struct stats_result *r, size_t step, const struct ui *ui, struct surface *s,
		      struct rect line)
{
	char from[2 * WORDS_LEN], to[2 * WORDS_LEN];
	int x = line.x + OVERVIEW_LABEL, end = x + (int)r->step_count;
	if (!r->step_count)
		return;
	if (step != OVERVIEW_NO_STEP && step < r->step_count) {
		when(ui, r->steps[step].at_s, from);
		put_cell(s, line, x + (int)step, line.y, '^', ROLE_TITLE);
		int len = (int)strlen(from), at = x + (int)step + 2;
		surface_print(s, line, at + len > line.x + line.width ? x + (int)step - len - 1 : at, line.y,
			      ROLE_TITLE, "%s", from);
		return;
	}
	when(ui, r->wish.from_s, from);
	when(ui, r->wish.before_s, to);
	x = surface_print(s, line, x, line.y, ROLE_DIM, "%s", from);
	if (end - (int)strlen(to) > x)
		surface_print(s, line, end - (int)strlen(to), line.y, ROLE_DIM, "%s", to);
	else
		surface_print(s, line, x, line.y, ROLE_DIM, " to %s", to);
}

/* A bar that lies. */
static void draw_meter(struct surface *s, struct rect area, uint64_t value, uint64_t most, enum role role)
{
	uint32_t eighths = level_of(value, most, (uint32_t)area.width * 8);
	for (uint32_t i = 0; i * 8 < eighths; i++) {
		uint32_t here = eighths - i * 8;
		put_cell(s, area, area.x + (int)i, area.y, SURFACE_METER + (here > 8 ? 8 : here), role);
	}
}

static void draw_bin(const struct stats_result *r, size_t bin, struct surface *s, struct rect line)
{
	uint64_t most = 0;
	char took[8], count[WORDS_LEN];
	int ms = stats_bin_ms(bin);
	for (size_t i = 0; i < STATS_BINS; i++)
		most = r->histogram[i] > most ? r->histogram[i] : most;
	text_took(took, (int64_t)ms * 1000);
	surface_print(s, line, line.x, line.y, ROLE_NAME, ms < 0 ? "longer" : "to %s", took);
	struct rect meter = { line.x + OVERVIEW_LABEL, line.y, line.width - OVERVIEW_LABEL - OVERVIEW_COUNT - 1, 1 };
	draw_meter(s, meter, r->histogram[bin], most, ROLE_NAME);
	words_count(count, r->histogram[bin]);
	bars_print_right(s, line, ROLE_NORMAL, count);
}

static void draw_group(const struct stats_result *r, const struct stats_group *g, struct surface *s, struct rect line)
{
	char right[100], count[WORDS_LEN], failed[WORDS_LEN], p95[8];
	bool wide = line.width >= 70;
	struct bytes key = g->key.len ? buffer_view(&g->key) : bytes_of("none");
	words_count(count, g->count);
	words_count(failed, g->failed);
	text_took(p95, g->p95_us);
	if (wide)
		snprintf(right, sizeof right, "%*s%*s %5.1f %%%8s", OVERVIEW_COUNT, count, OVERVIEW_COUNT, failed,
			 100 * overview_share(g->failed, g->count), p95);
	else
		snprintf(right, sizeof right, "%*s %5.1f %%", OVERVIEW_COUNT, count,
			 100 * overview_share(g->failed, g->count));
	int x = bars_print_right(s, line, ROLE_NORMAL, right);
	int name = (x - line.x) / 2;
	struct rect left = { line.x, line.y, wide ? name : x - line.x - 1, 1 };
	surface_text(s, left, left.x, left.y, key, ROLE_NORMAL);
	if (text_columns(key, TEXT_LINE) > left.width)
		surface_print(s, left, left.x + left.width - 2, left.y, ROLE_DIM, "..");
	if (wide)
		draw_meter(s, (struct rect){ line.x + name + 1, line.y, x - line.x - name - 2, 1 }, g->count,
			   r->groups[0].count, g->failed ? ROLE_4XX : ROLE_2XX);
}

static void draw_top(const struct stats_top *top, enum overview_kind kind, struct surface *s, struct rect line)
{
	char value[8];
	if (kind == OVERVIEW_SLOWEST)
		text_took(value, (int64_t)top->value);
	else
		text_size(value, top->value);
	int x = surface_print(s, line, line.x, line.y, ROLE_TITLE, "#%-12lld", (long long)top->id);
	x = surface_print(s, line, x, line.y, ROLE_NORMAL, "%8s", value);
	surface_print(s, line, x, line.y, ROLE_OURS, "  (Enter opens it)");
}

static const char *step_words(int64_t s, char out[40])
{
	int64_t n = s < 60 ? s : s < 3600 ? s / 60 : s < 86400 ? s / 3600 : s < 604800 ? s / 86400 : s / 604800;
	const char *unit = s < 60 ? "second" : s < 3600 ? "minute" : s < 86400 ? "hour" : s < 604800 ? "day" : "week";
	snprintf(out, 40, "%lld %s%s", (long long)n, unit, n == 1 ? "" : "s");
	return out;
}

static void draw_heading(const struct stats_result *r, enum overview_heading heading, struct surface *s,
			 struct rect line)
{
	char a[40], b[8], c[8], d[8];
	const char *by = stats_by_name(r->wish.by);
	switch (heading) {
	case HEADING_OUTCOMES:
		surface_print(s, line, line.x, line.y, ROLE_TITLE, "By outcome, %s a column",
			      step_words(r->wish.step_s, a));
		break;
	case HEADING_TOOK:
		text_took(a, r->took.p50_us);
		text_took(b, r->took.p95_us);
		text_took(c, r->took.p99_us);
		text_took(d, r->longest_us);
		surface_print(s, line, line.x, line.y, ROLE_TITLE,
			      "How long the app took: p50 %s, p95 %s, p99 %s, at most %s", a, b, c, d);
		break;
	case HEADING_GROUPS:
		surface_print(s, line, line.x, line.y, ROLE_TITLE, "By %s (Tab: another)", by);
		if (line.width >= 70)
			bars_print_right(s, line, ROLE_DIM, "count     failed            p95");
		break;
	case HEADING_FAILED:
		surface_print(s, line, line.x, line.y, ROLE_TITLE, "Most failed, by %s", by);
		break;
	case HEADING_SLOWEST:
		surface_print(s, line, line.x, line.y, ROLE_TITLE, "Slowest");
		break;
	case HEADING_LARGEST:
		surface_print(s, line, line.x, line.y, ROLE_TITLE, "Largest");
		break;
	}
}

void overview_draw_row(const struct overview_row *row, const struct stats_result *r, size_t step, const struct ui *ui,
		       struct surface *s, struct rect line)
{
	switch (row->kind) {
	case OVERVIEW_BLANK:
		break;
	case OVERVIEW_HEADING:
		draw_heading(r, (enum overview_heading)row->index, s, line);
		break;
	case OVERVIEW_OUTCOME:
		draw_outcome(r, step, (enum stats_outcome)row->index, s, line);
		break;
	case OVERVIEW_AXIS:
		draw_axis(r, step, ui, s, line);
		break;
	case OVERVIEW_BIN:
		draw_bin(r, row->index, s, line);
		break;
	case OVERVIEW_GROUP:
		draw_group(r, &r->groups[row->index], s, line);
		break;
	case OVERVIEW_FAILED:
		draw_group(r, &r->most_failed[row->index], s, line);
		break;
	case OVERVIEW_SLOWEST:
		draw_top(&r->slowest[row->index], row->kind, s, line);
		break;
	case OVERVIEW_LARGEST:
		draw_top(&r->largest[row->index], row->kind, s, line);
		break;
	}
}

void overview_draw_sums(const struct stats_result *r, struct surface *s, struct rect line)
{
	char n[WORDS_LEN], failed[WORDS_LEN], waiting[WORDS_LEN], bad[WORDS_LEN];
	words_count(n, r->count);
	words_count(failed, r->failed);
	words_count(waiting, r->counts[STATS_WAITING]);
	words_count(bad, r->bad_signatures);
	int x = surface_print(s, line, line.x + 1, line.y, ROLE_TITLE, "%s %s", n,
			      text_plural(r->count, "delivery", "deliveries"));
	x = surface_print(s, line, x, line.y, r->failed ? ROLE_5XX : ROLE_DIM, "   %s failed (%.1f %%)", failed,
			  100 * overview_share(r->failed, r->count));
	x = surface_print(s, line, x, line.y, ROLE_DIM, "   %s waiting", waiting);
	surface_print(s, line, x, line.y, r->bad_signatures ? ROLE_BAD_SIGNATURE : ROLE_DIM, "   %s bad %s", bad,
		      text_plural(r->bad_signatures, "signature", "signatures"));
	surface_ground(s, line, GROUND_HEAD);
}
