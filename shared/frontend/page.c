#include "shared/frontend/page.h"

#include <stdlib.h>

void page_free(struct page *p)
{
	for (size_t i = 0; i < p->count; i++)
		item_free(&p->items[i]);
	free(p->items);
	free(p->trouble);
	*p = (struct page){ 0 };
}
