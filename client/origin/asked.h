/* Replays that another program asked for (shared/store/store_jobs.h): the app is called for them, a few at a time,
 * oldest first. Loop thread. */
#pragma once

#include "client/stream/stream.h"

/* NULL when out of memory. */
struct asked *asked_new(struct streams *set);
/* Looks for them from now on. To be called once the tunnel's name is known. */
void asked_start(struct asked *a);
void asked_stop(struct asked *a);
/* Frees it when the loop has closed its timer. None of its streams may be left. NULL is fine. */
void asked_close(struct asked *a);
