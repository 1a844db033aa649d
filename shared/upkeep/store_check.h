/* Whether a store can be read and written, for `creel doctor`. Any thread. */
#pragma once

#include "shared/store/store.h"

struct store_check {
	int64_t deliveries; /* the highest id ever given */
	bool whole;         /* every page was looked at within the time */
	bool busy;          /* another program held the write lock all the time */
	char fault[200];    /* what PRAGMA quick_check found, "" for nothing */
};

/* Opens the file, which must be there, reads for `most_ms` at the most, and takes the write lock for a moment. Writes
 * nothing, and brings no schema up to date. False and *e (EXIT_STORE) when it cannot be opened or not be written. */
MUST_CHECK bool store_check(const char *path, int64_t most_ms, struct store_check *out, struct error *e);
