/* :set, and keys that change how things look. */
#include "tui/desk/tui_private.h"

static void set_mouse(struct tui *t, bool on)
{
	t->screen.ui.mouse = on;
	term_mouse(t->term, on);
	tui_say(t, on ? "mouse on: Shift+drag selects text" : "mouse off");
}

void tui_set_mouse(struct tui *t, const struct effect *e)
{
	(void)e;
	set_mouse(t, !t->screen.ui.mouse);
}

void tui_set_repaint(struct tui *t, const struct effect *e)
{
	(void)e;
	term_repaint(t->term);
}

void tui_set(struct tui *t, const struct effect *e)
{
	struct ui *ui = &t->screen.ui;
	int value = e->set.value;
	switch (e->set.setting) {
	case SETTING_MOUSE:
		if (ui->mouse != value)
			set_mouse(t, value);
		break;
	case SETTING_SPLIT:
		if (ui->split != value)
			tui_wants_split(t);
		break;
	case SETTING_ORDER:
		if (ui->list.reversed != value)
			list_reverse(&ui->list);
		break;
	case SETTING_TIME:
		ui_set_time(ui, (enum time_mode)value);
		break;
	}
}
