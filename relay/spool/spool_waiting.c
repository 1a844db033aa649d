#include "relay/spool/spool.h"

#include <stdlib.h>

void spool_waiting_free(struct spool_waiting *w)
{
	buffer_free(&w->payload);
	free(w);
}
