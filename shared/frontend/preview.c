#include "shared/frontend/preview.h"

void preview_free(struct preview *p)
{
	buffer_free(&p->event_id);
	buffer_free(&p->reason);
	*p = (struct preview){ 0 };
}
