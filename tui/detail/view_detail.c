#include "tui/detail/view_detail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/bodies/doc_body.h"
#include "tui/detail/detail_private.h"
#include "tui/terminal/text.h"
#include "tui/views/bars.h"
#include "tui/state/words.h"

#define TABS_WIDTH 56 /* with all names */
static const char *const tab_names[] = { "Request", "Response", "Timing/Attempts", "Raw/Hex" };

/* ---- asking ---- */

static void follow_list(struct detail *d, const struct ui *ui)
{
	const struct item *chosen = list_chosen(&ui->list);
	if ((d->follows || d->to_list) && chosen && chosen->row.id != d->id)
		view_detail_show(&d->view, chosen->row.id);
}

/* What is most wanted of it; false when all is here. */
static bool next_want(struct detail *d, struct view_want *out)
{
	struct side *request = &d->side[SOURCE_REQUEST], *answer = &d->side[SOURCE_RESPONSE];
	bool show_answer = detail_part(d) == SOURCE_RESPONSE || d->tab == TAB_TIMES;
	*out = (struct view_want){ .id = d->id };
	if (!request->have || request->wanted > request->most) {
		out->most = request->wanted > request->most ? request->wanted : request->most;
		return true;
	}
	out->part = SOURCE_RESPONSE;
	out->attempt = detail_attempt_number(d);
	if (show_answer && !request->trouble &&
	    (!answer->have || answer->wanted > answer->most ||
	     (!answer->trouble && answer->document.attempt != out->attempt))) {
		out->most = answer->wanted > answer->most ? answer->wanted : answer->most;
		return true;
	}
	if (!d->check)
		return false;
	/* Its row, attempts and replays again, without a byte of the body. */
	*out = (struct view_want){ .id = d->id };
	return true;
}

static bool wants(struct view *v, const struct ui *ui, uint64_t generation, struct view_want *out)
{
	struct detail *d = (struct detail *)v;
	follow_list(d, ui);
	if (d->asked || !d->id || !next_want(d, out))
		return false;
	d->asked = generation;
	d->asked_part = out->part;
	d->asked_most = out->most;
	d->checking = out->most == 0;
	d->check = d->checking ? false : d->check;
	return true;
}

/* What is new of a delivery takes the place of what was known, around the body, which stays. */
static void take_news(struct detail *d, struct document *fresh)
{
	struct document *known = &d->side[SOURCE_REQUEST].document;
	struct document old = *known;
	d->gone = fresh->trouble != NULL;
	if (d->gone) { /* what is shown stays readable */
		document_free(fresh);
		return;
	}
	bool same = bytes_equal(known->item.row.note, fresh->item.row.note) &&
		    bytes_equal(known->item.row.tags, fresh->item.row.tags);
	known->item = fresh->item;
	known->attempts = fresh->attempts;
	known->attempt_count = fresh->attempt_count;
	known->attempt_texts = fresh->attempt_texts;
	known->replays = fresh->replays;
	known->replay_count = fresh->replay_count;
	fresh->item = old.item;
	fresh->attempts = old.attempts;
	fresh->attempt_count = old.attempt_count;
	fresh->attempt_texts = old.attempt_texts;
	fresh->replays = old.replays;
	fresh->replay_count = old.replay_count;
	document_free(fresh);
	detail_drop_kept(d, SOURCE_RESPONSE); /* it counts the attempts */
	d->stale = d->stale || d->tab == TAB_TIMES || (!same && d->tab == TAB_REQUEST);
	if (!same)
		detail_drop_kept(d, SOURCE_REQUEST);
}

static void take(struct detail *d, struct document *fresh)
{
	struct side *s = &d->side[d->asked_part];
	detail_remember_place(d);
	struct place place = d->places[d->tab];
	bool shown = d->made.doc != NULL;
	uint64_t most = d->asked_most;
	detail_forget(d, d->asked_part);
	s->document = *fresh;
	s->have = true;
	s->most = most;
	s->trouble = fresh->trouble;
	s->document.trouble = NULL;
	if (s->document.body.len < s->document.body_size && s->document.body_size <= DOC_PRETTY_MOST &&
	    most < DOC_PRETTY_MOST)
		s->wanted = DOC_PRETTY_MOST;
	if (shown)
		d->places[d->tab] = place;
}

