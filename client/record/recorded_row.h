/* What goes on record, as the rows that are read back from there: for telling of a delivery or an attempt without
 * reading the store. Pure. The rows' views are those of what they were made from. */
#pragma once

#include "shared/store/store.h"

/* A delivery's row before it was called. */
struct delivery_row recorded_row(const struct store_delivery *d, int64_t id);
/* After one more attempt, in that state. `a->number` is the attempt's. */
void recorded_row_add_attempt(struct delivery_row *row, const struct attempt_row *a, enum delivery_state state);
/* The attempt's row. `chaos` is left empty. */
struct attempt_row recorded_row_of_attempt(const struct store_attempt *a, int number);
/* A target without its query. */
struct bytes recorded_row_path(struct bytes target);
