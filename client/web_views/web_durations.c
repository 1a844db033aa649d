#include "client/web_views/web_durations.h"

#include <math.h>

#define AN_OCTAVE 8.0

static int bin_of(uint64_t us)
{
	double at = us > 1 ? log2((double)us) * AN_OCTAVE : 0;
	return at < WEB_DURATION_BINS - 1 ? (int)at : WEB_DURATION_BINS - 1;
}

void web_durations_add(struct web_durations *d, uint64_t us)
{
	d->bins[bin_of(us)]++;
	d->count++;
	if (us > d->most_us)
		d->most_us = us;
}

uint64_t web_durations_share(const struct web_durations *d, double share)
{
	uint64_t wanted = (uint64_t)ceil((double)d->count * share), seen = 0;
	for (int i = 0; d->count && i < WEB_DURATION_BINS; i++) {
		seen += d->bins[i];
		if (seen < wanted)
			continue;
		uint64_t middle = (uint64_t)exp2((i + 0.5) / AN_OCTAVE);
		return middle < d->most_us ? middle : d->most_us;
	}
	return d->most_us;
}

uint64_t web_durations_within(const struct web_durations *d, uint64_t us)
{
	uint64_t seen = 0;
	for (int i = 0; i <= bin_of(us); i++)
		seen += d->bins[i];
	return seen;
}
