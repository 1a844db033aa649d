/* --hold: deliveries that found no app wait for it, a queue a route. The oldest is called again and again until the app
 * takes it; the others follow one after the other. Those held are on record, so a queue holds their numbers alone. Loop
 * thread. */
#pragma once

#include "client/stream/stream.h"

/* NULL when out of memory. The caller puts it into set->holds; without it nothing is held. */
struct holds *hold_new(struct streams *set);
/* Makes no more calls. NULL is fine. */
void hold_stop(struct holds *h);
/* The same, and frees them when the loop has closed their timers. */
void hold_close(struct holds *h);

/* Queues a delivery that is on record as held, unless it is queued already. */
void hold_add(struct streams *set, size_t route, int64_t delivery_id);

/* For the origins of all deliveries that are not held themselves. */
/* For origin_ops.reached: the app is there, so the queue of its route need not wait. */
void hold_on_reached(struct stream *st);
/* For origin_ops.recorded: holds the delivery, or reports that its call is over. */
void hold_on_recorded(struct stream *st);
