#include "tui/state/ui.h"

void ui_set_time(struct ui *ui, enum time_mode how)
{
	ui->time = how;
	list_set_days(&ui->list, how == TIMES_UTC);
}
