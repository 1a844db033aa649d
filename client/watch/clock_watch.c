#include "client/watch/clock_watch.h"

#include <stddef.h>

#define BACK_US 1000000 /* less is the clock being slewed, or the two clocks read one after the other */

enum clock_verdict clock_watch_look(struct clock_watch *w, uint64_t wall_us, uint64_t steady_ms, uint64_t most_us,
				    uint64_t *confirmed_us)
{
	struct clock_watch before = *w;
	*w = (struct clock_watch){ wall_us, steady_ms };
	if (before.wall_us) {
		int64_t ahead = (int64_t)(wall_us - before.wall_us) - (int64_t)(steady_ms - before.steady_ms) * 1000;
		if (ahead > 0 && (uint64_t)ahead > most_us)
			return CLOCK_JUMPED;
		if (ahead < -BACK_US && confirmed_us)
			*confirmed_us = *confirmed_us > (uint64_t)-ahead ? *confirmed_us - (uint64_t)-ahead : 0;
	}
	return confirmed_us && wall_us > *confirmed_us && wall_us - *confirmed_us > most_us ? CLOCK_SILENT : CLOCK_FINE;
}
