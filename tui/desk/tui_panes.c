/* The panes below the list: there as long as they are wanted, and something is chosen. */
#include "tui/desk/tui_private.h"
#include "tui/detail/view_detail.h"

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

void tui_panes_mind(struct tui *t)
{
	struct ui *ui = &t->screen.ui;
	for (int i = 0; i < LAYOUT_PANES; i++)
		mind_pane(t, i);
	if (ui->focus && !t->screen.panes[ui->focus - 1])
		ui->focus = 0;
}

void tui_panes_split(struct tui *t)
{
	struct ui *ui = &t->screen.ui;
	if (!ui->split && !ui->room) {
		tui_say(t, "two panes need 110x30");
		return;
	}
	ui->split = !ui->split;
	ui->split_chosen = true;
	tui_panes_mind(t);
}
