#include "shared/frontend/source.h"

#include <stdlib.h>
#include <string.h>

void item_free(struct item *i)
{
	buffer_free(&i->texts);
	*i = (struct item){ 0 };
}

/* Every text of a row, so that copying forgets none. */
static struct bytes *text_of(struct delivery_row *row, size_t i)
{
	struct bytes *const texts[] = { &row->tunnel, &row->method,   &row->target,     &row->path,
					&row->peer,   &row->provider, &row->event_type, &row->signature };
	return i < sizeof texts / sizeof *texts ? texts[i] : NULL;
}

bool item_copy(struct item *out, const struct delivery_row *row)
{
	struct item copy = { .row = *row };
	struct bytes *text;
	size_t total = 0;
	for (size_t i = 0; (text = text_of(&copy.row, i)); i++)
		total += text->len;
	/* Reserved at once: the views must not move. */
	if (!buffer_reserve(&copy.texts, total ? total : 1))
		return false;
	for (size_t i = 0; (text = text_of(&copy.row, i)); i++) {
		size_t at = copy.texts.len;
		if (!buffer_append_bytes(&copy.texts, *text)) {
			buffer_free(&copy.texts);
			return false;
		}
		*text = bytes_make(copy.texts.at + at, text->len);
	}
	*out = copy;
	return true;
}

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
