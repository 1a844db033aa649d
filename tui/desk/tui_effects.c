#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/desk/tui_private.h"
#include "tui/questions/sheet_menu.h"

static void open_prompt(struct tui *t, const struct effect *e)
{
	struct screen *s = &t->screen;
	struct view *top = screen_top(s);
	enum prompt_kind kind = (enum prompt_kind)e->number;
	t->resume_follow = s->ui.list.follow;
	list_pause(&s->ui.list);
	s->prompt.context = top->context;
	s->prompt.have = view_have(top, &s->ui);
	s->prompt.backwards = false;
	prompt_open(&s->prompt, &s->ui, kind, kind == PROMPT_FILTER ? s->ui.filter : e->text);
}

static void leave_sheet(struct tui *t)
{
	struct sheet *s = &t->screen.sheet;
	sheet_begin(s, t->screen.ui.strip.running ? "a replay is running" : "leave the inspector");
	if (t->listening)
		sheet_choice(s, 'l', "go on in lines: the tunnel stays", EFFECT_QUIT)->number = 2;
	sheet_choice(s, 'y', t->listening ? "quit: the tunnel closes" : "quit", EFFECT_QUIT)->flag = true;
}

static void quit(struct tui *t, const struct effect *e)
{
	if (e->number == 2)
		tui_end_now(t, TUI_TO_LINES);
	else if (e->number == 3)
		tui_end_now(t, TUI_INTERRUPTED);
	else if (e->flag || (!t->listening && !t->screen.ui.strip.running))
		tui_end_now(t, TUI_QUIT);
	else
		leave_sheet(t);
}

static void set(struct tui *t, const char *what)
{
	struct ui *ui = &t->screen.ui;
	if (strncmp(what, "mouse ", 6) == 0 && ui->mouse != (strcmp(what + 6, "on") == 0))
		tui_carry_out(t, &(struct effect){ .kind = EFFECT_MOUSE });
	else if (strncmp(what, "split ", 6) == 0 && ui->split != (strcmp(what + 6, "on") == 0))
		tui_carry_out(t, &(struct effect){ .kind = EFFECT_SPLIT });
	else if (strncmp(what, "order ", 6) == 0 && ui->list.reversed != (strcmp(what + 6, "newest-first") == 0))
		list_reverse(&ui->list);
	else if (strcmp(what, "time local") == 0)
		ui_set_time(ui, TIMES_LOCAL);
	else if (strcmp(what, "time utc") == 0)
		ui_set_time(ui, TIMES_UTC);
	else if (strcmp(what, "time ago") == 0)
		ui_set_time(ui, TIMES_AGO);
}

static void mark(struct tui *t, int64_t id)
{
	struct list_model *m = &t->screen.ui.list;
	bool on = !list_marked(m, id);
	struct error e = { 0 };
	list_pause(m);
	if (!t->deps.deeds->tag(t->deps.deeds_self, id, "marked", on, &e))
		tui_say(t, true, "%s", e.text);
	else if (!list_mark(m, id, on))
		tui_say(t, true, "out of memory: #%lld is not marked", (long long)id);
}

static void unmark_all(struct tui *t)
{
	struct list_model *m = &t->screen.ui.list;
	struct error e = { 0 };
	while (m->mark_count) {
		int64_t id = m->marks[m->mark_count - 1];
		if (!t->deps.deeds->tag(t->deps.deeds_self, id, "marked", false, &e)) {
			tui_say(t, true, "%s", e.text);
			return;
		}
		if (!list_mark(m, id, false))
			return;
	}
}

static void toggle_mouse(struct tui *t)
{
	t->screen.ui.mouse = !t->screen.ui.mouse;
	term_mouse(t->term, t->screen.ui.mouse);
	tui_say(t, false, t->screen.ui.mouse ? "mouse on: Shift+drag selects text" : "mouse off");
}

void tui_act(struct tui *t, enum action a, int count)
{
	struct screen *s = &t->screen;
	struct view *top = screen_top(s);
	struct effect out = { 0 };
	if (a == ACTION_CLEAR && (tui_stop_gathering(t) || tui_stop_search(t) || tui_stop_walk(t)))
		return;
	/* Enter typed behind a search means what it finds, not what was selected before. */
	t->open_hit = a == ACTION_OPEN && t->search_generation && top->context == CONTEXT_LIST;
	if (t->open_hit) {
		tui_say(t, false, "opens \"%s\" when it is found", s->ui.search);
		return;
	}
	if (!view_act_common(top, &s->ui, a, &out))
		top->ops->act(top, &s->ui, a, count, &out);
	tui_carry_out(t, &out);
	tui_draw_soon(t);
}

void tui_carry_out(struct tui *t, struct effect *e)
{
	struct screen *s = &t->screen;
	switch (e->kind) {
	case EFFECT_QUIT:
		quit(t, e);
		break;
	case EFFECT_POP:
		screen_pop(s);
		break;
	case EFFECT_SAY:
		tui_say(t, false, "%s", e->text);
		break;
	case EFFECT_PROMPT:
		open_prompt(t, e);
		break;
	case EFFECT_FILTER:
		tui_apply_filter(t, e->text);
		break;
	case EFFECT_SEARCH:
		if (!tui_open(t, e))
			tui_search_list(t, e->text, e->flag);
		break;
	case EFFECT_GOTO:
		tui_open_goto(t, e->id);
		break;
	case EFFECT_ACTION:
		tui_act(t, (enum action)e->number, 1);
		break;
	case EFFECT_SET:
		set(t, e->text);
		break;
	case EFFECT_MARK:
		mark(t, e->id);
		break;
	case EFFECT_UNMARK_ALL:
		unmark_all(t);
		break;
	case EFFECT_EXPORT_MENU:
		sheet_export_menu(&s->sheet, &s->ui, e->id);
		break;
	case EFFECT_MOUSE:
		toggle_mouse(t);
		break;
	case EFFECT_REPAINT:
		term_repaint(t->term);
		break;
	case EFFECT_SUSPEND:
		tui_suspend(t);
		break;
	default:
		if (!tui_open(t, e))
			tui_deed(t, e);
		break;
	}
	buffer_free(&e->bytes);
	tui_draw_soon(t);
}
