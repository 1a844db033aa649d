#include "shared/frontend/preview.h"

void preview_free(struct preview *p)
{
	buffer_free(&p->event_id);
	buffer_free(&p->reason);
	buffer_free(&p->error);
	*p = (struct preview){ 0 };
}
