/* How long something took, many times: counted in bins whose width grows with the duration, so that a percentile is
 * known to within five percent, in memory that does not grow. Pure. */
#pragma once

#include <stdint.h>

#define WEB_DURATION_BINS 216 /* eight an octave, from 1 µs to 134 s */

struct web_durations {
	uint32_t bins[WEB_DURATION_BINS];
	uint64_t count, most_us;
};

void web_durations_add(struct web_durations *d, uint64_t us);
/* Microseconds below which that share (0.5, 0.95) of them is; 0 when there are none. */
uint64_t web_durations_share(const struct web_durations *d, double share);
/* How many took so long at most. */
uint64_t web_durations_within(const struct web_durations *d, uint64_t us);
