/* Carries out what views and questions ask for: one table, a handler for each kind of effect. */
#include "tui/deeds/tui_deeds.h"
#include "tui/inspector/tui_inspector.h"

#define EFFECT(id, handler) [EFFECT_##id] = (handler),
static void (*const handlers[EFFECT_COUNT])(struct tui *t, const struct effect *e) = {
#include "tui/state/effects.def"
};
#undef EFFECT

void tui_effects_carry_out(struct tui *t, const struct effect *e)
{
	if (e->kind != EFFECT_NONE)
		handlers[e->kind](t, e);
	tui_draw_soon(t);
}

void tui_effects_act(struct tui *t, enum action a, int count)
{
	struct screen *s = &t->screen;
	struct view *top = screen_top(s);
	struct effect out = { 0 };
	if (a == ACTION_CLEAR && (tui_gather_stop(t) || tui_search_stop(t) || tui_load_stop(t)))
		return;
	if (a == ACTION_BACK && tui_overview_stop(t))
		return;
	/* Enter typed after a search means what it finds, not what was selected before. */
	t->open_hit = a == ACTION_OPEN && t->search_generation && top->context == CONTEXT_LIST;
	if (t->open_hit) {
		tui_say(t, "opens \"%s\" when it is found", s->ui.search);
		return;
	}
	if (!view_act_common(top, &s->ui, a, &out))
		top->ops->act(top, &s->ui, a, count, &out);
	tui_effects_carry_out(t, &out);
	tui_draw_soon(t);
}

void tui_effects_action(struct tui *t, const struct effect *e)
{
	tui_effects_act(t, e->action, 1);
}

/* In the document that is seen; the list is searched by a filter. */
void tui_effects_search(struct tui *t, const struct effect *e)
{
	struct view *top = screen_top(&t->screen);
	struct effect out = { 0 };
	if (top->ops->search)
		top->ops->search(top, &t->screen.ui, e->search.text, e->search.backwards, &out);
	else
		tui_search(t, e->search.text, e->search.backwards);
	tui_effects_carry_out(t, &out);
}

void tui_effects_offset(struct tui *t, const struct effect *e)
{
	struct view *top = screen_top(&t->screen);
	struct effect out = { 0 };
	if (top->ops->offset)
		top->ops->offset(top, &t->screen.ui, e->text, &out);
	tui_effects_carry_out(t, &out);
}
