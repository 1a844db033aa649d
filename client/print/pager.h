/* Output of a command that may be longer than the screen. On a terminal it is written into memory first; at the end it
 * is printed if it fits the screen, and otherwise shown by $PAGER, or less when there is none. Into a pipe or file
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
/* Shows what was written, and waits for the pager. The user may leave it early. `cores`: the limit that the pager
 * gets. EXIT_STORE when it cannot be written. Called once after pager_begin, whatever that returned. */
MUST_CHECK bool pager_end(struct pager *p, const struct core_dumps *cores, struct error *e);
