/* The overview of what is on record: outcomes over time, how long the app took, by provider, event, path or status, the
 * worst. Enter on a row narrows the list to what it counts. Pure. */
#pragma once

#include "shared/stats/stats.h"
#include "tui/views/view.h"

/* NULL when out of memory. */
struct view *view_overview_new(void);
/* To be called when the record has changed: it will be counted again. */
void view_overview_changed(struct view *v);
/* True when figures are wanted, which the caller must then ask for with this generation. */
bool view_overview_wants(struct view *v, uint64_t generation, struct stats_wish *out);
/* Takes the figures so far, or all; false, and nothing taken, when it does not wait for those (any more). */
bool view_overview_receive(struct view *v, uint64_t generation, struct stats_result *r);
/* Stops counting; what is there stays. Returns the generation that it waited for, 0 when there was none. */
uint64_t view_overview_stop(struct view *v);
