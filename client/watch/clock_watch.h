/* Finds out that the machine slept or that the relay fell silent, by two clocks: a monotonic one, which stands still
 * while the machine sleeps, and the wall clock. Pure. */
#pragma once

#include <stdint.h>

struct clock_watch {
	uint64_t wall_us, steady_ms; /* at the last look; 0: none yet */
};

enum clock_verdict {
	CLOCK_FINE,
	CLOCK_JUMPED, /* the wall clock ran ahead of the steady one by more than `most_us` */
	CLOCK_SILENT, /* the last sign of life is older than `most_us` */
};

/* Called about once a second. `confirmed_us` is the wall clock at the last sign of life, or NULL when there is no
 * connection; when the wall clock was set back it is moved back as well, so that it never lies in the future. */
enum clock_verdict clock_watch_look(struct clock_watch *w, uint64_t wall_us, uint64_t steady_ms, uint64_t most_us,
				    uint64_t *confirmed_us);
