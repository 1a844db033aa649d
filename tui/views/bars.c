#include "tui/views/bars.h"

#include "shared/text/text_figures.h"

#include <stdio.h>
#include <string.h>

#include "tui/terminal/text.h"
#include "tui/views/columns.h"
#include "tui/state/words.h"

#define PHRASE_LEAST 6 /* columns of a reason phrase that is cut: " Not.." */

int bars_print_right(struct surface *s, struct rect area, enum role role, const char *text)
{
	int x = area.x + area.width - text_columns(bytes_of(text), TEXT_LINE);
	x = x < area.x ? area.x : x;
	surface_print(s, area, x, area.y, role, "%s", text);
	return x;
}

static int columns_of(struct bytes text)
{
	return text_columns(text, TEXT_LINE);
}

static struct rect left_of(struct rect area, int x)
{
	area.width = x - area.x - 1;
	return area;
}

static enum role state_role(const struct ui *ui)
{
	return client_state_online(&ui->client) ? ROLE_2XX : ROLE_4XX;
}

#define COUNT_LEN (WORDS_LEN + 1)

/* "12", "50+" while they are counted. */
static bool count_matches(const struct ui *ui, char out[COUNT_LEN], uint64_t *n)
{
	const struct list_model *m = &ui->list;
	*n = ui->matches_known ? ui->matches : m->count;
	if (!ui->filter[0] || m->trouble || (!ui->matches_known && !m->loaded))
		return false;
	bool more = !ui->matches_known && (m->older || m->newer || m->searched);
	char number[WORDS_LEN];
	words_count(number, *n);
	snprintf(out, COUNT_LEN, "%s%s", number, more ? "+" : "");
	return true;
}

void bars_matches(const struct ui *ui, char *out, size_t room)
{
	char count[COUNT_LEN];
	uint64_t n;
	out[0] = '\0';
	if (count_matches(ui, count, &n))
		snprintf(out, room, "%s %s", count, text_plural(n, "match", "matches"));
}

/* What forwards where, or why nothing does. */
static const char *title_left(const struct ui *ui, int columns, char *out, size_t room)
{
	if (!ui->client.running && !ui->client.url[0])
		return "nothing is forwarding: start `creel listen PORT`";
	if (!client_state_online(&ui->client) && ui->client.detail[0] && columns >= 100)
		return ui->client.detail;
	snprintf(out, room, "%s -> %s", ui->client.url, ui->client.target);
	return out;
}

/* `free_columns`: what the rest of the line leaves. */
static void title_right(const struct ui *ui, int columns, int free_columns, char *out, size_t room)
{
	char total[WORDS_LEN] = "~", found[COUNT_LEN] = "";
	uint64_t n;
	if (ui->total_known)
		words_count(total, ui->total);
	const char *of = count_matches(ui, found, &n) ? " of " : "";
	const char *what = text_plural(ui->total_known ? ui->total : 0, "delivery", "deliveries");
	if (columns >= 100)
		snprintf(out, room, "   %s%s%s %s   %.0f/s", found, of, total, what, ui->rate);
	else if ((int)(strlen(found) + strlen(of) + strlen(total) + strlen(what)) + 3 <= free_columns)
		snprintf(out, room, "  %s%s%s %s", found, of, total, what);
	else
		snprintf(out, room, "  %s%s%s", found, of, total);
}

static void put_title(const struct ui *ui, struct surface *s, struct rect area, bool with_filter)
{
	char text[400], where[1024], lag[16] = "";
	const char *state = ui->client.running ? ui->client.state : "no client";
	if (with_filter) { /* a low screen: the filter line's words stand here */
		int x = bars_print_right(s, area, ROLE_TITLE,
					 ui->list.sorting.by.key != STORE_ORDER_TIME ? "SORTED"
					 : ui->list.follow                           ? "FOLLOW"
										     : "PAUSED");
		x = bars_print_right(s, left_of(area, x), state_role(ui), state);
		area = left_of(area, x);
		x = surface_print(s, area, area.x, area.y, ROLE_TITLE, " creel ");
		const char *target = strrchr(ui->client.target, ':');
		if (ui->filter[0])
			surface_print(s, area, x, area.y, ROLE_HIT, "%s", ui->filter);
		else
			surface_print(s, area, x, area.y, ROLE_NORMAL, "%s", target ? target + 1 : ui->client.target);
		return;
	}
	const char *left = title_left(ui, area.width, where, sizeof where);
	int taken = (int)sizeof " creel  " + columns_of(bytes_of(left)) + (int)strlen(state) + 2;
	title_right(ui, area.width, area.width - taken, text, sizeof text);
	int x = bars_print_right(s, area, ROLE_NORMAL, text);
	if (area.width >= 100 && ui->client.lag_us)
		snprintf(lag, sizeof lag, " %ums", (unsigned)((ui->client.lag_us + 999) / 1000 % 1000000));
	snprintf(text, sizeof text, "  %s%s", state, lag);
	struct rect rest = area;
	rest.width = x - area.x;
	x = bars_print_right(s, rest, state_role(ui), text);
	rest.width = x - area.x;
	x = surface_print(s, rest, area.x, area.y, ROLE_TITLE, " creel  ");
	bool idle = !ui->client.running && !ui->client.url[0];
	surface_print(s, rest, x, area.y, idle ? ROLE_DIM : ROLE_NORMAL, "%s", left);
}

