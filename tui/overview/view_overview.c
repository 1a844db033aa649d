#include "tui/overview/view_overview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/overview/overview_draw.h"
#include "tui/overview/overview_filter.h"
#include "tui/overview/overview_rows.h"
#include "tui/views/bars.h"
#include "tui/views/quick.h"

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
	int room = columns - 2 - OVERVIEW_LABEL - OVERVIEW_COUNT - 1;
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
	if (o->step != OVERVIEW_NO_STEP && o->step >= o->r.step_count)
		o->step = o->r.step_count ? o->r.step_count - 1 : OVERVIEW_NO_STEP;
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

static void draw_title(const struct overview *o, const struct ui *ui, struct surface *s, struct rect line)
{
	char right[60] = "";
	if (o->asked && o->r.total && o->r.searched < o->r.total)
		snprintf(right, sizeof right, "counted %.0f %% (Esc stops) ",
			 100 * overview_share(o->r.searched, o->r.total));
	else if (o->stopped)
		snprintf(right, sizeof right, "stopped at %.0f %% ", 100 * overview_share(o->r.searched, o->r.total));
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
	overview_draw_sums(&o->r, s, line);
	if (!o->r.count)
		surface_print(s, body, body.x + 3, body.y + 1, ROLE_DIM, "Nothing here%s",
			      spans[o->span].seconds ? ": ] looks at a longer time" : "");
	keep_in_sight(o);
	for (int y = 0; y < body.height && o->top + (size_t)y < o->rows.count && o->r.count; y++) {
		struct rect row = { body.x, body.y + y, body.width, 1 };
		size_t i = o->top + (size_t)y;
		overview_draw_row(&o->rows.at[i], &o->r, o->step, ui, s, row);
		if (i == o->line && overview_row_acts(&o->rows.at[i])) {
			surface_ground(s, (struct rect){ area.x, row.y, area.width, 1 }, GROUND_SELECTED);
			s->cursor_x = area.x;
			s->cursor_y = row.y;
		}
		if (o->step < o->r.step_count && o->rows.at[i].kind == OVERVIEW_OUTCOME)
			surface_ground(s, (struct rect){ body.x + OVERVIEW_LABEL + (int)o->step, row.y, 1, 1 },
				       GROUND_TAB);
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
	if (o->step == OVERVIEW_NO_STEP) { /* from the newest on */
		o->step = steps < 0 ? count - 1 : OVERVIEW_NO_STEP;
		return;
	}
	long to = (long)o->step + steps;
	o->step = to < 0 ? 0 : to >= (long)count ? OVERVIEW_NO_STEP : (size_t)to;
}

static void again(struct overview *o)
{
	o->stale = true;
	o->stopped = false;
	o->asked = 0; /* an answer to what was asked is dropped */
	o->step = OVERVIEW_NO_STEP;
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
	if (!overview_filter_row(row, &o->r, o->step, &terms) || !buffer_put_u8(&terms, 0) ||
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

static void click(struct view *v, struct ui *ui, const struct view_click *at, struct effect *out)
{
	struct overview *o = (struct overview *)v;
	size_t i = o->top + (size_t)(at->y - 2);
	int step = at->x - 1 - OVERVIEW_LABEL;
	if (at->y < 2 || i >= o->rows.count || !overview_row_acts(&o->rows.at[i]))
		return;
	o->line = i;
	if (o->rows.at[i].kind == OVERVIEW_OUTCOME)
		o->step = step >= 0 && (size_t)step < o->r.step_count ? (size_t)step : OVERVIEW_NO_STEP;
	if (at->twice)
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
	o->step = OVERVIEW_NO_STEP;
	o->span = SPANS - 1;
	return &o->view;
}
