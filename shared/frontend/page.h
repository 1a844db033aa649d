/* A run of deliveries for a list, as the record's source answers it. Owned by the receiver. Pure. */
#pragma once

#include "shared/query/item.h"

struct page {
	struct item *items; /* by id, ascending */
	size_t count;
	bool more_before, more_after; /* there may be more */
	/* For a filter that has to walk through the record: how many rows were looked at, and of how many (0: not
	 * known). searched 0: the search is over. */
	uint64_t searched, total;
	char *trouble; /* a sentence, or NULL */
};
void page_free(struct page *p);
