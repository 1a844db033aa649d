#include "shared/query/item.h"
#include "shared/query/store_query.h"

void item_free(struct item *i)
{
	buffer_free(&i->texts);
	*i = (struct item){ 0 };
}

/* Every text of a row, so that copying forgets none. */
static struct bytes *text_of(struct delivery_row *row, size_t i)
{
	struct bytes *const texts[] = { &row->tunnel, &row->method,   &row->target,     &row->path,
					&row->peer,   &row->provider, &row->event_type, &row->signature,
					&row->host,   &row->note,     &row->tags };
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

struct reading {
	struct item *out;
	bool no_memory;
};

static void on_row(void *user, const struct delivery_row *row)
{
	struct reading *r = user;
	r->no_memory = !item_copy(r->out, row);
}

bool item_read(struct store *s, int64_t id, struct item *out, struct error *e)
{
	struct reading r = { .out = out };
	*out = (struct item){ 0 };
	return store_get(s, id, on_row, &r, e) && (!r.no_memory || error_set(e, EXIT_STORE, "out of memory"));
}
