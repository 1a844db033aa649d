/* Opens the line that the user types into. */
#include "tui/deeds/tui_deeds.h"

void tui_prompt_open(struct tui *t, enum prompt_kind kind, const char *text)
{
	struct screen *s = &t->screen;
	struct view *top = screen_top(s);
	t->resume_follow = s->ui.list.follow;
	list_pause(&s->ui.list);
	s->prompt.context = top->context;
	s->prompt.have = view_have(top, &s->ui);
	prompt_open(&s->prompt, &s->ui, kind, text);
	if (kind == PROMPT_FILTER)
		tui_narrow_begin(t);
}

void tui_prompt(struct tui *t, const struct effect *e)
{
	tui_prompt_open(t, e->prompt, e->prompt == PROMPT_FILTER ? t->screen.ui.filter : "");
}
