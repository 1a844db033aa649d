/* The view of two deliveries compared (tui/DESIGN.md §3.8). Pure. */
#pragma once

#include "tui/views/view.h"

/* `other` 0: the newest before it that matches the filter. NULL when out of memory. */
struct view *view_diff_new(int64_t id, int64_t other, const char *filter);
