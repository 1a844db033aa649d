/* The columns of the list: which are shown, and how wide they are for what is on the screen. Pure. */
#pragma once

#include "tui/state/ui.h"
#include "tui/terminal/layout.h"

struct column_plan columns_plan(const struct ui *ui, int width);
/* The head of a column, "SOURCE"; NULL: it has none. */
const char *columns_name(enum column column);
/* Reads "tag event took": which columns are shown besides those that always are, and their order. EXIT_USAGE. */
MUST_CHECK bool columns_read(const char *names, unsigned *shown, uint8_t order[COLUMN_COUNT], struct error *e);
/* Whether the user may hide or show it. */
bool columns_chosen(enum column column);
