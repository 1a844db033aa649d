/* Draws a row of the overview: an outcome's columns over time with their axis, a bar of how long the app took, a group,
 * a delivery. Pure. */
#pragma once

#include "shared/stats/stats.h"
#include "tui/overview/overview_rows.h"
#include "tui/state/ui.h"
#include "tui/terminal/surface.h"

/* Columns of an outcome's name, and of a count. What is between them is the chart. */
#define OVERVIEW_LABEL 10
#define OVERVIEW_COUNT 11
/* No column of the chart is chosen. */
#define OVERVIEW_NO_STEP SIZE_MAX

/* With `step`, an outcome's count is that of this column alone. */
void overview_draw_row(const struct overview_row *row, const struct stats_result *r, size_t step, const struct ui *ui,
		       struct surface *s, struct rect line);
/* The line of sums: how many, how many failed, wait, or have a bad signature. */
void overview_draw_sums(const struct stats_result *r, struct surface *s, struct rect line);
/* `part` of `whole`, from 0 to 1; 0 when `whole` is 0. */
double overview_share(uint64_t part, uint64_t whole);
