/* A delivery's row that outlives the callback it was given to: the only owned copy of a struct delivery_row there is.
 * Any thread, except that item_read belongs to the thread of the store's connection. */
#pragma once

#include "shared/store/store.h"

struct item {
	struct delivery_row row; /* its texts point into `texts` */
	struct buffer texts;
};
void item_free(struct item *i);
/* False when out of memory; *out is untouched. What *out held before is not freed. */
MUST_CHECK bool item_copy(struct item *out, const struct delivery_row *row);
/* The row of a delivery on record. EXIT_USAGE when there is none of that id, EXIT_STORE; *out is empty after a failure.
 */
MUST_CHECK bool item_read(struct store *s, int64_t id, struct item *out, struct error *e);
