/* Deliveries in the order of a column, as the record's source answers them for a list. Owned by the receiver. Pure. */
#pragma once

#include "shared/frontend/page.h"
#include "shared/query/store_order.h"

struct ordered {
	struct store_ordered found;
	struct page first; /* the rows of the first of them */
	/* How many ids were looked at so far, and of how many. searched 0: all were. */
	uint64_t searched, total;
	char *trouble; /* a sentence, or NULL */
};
void ordered_free(struct ordered *o);
