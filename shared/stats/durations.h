/* How long something took, many times: counted in bins whose width grows with the duration, so that a percentile is
 * known to within four percent, in memory that does not grow. Pure. */
#pragma once

#include <stdint.h>

#define DURATION_BINS 400 /* sixteen an octave, from 1 µs to 268 s */

struct durations {
	uint32_t bins[DURATION_BINS];
	uint64_t count, most_us;
};

void durations_add(struct durations *d, uint64_t us);
/* Microseconds that this share (0.5, 0.95) of them took at most; 0 when there are none. */
uint64_t durations_share(const struct durations *d, double share);
/* How many took at most that long. */
uint64_t durations_within(const struct durations *d, uint64_t us);
