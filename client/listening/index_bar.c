#include "client/listening/index_bar.h"

void index_bar_step(void *user, uint64_t indexed, uint64_t newest, bool goes_on)
{
	struct index_bar *b = user;
	if (!goes_on) {
		progress_end(&b->progress);
		b->on = false;
		return;
	}
	if (!b->on) {
		progress_begin(&b->progress, "indexing the record", 0);
		b->from = indexed;
		b->on = true;
	}
	b->progress.done = indexed - b->from;
	b->progress.total = newest > b->from ? newest - b->from : 0;
	progress_tick(&b->progress);
}
