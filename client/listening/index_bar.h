/* Shows how far the search index of an old record has been built, as a bar below the lines of `creel listen`
 * (shared/program/progress.h). Loop thread. */
#pragma once

#include "shared/program/progress.h"

struct index_bar {
	struct progress progress;
	bool on;
	uint64_t from;
};

/* As recorder_watch_index has it; `user` is the bar. */
void index_bar_step(void *user, uint64_t indexed, uint64_t newest, bool goes_on);
