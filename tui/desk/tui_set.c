/* :set, and keys that change how things look. */
#include "tui/desk/tui_private.h"
#include "tui/questions/sheet_menu.h"
#include "tui/terminal/layout.h"
#include "tui/views/columns.h"

#include <string.h>

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

void tui_set_columns_menu(struct tui *t, const struct effect *e)
{
	(void)e;
	sheet_columns_menu(&t->screen.sheet, &t->screen.ui);
}

void tui_set_sort_menu(struct tui *t, const struct effect *e)
{
	(void)e;
	sheet_sort_menu(&t->screen.sheet, &t->screen.ui);
}

/* By time "as usual" means what v does, once it is by time. */
static void sort_by_time(struct tui *t, enum sort_way way)
{
	struct list_model *m = &t->screen.ui.list;
	if (m->sorting.by.key != STORE_ORDER_TIME)
		list_sort(m, STORE_ORDER_TIME, false);
	else if (way == SORT_AS_USUAL)
		list_reverse(m);
	else
		tui_say(t, "the list is in the order of time: s sorts it by a column");
}

void tui_set_sort(struct tui *t, const struct effect *e)
{
	struct list_model *m = &t->screen.ui.list;
	enum store_order_key key = e->sort.key;
	bool same = m->sorting.by.key == key;
	bool descending = e->sort.way != SORT_AS_USUAL ? e->sort.way == SORT_DOWN
			  : same                       ? !m->sorting.by.descending
						       : store_order_descends(key);
	if (key == STORE_ORDER_TIME) {
		sort_by_time(t, e->sort.way);
	} else if (e->sort.way == SORT_AGAIN) {
		list_sort_again(m);
	} else {
		list_sort(m, key, descending);
		if (!same)
			tui_say(t, "sorted by %s: the list does not follow; F goes back to the newest",
				store_order_name(key));
	}
	tui_state_save(t);
}

/* "usual", or names in their order. */
void tui_set_columns(struct tui *t, const struct effect *e)
{
	struct ui *ui = &t->screen.ui;
	struct error err = { 0 };
	unsigned shown = 0;
	uint8_t order[COLUMN_COUNT] = { 0 };
	if (strcmp(e->text, "usual") != 0 && !columns_read(e->text, &shown, order, &err)) {
		tui_warn(t, "%s", err.text);
		return;
	}
	ui->columns = shown;
	memcpy(ui->column_order, order, sizeof order);
	tui_state_save(t);
}

/* The menu stays, for another. */
static void toggle_column(struct tui *t, enum column column)
{
	struct ui *ui = &t->screen.ui;
	ui->columns = (ui->columns ? ui->columns : COLUMNS_USUAL) ^ COLUMN_BIT(column);
	tui_state_save(t);
	sheet_columns_menu(&t->screen.sheet, ui);
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
			tui_panes_split(t);
		break;
	case SETTING_ORDER:
		if (ui->list.reversed != value)
			list_reverse(&ui->list);
		break;
	case SETTING_COLUMN:
		toggle_column(t, (enum column)value);
		break;
	case SETTING_TIME:
		ui_set_time(ui, (enum time_mode)value);
		break;
	}
}
