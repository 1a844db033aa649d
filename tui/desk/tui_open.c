#include <stdio.h>
#include <string.h>

#include "tui/desk/tui_private.h"
#include "tui/detail/view_detail.h"
#include "tui/compare/view_diff.h"
#include "tui/views/view_help.h"

#define CHECK_MS 1000 /* what is open is looked at again so often, while things change */

/* ---- what views ask for ---- */

static struct view *view_at(const struct screen *s, size_t i)
{
	return i < s->depth ? s->stack[i] : s->pane;
}

static bool give(struct tui *t, uint64_t generation, struct document *d, int64_t found)
{
	const struct screen *s = &t->screen;
	tui_draw_soon(t);
	for (size_t i = 0; i <= s->depth; i++) {
		struct view *v = view_at(s, i);
		if (v && v->ops->receive && v->ops->receive(v, generation, d, found))
			return true;
	}
	return false;
}

static void on_document(void *user, uint64_t generation, struct document *d)
{
	if (!give(user, generation, d, 0))
		document_free(d);
}

/* Of a filter that walks, the last answer counts, or the first with something in it. */
static void on_found(void *user, uint64_t generation, struct page *p)
{
	struct tui *t = user;
	struct document nothing = { 0 };
	if (p->trouble)
		tui_say(t, true, "%s", p->trouble);
	if (p->count || !p->searched)
		(void)give(t, generation, &nothing, p->count ? p->items[p->count - 1].row.id : 0);
	page_free(p);
}

static void ask(struct tui *t, uint64_t generation, const struct view_want *w)
{
	const struct source_ops *source = t->deps.source;
	void *self = t->deps.source_self;
	if (w->id)
		source->get(self, w->id, w->part, w->attempt, w->most, generation, on_document, t);
	else
		source->page(self, w->filter, w->before, false, 1, generation, on_found, t);
}

/* The pane is there while it is wanted and something is chosen; it keeps to what is. */
static void mind_pane(struct tui *t)
{
	struct screen *s = &t->screen;
	const struct item *chosen = list_chosen(&s->ui.list);
	if (!s->ui.split && s->pane) {
		s->pane->ops->close(s->pane);
		s->pane = NULL;
		s->ui.pane_focused = false;
		tui_draw_soon(t);
	} else if (s->ui.split && s->ui.can_split && !s->pane && chosen) {
		s->pane = view_detail_new(chosen->row.id);
		if (s->pane)
			view_detail_follow(s->pane);
		tui_draw_soon(t);
	}
}

void tui_open_wanted(struct tui *t)
{
	const struct screen *s = &t->screen;
	struct view_want want;
	if (t->closing)
		return;
	mind_pane(t);
	for (size_t i = 0; i <= s->depth; i++) {
		struct view *v = view_at(s, i);
		if (v && v->ops->wants && v->ops->wants(v, &s->ui, t->next_generation + 1, &want))
			ask(t, ++t->next_generation, &want);
	}
}

void tui_open_tick(struct tui *t, bool changed, uint64_t now_ms)
{
	const struct screen *s = &t->screen;
	t->open_stale = t->open_stale || changed;
	if (!t->open_stale || now_ms - t->open_checked_ms < CHECK_MS)
		return;
	t->open_stale = false;
	t->open_checked_ms = now_ms;
	for (size_t i = 0; i <= s->depth; i++) {
		struct view *v = view_at(s, i);
		if (v && v->context == CONTEXT_DETAIL)
			view_detail_changed(v);
	}
}

/* ---- what they want opened ---- */

static void push(struct tui *t, struct view *v)
{
	if (!v)
		tui_say(t, true, "out of memory for another view");
	else if (t->screen.depth == SCREEN_DEPTH)
		tui_say(t, false, "too many views are open: Esc goes back");
	if (v)
		screen_push(&t->screen, v);
}