void bars_draw_title(const struct ui *ui, struct surface *s, struct rect area, bool with_filter)
{
	put_title(ui, s, area, with_filter);
	surface_ground(s, area, GROUND_BAR);
}

/* A reason phrase after a status, with the blank before it: cut, or left out, where there is no room for it. */
struct phrase {
	struct bytes text;
	int columns;
	bool cut;
};

static struct phrase fit_phrase(struct bytes text, int room)
{
	int all = columns_of(text) + 1;
	if (!text.len || (all > room && room < PHRASE_LEAST))
		return (struct phrase){ 0 };
	return (struct phrase){ text, all > room ? room : all, all > room };
}

static int draw_phrase(const struct phrase *p, struct surface *s, struct rect area, int x, enum role role)
{
	struct rect clip = area;
	int end = x + p->columns;
	if (!p->columns)
		return x;
	clip.width = end - (p->cut ? 2 : 0) - area.x;
	x = surface_print(s, clip, x, area.y, role, " ");
	x = surface_text(s, clip, x, area.y, p->text, role);
	if (p->cut)
		surface_print(s, area, x, area.y, role, "..");
	return end;
}

/* "  200 OK  37ms" */
static int draw_result(const struct item *item, const struct phrase *p, struct surface *s, struct rect area, int x)
{
	char status[8], took[8];
	enum role role = words_status(status, &item->row);
	text_took(took, item->row.took_us);
	x = surface_print(s, area, x, area.y, role, "  %s", status);
	x = draw_phrase(p, s, area, x, role);
	return surface_print(s, area, x, area.y, role, "  %s", took);
}

void bars_draw_detail_title(const struct ui *ui, const struct item *item, struct bytes reason, struct surface *s,
			    struct rect area)
{
	const struct delivery_row *row = &item->row;
	char status[8], took[8], clock[WORDS_LEN + 4], number[40];
	/* A sentence why there is no answer says more than when it came. */
	bool broken = words_status(status, row) == ROLE_NO_ANSWER && reason.len;
	bool wide = area.width >= (broken ? 130 : 60);
	text_took(took, row->took_us);
	words_clock(clock, ui, row->received_at_us);
	size_t clock_len = strlen(clock);
	snprintf(clock + clock_len, sizeof clock - clock_len, "%s", ui->time == TIMES_UTC ? "Z" : "");
	int left =
	    snprintf(number, sizeof number, " creel  #%lld  ", (long long)row->id) + columns_of(words_event(row));
	left += wide ? columns_of(words_source(row)) + (int)strlen(clock) + 3 : 0;
	int right = (int)(strlen(status) + strlen(took)) + 4;
	struct phrase phrase = fit_phrase(reason, area.width - left - right);
	right += phrase.columns;
	int x = area.x + (right < area.width ? area.width - right : 0);
	draw_result(item, &phrase, s, area, x);
	struct rect rest = area;
	rest.width = x - area.x;
	x = surface_print(s, rest, area.x, area.y, ROLE_TITLE, "%s", number);
	if (wide) {
		x = surface_text(s, rest, x, area.y, words_source(row), ROLE_NORMAL);
		x = surface_print(s, rest, x, area.y, ROLE_NORMAL, " ");
	}
	struct rect event = rest;
	event.width -= wide ? (int)strlen(clock) + 2 : 0; /* a long event is cut, the time is not */
	int end = surface_text(s, event, x, area.y, words_event(row), ROLE_TITLE);
	if (x + columns_of(words_event(row)) > event.x + event.width)
		end = surface_print(s, event, event.x + event.width - 2, area.y, ROLE_DIM, "..");
	if (wide)
		surface_print(s, rest, end, area.y, ROLE_NORMAL, "  %s", clock);
	surface_ground(s, area, GROUND_BAR);
}

