/* No core dump of a program that holds tokens and webhooks: neither after a crash nor at another program's wish.
 *
 * Only the soft limit of RLIMIT_CORE goes to 0, so that a program that creel starts for the user (an editor, --exec)
 * can be given back the user's own. On Linux the process is made undumpable as well (PR_SET_DUMPABLE), which also keeps
 * other processes of the same user out of its memory; that does not outlive exec. A build for AddressSanitizer stays
 * dumpable, for its search for leaks looks into the process. */
#pragma once

#include <stdbool.h>
#include <sys/resource.h>

struct core_dumps {
	bool known;
	rlim_t soft; /* of RLIMIT_CORE, as the user had it */
};

/* The first thing in main, before threads begin. *before (may be NULL): what the user had. */
void core_dumps_forbid(struct core_dumps *before);
/* What the child of a fork does before exec; NULL: nothing. Async-signal-safe. */
void core_dumps_give_back(const struct core_dumps *before);
/* Around a function that forks and waits for the exec (uv_spawn), where nothing can be done in between. The process
 * itself stays undumpable meanwhile. NULL: nothing. */
void core_dumps_before_spawn(const struct core_dumps *before);
void core_dumps_after_spawn(const struct core_dumps *before);
