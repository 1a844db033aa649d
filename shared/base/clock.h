/* The time: by the system's clock, which may be set back or forward, and by a steady one, which only measures how long
 * something takes. Any thread. */
#pragma once

#include <stdint.h>

/* Microseconds since 1970 UTC. */
uint64_t clock_now_us(void);

/* Since some moment before the program began; the same moment for both. */
uint64_t clock_steady_us(void);
uint64_t clock_steady_ms(void);
