/* Statistics for a person: sums, outcomes over time as a line of bars each, how long the app took, groups, the slowest
 * and the largest. Text from outside is made safe for a terminal. */
#pragma once

#include <stdio.h>

#include "shared/stats/stats.h"

struct stats_style {
	size_t columns; /* that a line takes at most */
	bool unicode;   /* bars in eighths (U+2581 to U+2588); else ASCII */
};
/* For what `fd` is: a terminal's width, 80 elsewhere; Unicode where the locale is UTF-8. */
struct stats_style stats_style_for(int fd);
/* How many steps have room beside each other. */
size_t stats_text_steps(const struct stats_style *style);
/* False when it cannot be written. */
MUST_CHECK bool stats_text_print(FILE *out, const struct stats_result *r, const struct stats_style *style);
