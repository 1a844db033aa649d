/* Output of a command that may be longer than the screen. It is written into memory first; at the end what fits the
 * terminal is printed, the rest of the cases go through $PAGER, or less when there is none. Into a pipe or file
 * everything goes at once. The main thread. */
#pragma once

#include <stdio.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"
#include "shared/program/core_dumps.h"

struct pager {
	FILE *out; /* to be written to */
	char *text;
	size_t len;
	bool held; /* in memory */
};

/* `wanted`: may page, where standard output is a terminal. False and *e when out of memory. */
MUST_CHECK bool pager_begin(struct pager *p, bool wanted, struct error *e);
/* Shows what was written, and waits for the pager. That it is left before it has shown everything is no error. `cores`:
 * the user's own, for the pager. EXIT_STORE when it cannot be written. Once, after pager_begin, in any case. */
MUST_CHECK bool pager_end(struct pager *p, const struct core_dumps *cores, struct error *e);
