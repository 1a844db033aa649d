/* What time it is: by the clock on the wall, which may be set back or forth, and by a steady one, which only measures
 * how long something takes. Any thread. */
#pragma once

#include <stdint.h>

/* Since 1970. */
uint64_t clock_now_us(void);

/* Since some moment before the program began. */
uint64_t clock_steady_us(void);
uint64_t clock_steady_ms(void);
