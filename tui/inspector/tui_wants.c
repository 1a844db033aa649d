/* Gives the views that are open what they want shown. */
#include "tui/deeds/tui_deeds.h"
#include "tui/detail/view_detail.h"
#include "tui/inspector/tui_inspector.h"

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

void tui_wants(struct tui *t)
{
	const struct screen *s = &t->screen;
	struct view_want want;
	if (t->ended)
		return;
	tui_panes_mind(t);
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
