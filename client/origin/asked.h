/* Replays that another program asked for (shared/store/store_jobs.h): taken up and called for it, a few at a time,
 * oldest first. Loop thread. */
#pragma once

#include "client/stream/stream.h"

/* NULL when out of memory. */
struct asked *asked_new(struct streams *set);
/* Looks for them from now on: the tunnel's name is known. */
void asked_start(struct asked *a);
void asked_stop(struct asked *a);
/* Frees it when the loop has closed its timer. No stream of its may be left. NULL is fine. */
void asked_close(struct asked *a);
