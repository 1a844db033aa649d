/* Help: every key that works in a view, from the table of actions. Events: what creel itself reported. Pure. */
#pragma once

#include "tui/views/view.h"

/* NULL when out of memory. */
struct view *view_help_new(enum context of, unsigned have);
struct view *view_events_new(void);
