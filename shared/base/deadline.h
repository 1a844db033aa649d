/* When work that may take long is given up. Its loops look at it, each time round or at every so many steps; a look
 * costs what reading the clock does. One thread's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: there is none. */
struct deadline {
	uint64_t until_us; /* of clock_steady_us */
	uint64_t span_us;  /* that was given, for a sentence */
	bool passed;       /* some look found it over */
};

struct deadline deadline_in(uint64_t span_us);
/* Whether it has passed. NULL, and one that is zeroed, never does. */
bool deadline_over(struct deadline *d);
