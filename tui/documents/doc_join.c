/* Several documents one below the other. */
#include <stdlib.h>
#include <string.h>

#include "tui/documents/doc_make.h"

struct join_doc {
	struct doc doc;
	struct doc **parts;
	size_t count;
};

/* The part that holds line i, which becomes its line in there; NULL past the end. */
static struct doc *part_at(const struct join_doc *d, size_t *i, size_t *index)
{
	for (*index = 0; *index < d->count; ++*index) {
		size_t count = d->parts[*index]->ops->count(d->parts[*index]);
		if (*i < count)
			return d->parts[*index];
		*i -= count;
	}
	return NULL;
}

static size_t lines_before(const struct join_doc *d, size_t index)
{
	size_t lines = 0;
	for (size_t i = 0; i < index; i++)
		lines += d->parts[i]->ops->count(d->parts[i]);
	return lines;
}

static size_t join_count(struct doc *doc)
{
	struct join_doc *d = (struct join_doc *)doc;
	return lines_before(d, d->count);
}

static size_t join_line(struct doc *doc, size_t i, struct cell *out, size_t most)
{
	size_t index;
	struct doc *part = part_at((struct join_doc *)doc, &i, &index);
	return part ? part->ops->line(part, i, out, most) : 0;
}

static size_t join_fold(struct doc *doc, size_t i, enum doc_fold how)
{
	struct join_doc *d = (struct join_doc *)doc;
	size_t index, inner = i;
	struct doc *part = part_at(d, &inner, &index);
	/* All, none, more and less go to every part. */
	for (size_t k = 0; how != DOC_FOLD_TOGGLE && k < d->count; k++)
		if (k != index)
			d->parts[k]->ops->fold(d->parts[k], 0, how);
	if (part)
		inner = part->ops->fold(part, inner, how);
	return lines_before(d, index) + (part ? inner : 0);
}

static size_t join_partner(struct doc *doc, size_t i)
{
	struct join_doc *d = (struct join_doc *)doc;
	size_t index, inner = i;
	struct doc *part = part_at(d, &inner, &index);
	return part ? lines_before(d, index) + part->ops->partner(part, inner) : i;
}

static bool join_value(struct doc *doc, size_t i, bool path, struct buffer *out)
{
	size_t index;
	struct doc *part = part_at((struct join_doc *)doc, &i, &index);
	return part && part->ops->value(part, i, path, out);
}

/* From the part with `from` on, then the others, each from its end on; at last that part again from its other end. */
static bool join_find(struct doc *doc, struct doc_place from, bool backwards, struct bytes needle,
		      struct doc_place *out)
{
	struct join_doc *d = (struct join_doc *)doc;
	size_t index, line = from.line;
	bool wrap = from.columns != DOC_NO_WRAP, found = false;
	struct doc *part = part_at(d, &line, &index);
	if (d->count == 0 || (!part && !backwards && !wrap))
		return false;
	struct doc_place begin = { line, from.column, DOC_NO_WRAP };
	if (!part) {
		index = backwards ? d->count - 1 : 0;
		begin = (struct doc_place){ backwards ? SIZE_MAX : 0, -1, DOC_NO_WRAP };
	}
	for (size_t n = 0; n <= d->count && !found; n++) {
		part = d->parts[index];
		found = part->ops->find(part, begin, backwards, needle, out);
		if (found)
			break;
		if (!wrap && index == (backwards ? 0 : d->count - 1))
			return false;
		index = backwards ? (index ? index : d->count) - 1 : (index + 1) % d->count;
		begin = (struct doc_place){ backwards ? SIZE_MAX : 0, -1, DOC_NO_WRAP };
	}
	if (found)
		out->line += lines_before(d, index);
	return found;
}

static void join_free(struct doc *doc)
{
	struct join_doc *d = (struct join_doc *)doc;
	for (size_t i = 0; i < d->count; i++)
		doc_free(d->parts[i]);
	free(d->parts);
	free(d);
}

static const struct doc_ops join_ops = { join_count,   join_line,  join_fold, join_find,
					 join_partner, join_value, join_free };

struct doc *doc_join_first(struct doc *doc)
{
	const struct join_doc *d = (const struct join_doc *)doc;
	return doc->ops == &join_ops && d->count ? d->parts[0] : doc;
}

void doc_join_replace_first(struct doc *doc, struct doc *with)
{
	struct join_doc *d = (struct join_doc *)doc;
	doc_free(d->parts[0]);
	d->parts[0] = with;
}

/* A part that is NULL could not be made for lack of memory; then the whole cannot be made either. */
struct doc *doc_join(struct doc **parts, size_t count)
{
	struct join_doc *d = calloc(1, sizeof *d);
	bool fine = d != NULL;
	if (d)
		d->parts = calloc(count + 1, sizeof *d->parts);
	for (size_t i = 0; i < count; i++)
		fine = fine && parts[i] && d->parts;
	if (!fine) {
		for (size_t i = 0; i < count; i++)
			doc_free(parts[i]);
		if (d)
			free(d->parts);
		free(d);
		return NULL;
	}
	memcpy(d->parts, parts, count * sizeof *parts);
	d->count = count;
	d->doc.ops = &join_ops;
	for (size_t i = 0; i < count; i++)
		d->doc.folds = d->doc.folds || parts[i]->folds;
	if (count)
		memcpy(d->doc.about, parts[count - 1]->about, sizeof d->doc.about);
	return &d->doc;
}
