#include "shared/frontend/source.h"

#include <stdlib.h>
#include <string.h>

void page_free(struct page *p)
{
	for (size_t i = 0; i < p->count; i++)
		item_free(&p->items[i]);
	free(p->items);
	free(p->trouble);
	*p = (struct page){ 0 };
}

void document_free(struct document *d)
{
	item_free(&d->item);
	buffer_free(&d->headers);
	buffer_free(&d->trailers);
	buffer_free(&d->body);
	free(d->attempts);
	buffer_free(&d->attempt_texts);
	free(d->replays);
	free(d->trouble);
	*d = (struct document){ 0 };
}

bool client_state_same(const struct client_state *a, const struct client_state *b)
{
	return a->running == b->running && a->confirmed_at_us == b->confirmed_at_us &&
	       strcmp(a->state, b->state) == 0 && strcmp(a->detail, b->detail) == 0 && strcmp(a->url, b->url) == 0 &&
	       strcmp(a->target, b->target) == 0 && strcmp(a->tunnel, b->tunnel) == 0 &&
	       strcmp(a->relay, b->relay) == 0 && strcmp(a->secrets, b->secrets) == 0;
}

void preview_free(struct preview *p)
{
	buffer_free(&p->event_id);
	buffer_free(&p->reason);
	*p = (struct preview){ 0 };
}
