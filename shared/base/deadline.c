#include "shared/base/deadline.h"

#include <stddef.h>

#include "shared/base/clock.h"

struct deadline deadline_in(uint64_t span_us)
{
	return (struct deadline){ .until_us = clock_steady_us() + span_us, .span_us = span_us };
}

bool deadline_over(struct deadline *d)
{
	if (!d || !d->until_us)
		return false;
	d->passed = d->passed || clock_steady_us() >= d->until_us;
	return d->passed;
}