/* A field of the filter, exactly: as a regular expression, so that nothing in it means anything. */
static bool put_exact(char *out, size_t room, const char *field, struct bytes value)
{
	size_t n = (size_t)snprintf(out, room, "%s:/^", field);
	for (size_t i = 0; i < value.len && n + 16 < room; i++) {
		uint8_t c = value.at[i];
		if (c < 0x20 || c == 0x7f)
			c = '.';
		else if (c == ' ')
			out[n++] = '\\', c = 's';
		else if (strchr("\\^$.|?*+()[]{}/\"", c))
			out[n++] = '\\';
		out[n++] = (char)c;
	}
	snprintf(out + n, room - n, "$/");
	return value.len + 64 < room;
}

static const struct delivery_row *row_of(const struct tui *t, int64_t id)
{
	const struct item *chosen = list_chosen(&t->screen.ui.list);
	const struct view *top = screen_top(&t->screen);
	const struct delivery_row *row = top->context == CONTEXT_DETAIL ? view_detail_row(top) : NULL;
	if (row && row->id == id)
		return row;
	return chosen && chosen->row.id == id ? &chosen->row : NULL;
}

static void open_diff(struct tui *t, const struct effect *e)
{
	char event[UI_FILTER_MAX / 2] = "", source[UI_FILTER_MAX / 4] = "", filter[UI_FILTER_MAX];
	const struct delivery_row *row = row_of(t, e->id);
	bool fine = true;
	if (!e->other && !row) {
		tui_say(t, false, "#%lld is not read yet", (long long)e->id);
		return;
	}
	if (!e->other) {
		fine = put_exact(event, sizeof event, row->event_type.len ? "event" : "path",
				 row->event_type.len ? row->event_type : row->path);
		fine = fine && (!row->provider.len || put_exact(source, sizeof source, "source", row->provider));
	}
	if (!fine) {
		tui_say(t, true, "the path of #%lld is too long to look for: mark two with m", (long long)e->id);
		return;
	}
	snprintf(filter, sizeof filter, "%s %s", event, source);
	push(t, view_diff_new(e->id, e->other, filter));
}

static void toggle_split(struct tui *t)
{
	struct ui *ui = &t->screen.ui;
	if (!ui->split && !ui->can_split) {
		tui_say(t, false, "two panes need 110x30");
		return;
	}
	ui->split = !ui->split;
	mind_pane(t);
}

static void open_detail(struct tui *t, int64_t id)
{
	if (!id)
		return;
	list_pause(&t->screen.ui.list);
	push(t, view_detail_new(id));
}

void tui_open_goto(struct tui *t, int64_t id)
{
	struct screen *s = &t->screen;
	list_goto(&s->ui.list, id);
	if (s->depth > 1 && screen_top(s)->context == CONTEXT_DETAIL)
		view_detail_show(screen_top(s), id);
}

bool tui_open(struct tui *t, const struct effect *e)
{
	struct screen *s = &t->screen;
	struct view *top = screen_top(s);
	struct effect out = { 0 };
	switch (e->kind) {
	case EFFECT_OPEN:
		open_detail(t, e->id);
		return true;
	case EFFECT_DIFF:
		open_diff(t, e);
		return true;
	case EFFECT_HELP:
		push(t, view_help_new(top->context, view_have(top, &s->ui)));
		return true;
	case EFFECT_EVENTS:
		push(t, view_events_new());
		return true;
	case EFFECT_SEARCH:
		if (!top->ops->search)
			return false;
		top->ops->search(top, &s->ui, e->text, e->flag, &out);
		tui_carry_out(t, &out);
		return true;
	case EFFECT_OFFSET:
		if (top->ops->offset)
			top->ops->offset(top, &s->ui, e->text, &out);
		tui_carry_out(t, &out);
		return true;
	case EFFECT_SPLIT:
		toggle_split(t);
		return true;
	case EFFECT_REMEMBER:
		tui_state_save(t);
		return true;
	default:
		return false;
	}
}
