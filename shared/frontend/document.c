#include "shared/frontend/document.h"

#include <stdlib.h>

void document_free(struct document *d)
{
	item_free(&d->item);
	buffer_free(&d->headers);
	buffer_free(&d->trailers);
	buffer_free(&d->body);
	buffer_free(&d->raw);
	free(d->attempts);
	buffer_free(&d->attempt_texts);
	for (size_t i = 0; i < d->replay_count; i++)
		item_free(&d->replays[i]);
	free(d->replays);
	free(d->trouble);
	*d = (struct document){ 0 };
}
