/* Gives the views that are open what they want shown, and keeps the pane below the list as long as it is wanted. */
#include "tui/desk/tui_private.h"
#include "tui/detail/view_detail.h"

#define CHECK_MS 1000 /* how often what is open is looked at again, while things change */

#define VIEWS (SCREEN_DEPTH + LAYOUT_PANES)

/* NULL: none is there. */
static struct view *view_at(const struct screen *s, size_t i)
{
	if (i >= SCREEN_DEPTH)
		return s->panes[i - SCREEN_DEPTH];
	return i < s->depth ? s->stack[i] : NULL;
}

static bool give(struct tui *t, uint64_t generation, struct document *d, int64_t found)
{
	const struct screen *s = &t->screen;
	tui_draw_soon(t);
	for (size_t i = 0; i < VIEWS; i++) {
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

/* A filter that reads every delivery answers page by page: the last page counts, or the first with something in it. */
static void on_found(void *user, uint64_t generation, struct page *p)
{
	struct tui *t = user;
	struct document nothing = { 0 };
	if (p->trouble)
		tui_warn(t, "%s", p->trouble);
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

/* A pane is there while it is wanted and something is chosen; it keeps to what is. */
static void mind_pane(struct tui *t, int i)
{
	struct screen *s = &t->screen;
	struct view **pane = &s->panes[i];
	const struct item *chosen = list_chosen(&s->ui.list);
	bool wanted = s->ui.split && (i == 0 || i < s->ui.room);
	if (!wanted && *pane) {
		(*pane)->ops->close(*pane);
		*pane = NULL;
		tui_draw_soon(t);
	} else if (wanted && i < s->ui.room && !*pane && chosen) {
		*pane = view_detail_new(chosen->row.id);
		if (*pane)
			view_detail_follow(*pane, i + 1);
		tui_draw_soon(t);
	}
}

static void mind_panes(struct tui *t)
{
	struct ui *ui = &t->screen.ui;
	for (int i = 0; i < LAYOUT_PANES; i++)
		mind_pane(t, i);
	if (ui->focus && !t->screen.panes[ui->focus - 1])
		ui->focus = 0;
}

void tui_wants(struct tui *t)
{
	const struct screen *s = &t->screen;
	struct view_want want;
	if (t->ended)
		return;
	mind_panes(t);
	tui_overview_wants(t);
	for (size_t i = 0; i < VIEWS; i++) {
		struct view *v = view_at(s, i);
		if (v && v->ops->wants && v->ops->wants(v, &s->ui, t->next_generation + 1, &want))
			ask(t, ++t->next_generation, &want);
	}
}

void tui_wants_tick(struct tui *t, bool changed, uint64_t now_ms)
{
	const struct screen *s = &t->screen;
	tui_overview_tick(t, changed, now_ms);
	t->open_stale = t->open_stale || changed;
	if (!t->open_stale || now_ms - t->open_checked_ms < CHECK_MS)
		return;
	t->open_stale = false;
	t->open_checked_ms = now_ms;
	for (size_t i = 0; i < VIEWS; i++) {
		struct view *v = view_at(s, i);
		if (v && v->context == CONTEXT_DETAIL)
			view_detail_changed(v);
	}
}

void tui_wants_split(struct tui *t)
{
	struct ui *ui = &t->screen.ui;
	if (!ui->split && !ui->room) {
		tui_say(t, "two panes need 110x30");
		return;
	}
	ui->split = !ui->split;
	ui->split_chosen = true;
	mind_panes(t);
}
