#include "shared/base/clock.h"

#include <time.h>

static uint64_t read_us(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_now_us(void)
{
	return read_us(CLOCK_REALTIME);
}

uint64_t clock_steady_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

uint64_t clock_steady_ms(void)
{
	return clock_steady_us() / 1000;
}
