/* Every key that works where one was (of the action table), and what creel itself had to say. Pure. */
#pragma once

#include "tui/views/view.h"

/* NULL when out of memory. */
struct view *view_help_new(enum context of, unsigned have);
struct view *view_events_new(void);