void bars_draw_pane_title(const struct item *item, struct bytes reason, struct surface *s, struct rect area,
			  bool focused)
{
	char status[8], took[8], number[40], keys[40];
	enum role role = words_status(status, &item->row), title = focused ? ROLE_TITLE : ROLE_DIM;
	text_took(took, item->row.took_us);
	int taken = snprintf(number, sizeof number, "#%lld  ", (long long)item->row.id);
	taken += snprintf(keys, sizeof keys, "  %s  %s ", took, focused ? "C-w Esc: the list" : "C-w: here");
	taken += columns_of(words_event(&item->row)) + (int)strlen(status) + 5;
	int x = surface_print(s, area, area.x + 2, area.y, ROLE_DIM, " ");
	x = surface_print(s, area, x, area.y, title, "%s", number);
	x = surface_text(s, area, x, area.y, words_event(&item->row), title);
	x = surface_print(s, area, x, area.y, role, "  %s", status);
	struct phrase phrase = fit_phrase(reason, area.width - taken);
	x = draw_phrase(&phrase, s, area, x, role);
	surface_print(s, area, x, area.y, ROLE_DIM, "%s", keys);
	surface_ground(s, area, GROUND_HEAD);
}

/* How many bytes of the text go on a line: to the last blank that fits, or a part of a word longer than the line. */
static size_t line_of(const char *text, int room)
{
	size_t len = strlen(text), at = 0;
	if (columns_of(bytes_make(text, len)) <= room)
		return len;
	while (columns_of(bytes_make(text, len)) > room || ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	for (size_t i = 1; i <= len; i++)
		if (text[i] == ' ')
			at = i;
	return at ? at : len ? len : 1;
}

int bars_draw_words(struct surface *s, struct rect bottom, int most, enum role role, const char *text)
{
	const char *rows[8];
	size_t lens[8];
	int count = 0, room = bottom.width - 2;
	most = most < 8 ? most : 8;
	for (const char *at = text; *at && count < most; count++) {
		rows[count] = at;
		lens[count] = line_of(at, room);
		at += lens[count];
		at += *at == ' ';
	}
	for (int i = 0; i < count; i++) {
		struct rect line = { bottom.x, bottom.y - (count - 1 - i), bottom.width, 1 };
		surface_fill(s, line, ' ', ROLE_NORMAL);
		int x = surface_print(s, line, line.x + 1, line.y, role, "%.*s", (int)lens[i], rows[i]);
		if (i == most - 1 && rows[i][lens[i]])
			surface_print(s, line, x < line.x + room ? x : line.x + room, line.y, ROLE_DIM, "..");
	}
	return count;
}

/* "SORTED by took, first 10,000 of 1,000,214  12 new (S)" */
static void sorted_right(const struct ui *ui, char *out, size_t room)
{
	const struct list_sorting *s = &ui->list.sorting;
	const char *by = store_order_name(s->by.key);
	char a[WORDS_LEN], b[WORDS_LEN], key[KEY_NAME_LEN] = ":sort-again";
	bool at_least;
	uint64_t more = list_new(&ui->list, &at_least);
	size_t len = 0;
	if (s->state == LIST_SORT_WANTED || s->state == LIST_SORT_UNDER_WAY) {
		words_rough(a, s->searched);
		words_rough(b, s->total);
		snprintf(out, room, s->total ? "sorting by %s: %s of %s (Esc stops)" : "sorting by %s", by, a, b);
		return;
	}
	if (s->state == LIST_SORT_STOPPED) {
		words_rough(a, s->searched);
		words_rough(b, s->total);
		snprintf(out, room, "STOPPED  sorted by %s: %s of %s", by, a, b);
		return;
	}
	len = (size_t)snprintf(out, room, "SORTED by %s", by);
	if (s->order.matched > s->order.count) {
		words_count(a, s->order.count);
		words_count(b, s->order.matched);
		len += (size_t)snprintf(out + len, room - len, ", first %s of %s", a, b);
	}
	if (more) {
		key_code code = keymap_key(&ui->keys, CONTEXT_LIST, ACTION_SORT_AGAIN, false);
		if (code != TKEY_NONE)
			key_to_name(code, key);
		words_count(a, more);
		snprintf(out + len, room - len, "  %s new (%s)", a, key);
	}
}

static void filter_right(const struct ui *ui, char *out, size_t room)
{
	const struct list_model *m = &ui->list;
	const char *order = m->reversed ? "newest first" : "newest last";
	bool at_least;
	uint64_t more = list_new(m, &at_least);
	char a[WORDS_LEN], b[WORDS_LEN];
	if (m->sorting.by.key != STORE_ORDER_TIME) {
		sorted_right(ui, out, room);
	} else if (m->searched) {
		words_rough(a, m->searched);
		words_rough(b, m->to_search);
		snprintf(out, room, "%ssearched %s of %s%s", m->stopped ? "STOPPED  " : "", a, m->to_search ? b : "?",
			 m->stopped ? "" : " (Esc stops)");
	} else if (m->follow) {
		snprintf(out, room, "FOLLOW  %s", order);
	} else if (more) {
		words_count(a, more);
		snprintf(out, room, "PAUSED  %s%s new %s (%s)   %s", a, at_least ? "+" : "",
			 m->reversed ? "above" : "below", m->reversed ? "g" : "G", order);
	} else {
		snprintf(out, room, "PAUSED  %s", order);
	}
}

void bars_draw_filter(const struct ui *ui, struct surface *s, struct rect area)
{
	char right[160];
	filter_right(ui, right, sizeof right);
	int x = bars_print_right(s, area, ui->list.follow ? ROLE_2XX : ROLE_4XX, right);
	struct rect rest = left_of(area, x);
	x = surface_print(s, rest, area.x, area.y, ROLE_DIM, " filter: ");
	surface_print(s, rest, x, area.y, ui->filter[0] ? ROLE_TITLE : ROLE_DIM, "%s",
		      ui->filter[0] ? ui->filter : "(none)");
	surface_ground(s, area, GROUND_BAR);
}

enum action bars_filter_at(const struct ui *ui, struct rect area, int x)
{
	char right[160];
	filter_right(ui, right, sizeof right);
	if (x < area.x + area.width - (int)strlen(right))
		return ACTION_FILTER;
	return ui->list.sorting.by.key == STORE_ORDER_TIME ? ACTION_FOLLOW : ACTION_SORT_AGAIN;
}

/* An arrow beside the head, on the side where it has a blank: after what is flush left, before the others. */
static void draw_arrow(const struct ui *ui, struct surface *s, struct rect cell, const char *name, bool right)
{
	const struct store_order *by = &ui->list.sorting.by;
	bool up = by->key == STORE_ORDER_TIME ? !ui->list.reversed : !by->descending;
	int x = right ? cell.x + cell.width - (int)strlen(name) - 1 : cell.x + (int)strlen(name);
	surface_fill(s, (struct rect){ x, cell.y, 1, 1 }, up ? SURFACE_UP : SURFACE_DOWN, ROLE_NORMAL);
}

static bool is_sorted_by(const struct ui *ui, int column)
{
	enum store_order_key key = ui->list.sorting.by.key;
	return key != STORE_ORDER_TIME && columns_order((enum column)column) == key;
}

enum column bars_head_at(const struct ui *ui, struct rect area, int x)
{
	struct column_plan plan = columns_plan(ui, area.width);
	for (int i = 0; i < COLUMN_COUNT; i++) {
		int from = area.x + plan.at[i].x - 1;
		if (i != COLUMN_FLAGS && plan.at[i].width && x >= from && x <= from + plan.at[i].width)
			return (enum column)i;
	}
	return COLUMN_COUNT;
}

/* The day of the first row in the place of "TIME", where that is not today: no line between days says it. */
static const char *time_head(const struct ui *ui, char out[WORDS_LEN])
{
	struct list_row first;
	char day[WORDS_LEN], today[WORDS_LEN];
	list_rows(&ui->list, &first, 1);
	if (!first.item || ui->time == TIMES_AGO || ui->list.sorting.shown || !ui->now_us)
		return "TIME";
	words_day(day, ui, first.item->row.received_at_us);
	words_day(today, ui, ui->now_us);
	if (strcmp(day, today) == 0 || strlen(day) < 5)
		return "TIME";
	snprintf(out, WORDS_LEN, "%s", day + strlen(day) - 5); /* "11-28" of "Sat 2026-11-28" */
	return out;
}

void bars_draw_header(const struct ui *ui, struct surface *s, struct rect area)
{
	static const unsigned right = COLUMN_BIT(COLUMN_ATTEMPTS) | COLUMN_BIT(COLUMN_TOOK) | COLUMN_BIT(COLUMN_SIZE) |
				      COLUMN_BIT(COLUMN_REPLAY_OF);
	struct column_plan plan = columns_plan(ui, area.width);
	for (int i = 0; i < COLUMN_COUNT; i++) {
		struct rect cell = { area.x + plan.at[i].x, area.y, plan.at[i].width, 1 };
		char day[WORDS_LEN];
		const char *name = i == COLUMN_TIME ? time_head(ui, day) : columns_name((enum column)i);
		if (!name || !cell.width)
			continue;
		enum role role = is_sorted_by(ui, i) ? ROLE_NORMAL : ROLE_DIM;
		if (right & COLUMN_BIT(i))
			bars_print_right(s, cell, role, name);
		else
			surface_print(s, cell, cell.x, cell.y, role, "%s", name);
		if (is_sorted_by(ui, i))
			draw_arrow(ui, s, cell, name, right & COLUMN_BIT(i));
	}
	surface_ground(s, area, GROUND_HEAD);
}

/* Writes the keys that are named; gives the one whose words stand at column `at` of them. */
static enum action hint_walk(const struct ui *ui, enum context c, bool searched, bool narrow, int at, char right[200])
{
	static const enum action offered[] = { ACTION_CONTEXT, ACTION_VOLATILE, ACTION_KEY_ORDER, ACTION_FOLD,
					       ACTION_PRETTY,  ACTION_WRAP,     ACTION_HIT_NEXT,  ACTION_BACK };
	static const char *const words[] = { "context",    "volatile", "order", "fold",
					     "pretty/raw", "wrap",     "next",  "back" };
	enum action found = ACTION_NONE;
	char key[KEY_NAME_LEN];
	size_t len = 0;
	right[0] = '\0';
	for (size_t i = 0; i < sizeof offered / sizeof *offered; i++) {
		key_code code = keymap_key(&ui->keys, c, offered[i], false);
		bool next = offered[i] == ACTION_HIT_NEXT;
		if (code == TKEY_NONE || (next && !searched && c != CONTEXT_DIFF) || (narrow && !next && i < 7))
			continue;
		key_to_name(code, key);
		int from = (int)len + (len ? 2 : 0);
		snprintf(right + len, 200 - len, "%s%s %s", len ? "  " : "", key, words[i]);
		len = strlen(right);
		found = at >= from && at < (int)len ? offered[i] : found;
	}
	return found;
}

void bars_draw_hint(const struct ui *ui, enum context c, const char *searched, struct surface *s, struct rect area)
{
	char right[200];
	hint_walk(ui, c, searched[0], area.width < 60, -1, right);
	int x = bars_print_right(s, area, ROLE_DIM, right);
	if (searched[0])
		surface_print(s, left_of(area, x), area.x, area.y, ROLE_TITLE, " /%s%s%s", searched,
			      ui->hits[0] ? "  " : "", ui->hits);
}

enum action bars_hint_at(const struct ui *ui, enum context c, const char *searched, struct rect area, int x)
{
	char right[200];
	hint_walk(ui, c, searched[0], area.width < 60, -1, right);
	int from = area.x + area.width - (int)strlen(right);
	return hint_walk(ui, c, searched[0], area.width < 60, x - from, right);
}

/* ---- the key bar ---- */

struct bar_entry {
	enum action action;
	int order;
	char key[2 * KEY_NAME_LEN + 2];
	bool shown;
};

static int key_order(key_code key)
{
	return key > TKEY_F0 && key <= TKEY_F12 ? (int)(key - TKEY_F0) : key < 0x80 ? 9 : 8;
}

static size_t bar_collect(const struct ui *ui, enum context c, unsigned have, struct bar_entry *at, size_t most)
{
	size_t count = 0;
	for (int a = 1; a < ACTION_COUNT && count < most; a++) {
		key_code key = keymap_key(&ui->keys, c, (enum action)a, true);
		if (!action_info((enum action)a)->bar || key == TKEY_NONE || !action_enabled((enum action)a, c, have))
			continue;
		struct bar_entry e = { .action = (enum action)a, .order = key_order(key) };
		key_to_name(key, e.key);
		if (a == ACTION_PREVIOUS) { /* the two stand as one: [/]prev/next */
			size_t len = strlen(e.key);
			e.key[len++] = '/';
			key_to_name(keymap_key(&ui->keys, c, ACTION_NEXT, false), e.key + len);
		}
		size_t i = count++;
		for (; i > 0 && at[i - 1].order > e.order; i--)
			at[i] = at[i - 1];
		at[i] = e;
	}
	return count;
}

/* LONG: "F1 Help  F3 Search list"; SHORT: the same in short words, one cell apart, from the edge on; TIGHT: "F1Help".
 */
enum bar_form { BAR_LONG, BAR_SHORT, BAR_TIGHT };

static const struct {
	int before, within, after; /* blank cells of an entry: at its left, between key and word, at its right */
} bar_blanks[] = { [BAR_LONG] = { 1, 1, 1 }, [BAR_SHORT] = { 0, 1, 1 }, [BAR_TIGHT] = { 1, 0, 0 } };

static const char *bar_label(const struct bar_entry *e, enum bar_form form)
{
	const struct action_info *info = action_info(e->action);
	return form == BAR_LONG ? info->long_label : info->label;
}

static int bar_width(const struct bar_entry *e, enum bar_form form)
{
	return bar_blanks[form].before + (int)strlen(e->key) + bar_blanks[form].within +
	       (int)strlen(bar_label(e, form)) + bar_blanks[form].after;
}

static int bar_total(const struct bar_entry *at, size_t count, enum bar_form form)
{
	int total = 0;
	for (size_t i = 0; i < count; i++)
		total += at[i].shown ? bar_width(&at[i], form) : 0;
	return form == BAR_SHORT ? total - 1 : total; /* what follows the last one may lie beyond the edge */
}

/* Drops the least important until the others fit. Returns how many are shown. */
static size_t bar_fit(struct bar_entry *at, size_t count, enum bar_form form, int columns)
{
	size_t shown = count;
	for (size_t i = 0; i < count; i++)
		at[i].shown = true;
	for (; shown > 0 && bar_total(at, count, form) > columns; shown--) {
		size_t least = count;
		for (size_t i = 0; i < count; i++)
			if (at[i].shown &&
			    (least == count || action_info(at[i].action)->bar < action_info(at[least].action)->bar))
				least = i;
		at[least].shown = false;
	}
	return shown;
}

/* In long words if there is room for all; tight only where that shows more entries than short ones a cell apart. */
static size_t bar_plan(const struct ui *ui, enum context c, unsigned have, int columns, struct bar_entry *at,
		       size_t most, enum bar_form *form)
{
	size_t count = bar_collect(ui, c, have, at, most);
	*form = BAR_LONG;
	if (bar_fit(at, count, *form, columns) == count)
		return count;
	size_t tight = bar_fit(at, count, BAR_TIGHT, columns);
	*form = bar_fit(at, count, BAR_SHORT, columns) < tight ? BAR_TIGHT : BAR_SHORT;
	bar_fit(at, count, *form, columns);
	return count;
}

#define BAR_MOST 24

static enum action bar_walk(const struct ui *ui, enum context c, unsigned have, int columns, struct surface *s,
			    struct rect area, int wanted)
{
	struct bar_entry at[BAR_MOST];
	enum bar_form form;
	size_t count = bar_plan(ui, c, have, columns, at, BAR_MOST, &form);
	int x = area.x;
	for (size_t i = 0; i < count; i++) {
		if (!at[i].shown)
			continue;
		int end = x + bar_width(&at[i], form);
		if (wanted >= x && wanted < end - bar_blanks[form].after)
			return at[i].action;
		if (s) {
			x = surface_print(s, area, x + bar_blanks[form].before, area.y, ROLE_KEY, "%s", at[i].key);
			surface_print(s, area, x + bar_blanks[form].within, area.y, ROLE_NORMAL, "%s",
				      bar_label(&at[i], form));
		}
		x = end;
	}
	return ACTION_NONE;
}

void bars_draw_keys(const struct ui *ui, enum context c, unsigned have, struct surface *s, struct rect area)
{
	bar_walk(ui, c, have, area.width, s, area, -1);
	surface_ground(s, area, GROUND_BAR);
}

enum action bars_key_at(const struct ui *ui, enum context c, unsigned have, int columns, int x)
{
	return bar_walk(ui, c, have, columns, NULL, (struct rect){ 0 }, x);
}

void bars_draw_too_small(struct surface *s)
{
	char text[64];
	struct rect all = { 0, 0, s->width, s->height };
	snprintf(text, sizeof text, "creel needs %dx%d (now %dx%d)", LAYOUT_MIN_COLUMNS, LAYOUT_MIN_ROWS, s->width,
		 s->height);
	int x = (s->width - (int)strlen(text)) / 2;
	surface_print(s, all, x < 0 ? 0 : x, s->height / 2, ROLE_TITLE, "%s", text);
}
