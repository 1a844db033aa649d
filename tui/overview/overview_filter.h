/* The filter that a row of the overview stands for: Enter on it narrows the list to what it counts. Pure. */
#pragma once

#include "tui/overview/overview_rows.h"

/* Appends the terms that match what a row counts, or only its column `step` unless that is SIZE_MAX. Appends nothing
 * for a row without such a filter. False when out of memory. */
MUST_CHECK bool overview_filter_row(const struct overview_row *row, const struct stats_result *r, size_t step,
				    struct buffer *out);
