/* Ctrl-C and SIGTERM for work that runs on no event loop: the signal sets a flag, the work looks at it now and then.
 *
 * One such piece of work at a time, on the main thread; it may have parts that begin and end the same for themselves. A
 * system call that waits ends with EINTR. */
#pragma once

#include <signal.h>
#include <stdbool.h>

struct interrupt {
	struct sigaction on_int, on_term; /* as they were before */
};

/* From now on the two signals set the flag, which is cleared unless this is a part of such work. */
void interrupt_begin(struct interrupt *before);
/* The signals do again what they did before; the flag stays as it is. */
void interrupt_end(const struct interrupt *before);
/* Whether one of them came since interrupt_begin. */
bool interrupt_came(void);
