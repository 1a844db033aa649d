/* The view of the list of deliveries, the root of all others. It has no state of its own: struct ui holds the list.
 * Pure. */
#pragma once

#include "tui/views/view.h"

extern const struct view_ops view_list_ops;
/* In place of rows while there are none: what to do about it. */
void view_list_draw_empty(const struct ui *ui, struct surface *s, struct rect area);
