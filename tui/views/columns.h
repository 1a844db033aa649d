/* The columns of the list: which are shown, and how wide they are for what is on the screen. Pure. */
#pragma once

#include "tui/state/ui.h"
#include "tui/terminal/layout.h"

struct column_plan columns_plan(const struct ui *ui, int width);
/* The head of a column, "SOURCE"; NULL: it has none. */
const char *columns_name(enum column column);
/* Reads "tag event took": which columns are shown besides those that always are, and their order. EXIT_USAGE. */
MUST_CHECK bool columns_read(const char *names, unsigned *shown, uint8_t order[COLUMN_COUNT], struct error *e);
/* What the list is sorted by at this column; STORE_ORDER_TIME for those that cannot be sorted by: they stand for when
 * it came. */
enum store_order_key columns_order(enum column column);
/* The tag of the chosen delivery that is at this column of a list so wide; false when none is. */
bool columns_tag_at(const struct ui *ui, int width, int x, struct bytes *tag);
/* Whether the user may hide or show it. */
bool columns_chosen(enum column column);
