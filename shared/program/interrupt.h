/* Ctrl-C and SIGTERM for work that runs on no event loop: the signal sets a flag, the work looks at it now and then.
 *
 * One such piece of work at a time, on the main thread; its parts may call these functions for themselves as well. A
 * system call that waits ends with EINTR. */
#pragma once

#include <signal.h>
#include <stdbool.h>

struct interrupt {
	struct sigaction on_int, on_term; /* as they were before */
};

/* Makes the two signals set the flag, and clears it unless this is a part of such work. */
void interrupt_begin(struct interrupt *before);
/* Makes the signals do what they did before; the flag stays as it is. */
void interrupt_end(const struct interrupt *before);
/* Whether one of them came since interrupt_begin. */
bool interrupt_came(void);
