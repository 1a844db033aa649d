/* Deliveries that an earlier run recorded and whose call it did not finish: called again, a few at a time, oldest
 * first. No sender waits for them. Loop thread. */
#pragma once

#include "client/stream/stream.h"

/* NULL when out of memory. */
struct left_overs *left_over_new(struct streams *set);
/* Looks for them: once, when the tunnel's name is known. */
void left_over_look(struct left_overs *l);
/* Takes up no more of them. */
void left_over_stop(struct left_overs *l);
/* No stream of its may be left. NULL is fine. */
void left_over_free(struct left_overs *l);
