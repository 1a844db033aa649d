/* `listen --chaos`: the fates that chaos.c gives deliveries, on their way from the record to the app.
 *
 *    recorded ─▶ overtaken (reorder) ─▶ waiting (delay) ─▶ called, perhaps spoilt (badsig) ─▶ called again (duplicate)
 *                                              └─ answered in the app's place (fail)
 *
 * What an earlier run left, and what --hold sends, is spared: it had its weather. Loop thread. */
#pragma once

#include "client/stream/stream.h"

/* NULL when out of memory. */
struct weather *weather_new(struct streams *set);
/* Handles close on the loop. NULL is fine. */
void weather_close(struct weather *w);

/* Calls the app when the delivery's weather is over. */
void weather_begin(struct weather *w, struct stream *st);
/* The call is on record: whether another one follows. */
MUST_CHECK bool weather_call_again(struct stream *st);
/* Calls all that wait. NULL is fine. */
void weather_drain(struct weather *w);
/* Puts back all that wait: the next run calls them. NULL is fine. */
void weather_cancel(struct weather *w);
