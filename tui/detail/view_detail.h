/* A delivery, whole: request, response, attempts, bytes (tui/DESIGN.md §3.7); full screen, or below the list. Pure:
 * what it has to be given it says through view_ops.wants. */
#pragma once

#include "tui/views/view.h"

/* NULL when out of memory. */
struct view *view_detail_new(int64_t id);
/* Another delivery in the same view; the tab stays. */
void view_detail_show(struct view *v, int64_t id);
/* As the pane below the list: follows what is chosen there. */
void view_detail_follow(struct view *v);
/* Something was committed: what may have changed of it is to be read again. */
void view_detail_changed(struct view *v);
/* The value, or the path, on the line under the cursor; false when there is none (or when it is no detail). */
bool view_detail_value(const struct view *v, bool path, struct buffer *out);
/* What it shows is about; NULL before it is there. */
const struct delivery_row *view_detail_row(const struct view *v);