static bool receive(struct view *v, uint64_t generation, struct document *fresh, int64_t found)
{
	struct detail *d = (struct detail *)v;
	(void)found;
	if (!d->asked || generation != d->asked)
		return false;
	d->asked = 0;
	if (d->outdated)
		document_free(fresh);
	else if (d->checking)
		take_news(d, fresh);
	else
		take(d, fresh);
	d->outdated = false;
	return true;
}

void view_detail_changed(struct view *v)
{
	struct detail *d = (struct detail *)v;
	d->check = d->check || d->side[SOURCE_REQUEST].have;
}

/* ---- drawing ---- */

static const struct item *item_of(const struct detail *d, const struct ui *ui)
{
	const struct item *chosen = list_chosen(&ui->list);
	if (d->side[SOURCE_REQUEST].have && !d->side[SOURCE_REQUEST].trouble)
		return &d->side[SOURCE_REQUEST].document.item;
	return chosen && chosen->row.id == d->id ? chosen : NULL;
}

/* The reason phrase of the answer whose status the row shows, or the sentence why there is no answer. */
static struct bytes reason_of(const struct detail *d)
{
	const struct document *known = &d->side[SOURCE_REQUEST].document;
	const struct delivery_row *row = &known->item.row;
	char status[8];
	if (!detail_side_ready(d, SOURCE_REQUEST) || !known->attempt_count || words_status(status, row) == ROLE_PENDING)
		return (struct bytes){ 0 };
	const struct attempt_row *last = &known->attempts[known->attempt_count - 1];
	if (row->status <= 0 || row->broke_off)
		return last->error;
	return last->status == row->status ? last->reason : (struct bytes){ 0 };
}

static void draw_title(const struct detail *d, const struct ui *ui, struct surface *s, struct rect line)
{
	const struct item *item = item_of(d, ui);
	if (d->follows) {
		surface_fill(s, line, SURFACE_LINE, ROLE_DIM);
		surface_ground(s, line, GROUND_HEAD);
		if (item)
			bars_draw_pane_title(item, reason_of(d), s, line, ui->focus == d->pane);
	} else if (item) {
		bars_draw_detail_title(ui, item, reason_of(d), s, line);
	} else {
		surface_print(s, line, line.x, line.y, ROLE_TITLE, " creel  #%lld", (long long)d->id);
		surface_ground(s, line, GROUND_BAR);
	}
}

/* "JSON, 46 values  line 9/46" */
static int draw_place(const struct detail *d, struct surface *s, struct rect line)
{
	char text[200], where[64] = "";
	size_t count = pager_count(&d->pager), kind = strcspn(d->made.about, ",");
	if (count)
		snprintf(where, sizeof where, "line %zu/%zu", d->pager.line + 1, count);
	if (d->gone)
		snprintf(text, sizeof text, "no longer on record");
	else if (d->asked && !d->checking)
		snprintf(text, sizeof text, "reading...");
	else if (line.width >= TABS_WIDTH + (int)(kind + strlen(where)) + 3 && kind) /* the rest stands over the body */
		snprintf(text, sizeof text, "%.*s  %s", (int)kind, d->made.about, where);
	else
		snprintf(text, sizeof text, "%s", where);
	int x = line.x + line.width - text_columns(bytes_of(text), TEXT_LINE);
	surface_print(s, line, x, line.y, ROLE_DIM, "%s", text);
	return x;
}

/* "[1 Request]", " 2 Response ", or " 2 " where there is no room for names. */
static int tab_words(const struct detail *d, int i, int columns, char *out, size_t room)
{
	bool on = i == (int)d->tab, named = on || columns >= 66;
	return snprintf(out, room, "%c%d%s%s%c", on ? '[' : ' ', i + 1, named ? " " : "", named ? tab_names[i] : "",
			on ? ']' : ' ');
}

static void draw_tabs(const struct detail *d, struct surface *s, struct rect line)
{
	char words[32];
	int x = line.x + 1, columns = line.width;
	struct rect rest = line;
	rest.width = draw_place(d, s, line) - line.x - 1;
	surface_ground(s, line, GROUND_HEAD);
	for (int i = 0; i < TABS; i++) {
		int from = x;
		tab_words(d, i, columns, words, sizeof words);
		x = surface_print(s, rest, x, line.y, i == (int)d->tab ? ROLE_TITLE : ROLE_DIM, "%s", words);
		surface_ground(s, (struct rect){ from, line.y, x - from, 1 },
			       i == (int)d->tab ? GROUND_TAB : GROUND_HEAD);
	}
}

