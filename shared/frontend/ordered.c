#include "shared/frontend/ordered.h"

#include <stdlib.h>

void ordered_free(struct ordered *o)
{
	store_ordered_free(&o->found);
	page_free(&o->first);
	free(o->trouble);
	*o = (struct ordered){ 0 };
}
