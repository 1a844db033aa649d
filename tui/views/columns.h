/* The columns of the list: which are shown, and how wide they are for what is on the screen. Pure. */
#pragma once

#include "tui/state/ui.h"
#include "tui/terminal/layout.h"

struct column_plan columns_plan(const struct ui *ui, int width);
/* Its head, "SOURCE"; NULL: it has none. */
const char *columns_name(enum column column);
/* "tag event took": which are shown besides those that always are, and their order. EXIT_USAGE. */
MUST_CHECK bool columns_read(const char *names, unsigned *shown, uint8_t order[COLUMN_COUNT], struct error *e);
/* Whether it can be hidden or shown. */
bool columns_chosen(enum column column);
