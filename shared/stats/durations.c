#include "shared/stats/durations.h"

#include <math.h>

#define BITS 4 /* of a duration, below its highest, that choose the bin */
#define STEPS (1u << BITS)

/* Durations below STEPS have a bin each; above, the highest bit chooses a run of STEPS bins, the next four one of it.
 */
static unsigned bin_of(uint64_t us)
{
	if (us < STEPS)
		return (unsigned)us;
	unsigned octave = 63u - (unsigned)__builtin_clzll(us) - BITS;
	uint64_t bin = (octave << BITS) + (us >> octave);
	return bin < DURATION_BINS ? (unsigned)bin : DURATION_BINS - 1;
}

/* In the middle of a bin. */
static uint64_t middle_of(unsigned bin)
{
	if (bin < STEPS)
		return bin;
	unsigned octave = (bin >> BITS) - 1;
	return ((uint64_t)(bin - (octave << BITS)) << octave) + (UINT64_C(1) << octave) / 2;
}

void durations_add(struct durations *d, uint64_t us)
{
	d->bins[bin_of(us)]++;
	d->count++;
	if (us > d->most_us)
		d->most_us = us;
}

uint64_t durations_share(const struct durations *d, double share)
{
	uint64_t wanted = (uint64_t)ceil((double)d->count * share), seen = 0;
	for (unsigned i = 0; d->count && i < DURATION_BINS; i++) {
		seen += d->bins[i];
		if (seen < wanted || seen == 0)
			continue;
		return middle_of(i) < d->most_us ? middle_of(i) : d->most_us;
	}
	return d->most_us;
}

uint64_t durations_within(const struct durations *d, uint64_t us)
{
	uint64_t seen = 0;
	for (unsigned i = 0, last = bin_of(us); i <= last; i++)
		seen += d->bins[i];
	return seen;
}
