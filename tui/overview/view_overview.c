#include "tui/overview/view_overview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shared/text/text_figures.h"
#include "tui/overview/overview_rows.h"
#include "tui/state/words.h"
#include "tui/terminal/text.h"
#include "tui/views/bars.h"
#include "tui/views/quick.h"

#define LABEL 10 /* columns of an outcome's name */
#define COUNT 11
#define NO_STEP SIZE_MAX

static const struct {
	int64_t seconds; /* 0: everything */
	const char *words;
} spans[] = { { 900, "the last 15 minutes" }, { 3600, "the last hour" },     { 21600, "the last 6 hours" },
	      { 86400, "the last day" },      { 604800, "the last 7 days" }, { 0, "everything" } };
#define SPANS (sizeof spans / sizeof *spans)

struct overview {
	struct view view;
	struct stats_result r;
	bool have, stale, stopped;
	uint64_t asked; /* the generation; 0: none */
	enum stats_by by;
	size_t span, line, top, step;
	int columns, height;
	int64_t now_s;
	struct overview_rows rows;
};

/* ---- asking ---- */

static int chart_columns(int columns)
{
	int room = columns - 2 - LABEL - COUNT - 1;
	return room < 10 ? 10 : room > STATS_STEPS_MOST ? STATS_STEPS_MOST : room;
}

bool view_overview_wants(struct view *v, uint64_t generation, struct stats_wish *out)
{
	struct overview *o = (struct overview *)v;
	if (!o->columns || o->asked || !o->stale || o->stopped)
		return false;
	o->stale = false;
	o->asked = generation;
	*out =
	    (struct stats_wish){ .before_s = STATS_EVER, .steps_most = (size_t)chart_columns(o->columns), .by = o->by };
	if (spans[o->span].seconds)
		out->from_s = o->now_s - spans[o->span].seconds;
	return true;
}

static void settle(struct overview *o)
{
	o->line = o->line < o->rows.count ? o->line : o->rows.count ? o->rows.count - 1 : 0;
	while (o->line + 1 < o->rows.count && !overview_row_acts(&o->rows.at[o->line]))
		o->line++;
	if (o->step != NO_STEP && o->step >= o->r.step_count)
		o->step = o->r.step_count ? o->r.step_count - 1 : NO_STEP;
}

bool view_overview_receive(struct view *v, uint64_t generation, struct stats_result *r)
{
	struct overview *o = (struct overview *)v;
	if (!o->asked || generation != o->asked)
		return false;
	bool over = r->trouble || r->searched >= r->total;
	if (over)
		o->asked = 0;
	/* What is known is not replaced by less of it. */
	if (o->have && !over && !o->r.trouble && o->r.wish.by == r->wish.by && o->r.count > r->count) {
		stats_result_free(r);
		return true;
	}
	stats_result_free(&o->r);
	o->r = *r;
	o->have = true;
	overview_rows_make(&o->rows, &o->r);
	settle(o);
	return true;
}

void view_overview_changed(struct view *v)
{
	((struct overview *)v)->stale = true;
}

uint64_t view_overview_stop(struct view *v)
{
	struct overview *o = (struct overview *)v;
	uint64_t asked = o->asked;
	o->asked = 0;
	o->stopped = o->stopped || asked != 0;
	return asked;
}

/* ---- drawing ---- */

