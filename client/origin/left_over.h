/* Deliveries that an earlier run recorded and whose call it did not finish: called again, a few at a time, oldest
 * first. No sender waits for them. What waited at the relay meanwhile came later, and is called after them: with
 * --drain-parallel 1, which keeps the order, when they are over. Loop thread. */
#pragma once

#include "client/stream/stream.h"

/* NULL when out of memory. */
struct left_overs *left_over_new(struct streams *set);
/* Looks for them. To be called once, when the tunnel's name is known. */
void left_over_look(struct left_overs *l);
/* Whether the delivery has to wait for them; if so, its origin's `begin` follows again when they are through. */
MUST_CHECK bool left_over_holds_back(struct left_overs *l, struct stream *st);
/* Takes up no more of them, and puts back what waits: the next run calls it, in the same order. */
void left_over_stop(struct left_overs *l);
/* None of its streams may be left. NULL is fine. */
void left_over_free(struct left_overs *l);
