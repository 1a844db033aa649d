/* Gives the views that are open what they want shown, and keeps the pane below the list as long as it is wanted. */
#include "tui/desk/tui_private.h"
#include "tui/detail/view_detail.h"

#define CHECK_MS 1000 /* how often what is open is looked at again, while things change */

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

void tui_wants(struct tui *t)
{
	const struct screen *s = &t->screen;
	struct view_want want;
	if (t->ended)
		return;
	mind_pane(t);
	for (size_t i = 0; i <= s->depth; i++) {
		struct view *v = view_at(s, i);
		if (v && v->ops->wants && v->ops->wants(v, &s->ui, t->next_generation + 1, &want))
			ask(t, ++t->next_generation, &want);
	}
}

void tui_wants_tick(struct tui *t, bool changed, uint64_t now_ms)
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

void tui_wants_split(struct tui *t)
{
	struct ui *ui = &t->screen.ui;
	if (!ui->split && !ui->can_split) {
		tui_say(t, "two panes need 110x30");
		return;
	}
	ui->split = !ui->split;
	mind_pane(t);
}
