/* Filters that are kept under @, in the inspector's own file. */
#include <stdio.h>
#include <string.h>

#include "tui/deeds/tui_deeds.h"
#include "tui/questions/sheet_menu.h"

void tui_saved_menu(struct tui *t, const struct effect *e)
{
	(void)e;
	sheet_saved_menu(&t->screen.sheet, &t->screen.ui, &t->saved);
}

void tui_saved_toggle(struct tui *t, const struct effect *e)
{
	if (history_remove(&t->saved, e->text)) {
		tui_say(t, "no longer saved: %s", e->text);
	} else {
		history_add(&t->saved, e->text);
		tui_say(t, "saved: %s (@ offers it)", e->text);
	}
	tui_state_save(t);
}
