/* --hold: deliveries that found no app wait for it, a queue a route. The oldest is called again and again until the app
 * takes it; the others follow one after the other. Those held are on record, so a queue holds their numbers alone. Loop
 * thread. */
#pragma once

#include "client/stream/stream.h"

/* NULL when out of memory. Goes into set->holds, without which nothing is held. */
struct holds *hold_new(struct streams *set);
/* Calls none any more. NULL is fine. */
void hold_stop(struct holds *h);
/* The same, and frees them when the loop has closed their timers. */
void hold_close(struct holds *h);

/* A delivery is on record as held. One that is in the queue already stays there once. */
void hold_add(struct streams *set, size_t route, int64_t delivery_id);

/* For the origins of all deliveries that are not held themselves. */
/* origin_ops' reached: the app is there, and the queue of its route need not wait. */
void hold_on_reached(struct stream *st);
/* origin_ops' recorded: the delivery is held, or its call is over and the user is told so. */
void hold_on_recorded(struct stream *st);
