/* The view of one delivery: request, response, attempts, bytes (tui/DESIGN.md §3.7); on the whole screen or below the
 * list. Pure: it asks for what it needs through view_ops.wants. */
#pragma once

#include "tui/views/view.h"

/* NULL when out of memory. */
struct view *view_detail_new(int64_t id);
/* Shows another delivery in the same view; the tab stays. */
void view_detail_show(struct view *v, int64_t id);
/* Makes it a pane beside or below the list (`pane` counts from 1), which follows what is chosen there. The second pane
 * begins with the answer. */
void view_detail_follow(struct view *v, int pane);
/* To be called when the record changed: reads again what may have changed of the delivery. */
void view_detail_changed(struct view *v);
/* The value, or the path, on the line under the cursor; false when there is none, or when it is another view. */
bool view_detail_value(const struct view *v, bool path, struct buffer *out);
/* The row of the delivery; NULL before it was read. */
const struct delivery_row *view_detail_row(const struct view *v);