static enum role outcome_role(enum stats_outcome outcome)
{
	static const enum role roles[] = {
		[STATS_WAITING] = ROLE_PENDING, [STATS_2XX] = ROLE_2XX, [STATS_3XX] = ROLE_3XX,
		[STATS_4XX] = ROLE_4XX,         [STATS_5XX] = ROLE_5XX, [STATS_NO_ANSWER] = ROLE_NO_ANSWER
	};
	return roles[outcome];
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

/* Eighths: 0 for 0 alone. */
static uint32_t level_of(uint64_t value, uint64_t most, uint32_t eighths)
{
	uint32_t level = (uint32_t)(share(value, most) * eighths + 0.5);
	return value && !level ? 1 : level;
}

static void put_cell(struct surface *s, struct rect area, int x, int y, uint32_t base, enum role role)
{
	surface_cells(s, area, x, y, &(struct cell){ .base = base, .width = 1, .role = (uint8_t)role }, 1);
}

static void draw_outcome(const struct overview *o, enum stats_outcome outcome, struct surface *s, struct rect line)
{
	const struct stats_result *r = &o->r;
	uint64_t most = 0;
	char count[WORDS_LEN];
	bool one = o->step != NO_STEP && o->step < r->step_count;
	for (size_t i = 0; i < r->step_count; i++)
		for (size_t k = 0; k < STATS_OUTCOMES; k++)
			most = r->steps[i].counts[k] > most ? r->steps[i].counts[k] : most;
	surface_print(s, line, line.x, line.y, outcome_role(outcome), "%s", overview_outcome_words(outcome));
	for (size_t i = 0; i < r->step_count; i++) {
		uint32_t level = level_of(r->steps[i].counts[outcome], most, 8);
		int x = line.x + LABEL + (int)i;
		if (level)
			put_cell(s, line, x, line.y, SURFACE_LEVEL + level, outcome_role(outcome));
	}
	words_count(count, one ? r->steps[o->step].counts[outcome] : r->counts[outcome]);
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

static void draw_axis(const struct overview *o, const struct ui *ui, struct surface *s, struct rect line)
{
	const struct stats_result *r = &o->r;
	char from[2 * WORDS_LEN], to[2 * WORDS_LEN];
	int x = line.x + LABEL, end = x + (int)r->step_count;
	if (!r->step_count)
		return;
	if (o->step != NO_STEP && o->step < r->step_count) {
		when(ui, r->steps[o->step].at_s, from);
		put_cell(s, line, x + (int)o->step, line.y, '^', ROLE_TITLE);
		int len = (int)strlen(from), at = x + (int)o->step + 2;
		surface_print(s, line, at + len > line.x + line.width ? x + (int)o->step - len - 1 : at, line.y,
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

static void draw_bin(const struct overview *o, size_t bin, struct surface *s, struct rect line)
{
	const struct stats_result *r = &o->r;
	uint64_t most = 0;
	char took[8], count[WORDS_LEN];
	int ms = stats_bin_ms(bin);
	for (size_t i = 0; i < STATS_BINS; i++)
		most = r->histogram[i] > most ? r->histogram[i] : most;
	text_took(took, (int64_t)ms * 1000);
	surface_print(s, line, line.x, line.y, ROLE_NAME, ms < 0 ? "longer" : "to %s", took);
	struct rect meter = { line.x + LABEL, line.y, line.width - LABEL - COUNT - 1, 1 };
	draw_meter(s, meter, r->histogram[bin], most, ROLE_NAME);
	words_count(count, r->histogram[bin]);
	bars_print_right(s, line, ROLE_NORMAL, count);
}

static void draw_group(const struct overview *o, const struct stats_group *g, struct surface *s, struct rect line)
{
	char right[100], count[WORDS_LEN], failed[WORDS_LEN], p95[8];
	bool wide = line.width >= 70;
	struct bytes key = g->key.len ? buffer_view(&g->key) : bytes_of("none");
	words_count(count, g->count);
	words_count(failed, g->failed);
	text_took(p95, g->p95_us);
	if (wide)
		snprintf(right, sizeof right, "%*s%*s %5.1f %%%8s", COUNT, count, COUNT, failed,
			 100 * share(g->failed, g->count), p95);
	else
		snprintf(right, sizeof right, "%*s %5.1f %%", COUNT, count, 100 * share(g->failed, g->count));
	int x = bars_print_right(s, line, ROLE_NORMAL, right);
	int name = (x - line.x) / 2;
	struct rect left = { line.x, line.y, wide ? name : x - line.x - 1, 1 };
	surface_text(s, left, left.x, left.y, key, ROLE_NORMAL);
	if (text_columns(key, TEXT_LINE) > left.width)
		surface_print(s, left, left.x + left.width - 2, left.y, ROLE_DIM, "..");
	if (wide)
		draw_meter(s, (struct rect){ line.x + name + 1, line.y, x - line.x - name - 2, 1 }, g->count,
			   o->r.groups[0].count, g->failed ? ROLE_4XX : ROLE_2XX);
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

static void draw_heading(const struct overview *o, enum overview_heading heading, struct surface *s, struct rect line)
{
	const struct stats_result *r = &o->r;
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

static void draw_row(const struct overview *o, const struct ui *ui, size_t i, struct surface *s, struct rect line)
{
	const struct overview_row *row = &o->rows.at[i];
	switch (row->kind) {
	case OVERVIEW_BLANK:
		break;
	case OVERVIEW_HEADING:
		draw_heading(o, (enum overview_heading)row->index, s, line);
		break;
	case OVERVIEW_OUTCOME:
		draw_outcome(o, (enum stats_outcome)row->index, s, line);
		break;
	case OVERVIEW_AXIS:
		draw_axis(o, ui, s, line);
		break;
	case OVERVIEW_BIN:
		draw_bin(o, row->index, s, line);
		break;
	case OVERVIEW_GROUP:
		draw_group(o, &o->r.groups[row->index], s, line);
		break;
	case OVERVIEW_FAILED:
		draw_group(o, &o->r.most_failed[row->index], s, line);
		break;
	case OVERVIEW_SLOWEST:
		draw_top(&o->r.slowest[row->index], row->kind, s, line);
		break;
	case OVERVIEW_LARGEST:
		draw_top(&o->r.largest[row->index], row->kind, s, line);
		break;
	}
}

static void draw_title(const struct overview *o, const struct ui *ui, struct surface *s, struct rect line)
{
	char right[60] = "";
	if (o->asked && o->r.total && o->r.searched < o->r.total)
		snprintf(right, sizeof right, "counted %.0f %% (Esc stops) ", 100 * share(o->r.searched, o->r.total));
	else if (o->stopped)
		snprintf(right, sizeof right, "stopped at %.0f %% ", 100 * share(o->r.searched, o->r.total));
	else if (o->asked && !o->have)
		snprintf(right, sizeof right, "counting (Esc stops) ");
	int x = bars_print_right(s, line, ROLE_4XX, right);
	struct rect rest = { line.x, line.y, x - line.x, 1 };
	x = surface_print(s, rest, line.x, line.y, ROLE_TITLE, " creel  overview  ");
	x = surface_print(s, rest, x, line.y, ROLE_NORMAL, "%s", spans[o->span].words);
	if (ui->filter[0])
		surface_print(s, rest, x, line.y, ROLE_TITLE, "  %s", ui->filter);
	surface_ground(s, line, GROUND_BAR);
}

static void draw_sums(const struct overview *o, struct surface *s, struct rect line)
{
	const struct stats_result *r = &o->r;
	char n[WORDS_LEN], failed[WORDS_LEN], waiting[WORDS_LEN], bad[WORDS_LEN];
	words_count(n, r->count);
	words_count(failed, r->failed);
	words_count(waiting, r->counts[STATS_WAITING]);
	words_count(bad, r->bad_signatures);
	int x = surface_print(s, line, line.x + 1, line.y, ROLE_TITLE, "%s %s", n,
			      text_plural(r->count, "delivery", "deliveries"));
	x = surface_print(s, line, x, line.y, r->failed ? ROLE_5XX : ROLE_DIM, "   %s failed (%.1f %%)", failed,
			  100 * share(r->failed, r->count));
	x = surface_print(s, line, x, line.y, ROLE_DIM, "   %s waiting", waiting);
	surface_print(s, line, x, line.y, r->bad_signatures ? ROLE_BAD_SIGNATURE : ROLE_DIM, "   %s bad %s", bad,
		      text_plural(r->bad_signatures, "signature", "signatures"));
	surface_ground(s, line, GROUND_HEAD);
}

static void keep_in_sight(struct overview *o)
{
	size_t height = o->height > 0 ? (size_t)o->height : 1;
	if (o->line < o->top + 1) /* with its heading */
		o->top = o->line > 1 ? o->line - 2 + (o->line == 1) : 0;
	if (o->line >= o->top + height)
		o->top = o->line - height + 1;
	if (o->top + height > o->rows.count)
		o->top = o->rows.count > height ? o->rows.count - height : 0;
}

static void draw(struct view *v, const struct ui *ui, struct surface *s, struct rect area)
{
	struct overview *o = (struct overview *)v;
	struct rect line = { area.x, area.y, area.width, 1 };
	struct rect body = { area.x + 1, area.y + 2, area.width - 2, area.height - 2 };
	if (o->columns && o->columns != area.width)
		o->stale = true;
	o->columns = area.width;
	o->height = body.height;
	o->now_s = (int64_t)(ui->now_us / 1000000);
	draw_title(o, ui, s, line);
	line.y++;
	if (o->r.trouble) {
		surface_print(s, body, body.x, body.y, ROLE_5XX, "%s", o->r.trouble);
		return;
	}
	if (!o->have)
		return;
	draw_sums(o, s, line);
	if (!o->r.count)
		surface_print(s, body, body.x + 3, body.y + 1, ROLE_DIM, "Nothing here%s",
			      spans[o->span].seconds ? ": ] looks at a longer time" : "");
	keep_in_sight(o);
	for (int y = 0; y < body.height && o->top + (size_t)y < o->rows.count && o->r.count; y++) {
		struct rect row = { body.x, body.y + y, body.width, 1 };
		size_t i = o->top + (size_t)y;
		draw_row(o, ui, i, s, row);
		if (i == o->line && overview_row_acts(&o->rows.at[i])) {
			surface_ground(s, (struct rect){ area.x, row.y, area.width, 1 }, GROUND_SELECTED);
			s->cursor_x = area.x;
			s->cursor_y = row.y;
		}
		if (o->step < o->r.step_count && o->rows.at[i].kind == OVERVIEW_OUTCOME)
			surface_ground(s, (struct rect){ body.x + LABEL + (int)o->step, row.y, 1, 1 }, GROUND_TAB);
	}
}

/* ---- keys ---- */

static void move(struct overview *o, int rows)
{
	size_t at = o->line;
	while (rows && (rows > 0 ? at + 1 < o->rows.count : at > 0)) {
		at += rows > 0 ? 1 : (size_t)-1;
		if (!overview_row_acts(&o->rows.at[at]))
			continue;
		o->line = at;
		rows += rows > 0 ? -1 : 1;
	}
}

static void move_step(struct overview *o, int steps)
{
	size_t count = o->r.step_count;
	if (!count)
		return;
	if (o->step == NO_STEP) { /* from the newest on */
		o->step = steps < 0 ? count - 1 : NO_STEP;
		return;
	}
	long to = (long)o->step + steps;
	o->step = to < 0 ? 0 : to >= (long)count ? NO_STEP : (size_t)to;
}

static void again(struct overview *o)
{
	o->stale = true;
	o->stopped = false;
	o->asked = 0; /* an answer to what was asked is dropped */
	o->step = NO_STEP;
}

static void open_row(struct overview *o, struct ui *ui, struct effect *out)
{
	const struct overview_row *row = &o->rows.at[o->line];
	struct buffer terms = { 0 }, text = { 0 };
	int64_t id = o->rows.count ? overview_row_id(row, &o->r) : 0;
	if (!o->have || !o->rows.count || !overview_row_acts(row))
		return;
	if (id) {
		*out = (struct effect){ .kind = EFFECT_OPEN, .id = id };
		return;
	}
	if (!overview_row_filter(row, &o->r, o->step, &terms) || !buffer_put_u8(&terms, 0) ||
	    !quick_narrow(ui, (const char *)terms.at, &text))
		effect_say(out, "out of memory for another filter");
	else if (quick_take(ui, &text, out))
		out->kind = EFFECT_SHOW_FILTER;
	buffer_free(&terms);
	buffer_free(&text);
}

static void act(struct view *v, struct ui *ui, enum action a, int count, struct effect *out)
{
	struct overview *o = (struct overview *)v;
	int page = o->height > 1 ? o->height - 1 : 1;
	switch (a) {
	case ACTION_DOWN:
	case ACTION_UP:
		move(o, a == ACTION_DOWN ? count : -count);
		break;
	case ACTION_HALF_DOWN:
	case ACTION_HALF_UP:
		move(o, a == ACTION_HALF_DOWN ? page / 2 : -page / 2);
		break;
	case ACTION_PAGE_DOWN:
	case ACTION_PAGE_UP:
		move(o, a == ACTION_PAGE_DOWN ? page : -page);
		break;
	case ACTION_TOP:
	case ACTION_BOTTOM:
		move(o, a == ACTION_BOTTOM ? OVERVIEW_ROWS : -OVERVIEW_ROWS);
		break;
	case ACTION_STEP_BACK:
	case ACTION_STEP_ON:
		move_step(o, a == ACTION_STEP_ON ? count : -count);
		break;
	case ACTION_SPAN_LESS:
	case ACTION_SPAN_MORE:
		if (a == ACTION_SPAN_LESS ? o->span > 0 : o->span + 1 < SPANS) {
			o->span += a == ACTION_SPAN_MORE ? 1 : (size_t)-1;
			again(o);
		}
		break;
	case ACTION_BY:
		o->by = (o->by + 1) % STATS_BYS;
		again(o);
		break;
	case ACTION_NARROW:
		open_row(o, ui, out);
		break;
	default:
		break;
	}
}

static void click(struct view *v, struct ui *ui, int x, int y, bool twice, struct effect *out)
{
	struct overview *o = (struct overview *)v;
	size_t i = o->top + (size_t)(y - 2);
	if (y < 2 || i >= o->rows.count || !overview_row_acts(&o->rows.at[i]))
		return;
	o->line = i;
	if (o->rows.at[i].kind == OVERVIEW_OUTCOME)
		o->step = x > LABEL && (size_t)(x - 1 - LABEL) < o->r.step_count ? (size_t)(x - 1 - LABEL) : NO_STEP;
	if (twice)
		open_row(o, ui, out);
}

static void close_view(struct view *v)
{
	struct overview *o = (struct overview *)v;
	stats_result_free(&o->r);
	free(o);
}

static const struct view_ops overview_ops = { .draw = draw, .act = act, .click = click, .close = close_view };

struct view *view_overview_new(void)
{
	struct overview *o = calloc(1, sizeof *o);
	if (!o)
		return NULL;
	o->view = (struct view){ &overview_ops, CONTEXT_OVERVIEW };
	o->stale = true;
	o->step = NO_STEP;
	o->span = SPANS - 1;
	return &o->view;
}
