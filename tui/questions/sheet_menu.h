/* What can be copied of a delivery, and exported of one or several (tui/DESIGN.md §3.10); the saved filters. Pure. */
#pragma once

#include "tui/questions/history.h"
#include "tui/questions/sheet.h"

/* The export menu also offers what matches the filter, when there is one and nothing is marked. */
void sheet_copy_menu(struct sheet *s, int64_t id, bool on_json);
void sheet_export_menu(struct sheet *s, const struct ui *ui, int64_t id);
/* Offers the saved filters by number, the newest first, and to save the present one, or to drop it when it is saved
 * already. */
void sheet_saved_menu(struct sheet *s, const struct ui *ui, const struct history *saved);
/* Offers each column to sort by; once more by the same one turns the order round. */
void sheet_sort_menu(struct sheet *s, const struct ui *ui);
/* Offers each column that can be shown or hidden. */
void sheet_columns_menu(struct sheet *s, const struct ui *ui);