static const char *trouble_of(const struct detail *d)
{
	const struct side *s = &d->side[detail_part(d)];
	const char *trouble = d->side[SOURCE_REQUEST].trouble ? d->side[SOURCE_REQUEST].trouble : s->trouble;
	return d->no_memory ? "out of memory for this view" : trouble;
}

static void draw(struct view *v, const struct ui *ui, struct surface *s, struct rect area)
{
	struct detail *d = (struct detail *)v;
	struct rect line = { area.x, area.y, area.width, 1 };
	struct rect rest = { area.x + 1, area.y + 2, area.width - 1, area.height - 2 };
	d->width = area.width;
	detail_prepare(d, ui, rest.width);
	draw_title(d, ui, s, line);
	line.y++;
	bool focused = !d->follows || ui->focus == d->pane;
	s->cursor_x = focused ? rest.x : s->cursor_x;
	s->cursor_y = focused ? rest.y : s->cursor_y;
	if (trouble_of(d) && !d->made.doc)
		surface_print(s, rest, rest.x, rest.y, ROLE_5XX, "%s", trouble_of(d));
	pager_draw(&d->pager, s, rest, focused);
	draw_tabs(d, s, line);
}

static void click(struct view *v, struct ui *ui, const struct view_click *at, struct effect *out)
{
	struct detail *d = (struct detail *)v;
	char words[32];
	int x = 1;
	for (int i = 0; at->y == 1 && i < TABS; i++) {
		int end = x + tab_words(d, i, d->width, words, sizeof words);
		if (at->x >= x && at->x < end) {
			detail_tab(d, (enum detail_tab)i);
			return;
		}
		x = end;
	}
	if (at->y < 2)
		return;
	bool sign = pager_click(&d->pager, at->x - 1, at->y - 2);
	if (sign || at->twice)
		v->ops->act(v, ui, ACTION_FOLD, 1, out);
}

/* ---- a view of its own ---- */

static int64_t current(const struct view *v, const struct ui *ui)
{
	(void)ui;
	return ((const struct detail *)v)->id;
}

const struct delivery_row *view_detail_row(const struct view *v)
{
	const struct detail *d = (const struct detail *)v;
	return detail_side_ready(d, SOURCE_REQUEST) ? &d->side[SOURCE_REQUEST].document.item.row : NULL;
}

static void close_view(struct view *v)
{
	struct detail *d = (struct detail *)v;
	detail_drop_doc(d);
	for (int i = 0; i < 2; i++)
		detail_forget(d, (enum source_part)i);
	pager_free(&d->pager);
	free(d);
}

static const struct view_ops detail_ops = {
	.draw = draw,
	.act = detail_act,
	.current = current,
	.click = click,
	.close = close_view,
	.search = detail_search,
	.count = detail_count,
	.offset = detail_offset,
	.wants = wants,
	.receive = receive,
};

struct view *view_detail_new(int64_t id)
{
	struct detail *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	d->view = (struct view){ &detail_ops, CONTEXT_DETAIL };
	view_detail_show(&d->view, id);
	return &d->view;
}

void view_detail_show(struct view *v, int64_t id)
{
	struct detail *d = (struct detail *)v;
	if (d->id == id)
		return;
	detail_drop_doc(d);
	detail_forget(d, SOURCE_REQUEST);
	detail_forget(d, SOURCE_RESPONSE);
	memset(d->places, 0, sizeof d->places);
	d->id = id;
	d->attempt = 0;
	d->check = d->to_list = d->gone = false;
	d->outdated = d->asked != 0;
	for (int i = 0; i < TABS; i++)
		d->look[i] = i == TAB_BYTES ? LOOK_HEX : LOOK_PRETTY;
}

void view_detail_follow(struct view *v, int pane)
{
	struct detail *d = (struct detail *)v;
	d->follows = true;
	d->pane = pane;
	if (pane > 1)
		d->tab = TAB_ANSWER;
}

bool view_detail_value(const struct view *v, bool path, struct buffer *out)
{
	const struct detail *d = (const struct detail *)v;
	if (v->ops != &detail_ops || !d->made.doc || d->pager.line >= pager_count(&d->pager))
		return false;
	return d->made.doc->ops->value(d->made.doc, d->pager.line, path, out);
}
