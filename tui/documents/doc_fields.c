/* Lines of a name and a value: header fields, pairs of a form; and notes of our own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/http/headers.h"
#include "tui/documents/doc_make.h"
#include "tui/documents/rows.h"

struct fields_doc {
	struct doc doc;
	struct doc_field *fields;
	size_t count;
	const char *between;
	enum role role; /* of values */
	struct buffer memory;
	struct rows rows;
};

static void make(void *self, size_t line, struct pieces *out)
{
	struct fields_doc *d = self;
	const struct doc_field *f = &d->fields[line];
	pieces_add(out, f->name, d->role == ROLE_OURS ? ROLE_OURS : ROLE_NAME);
	if (f->has_value) {
		pieces_add_text(out, d->between, ROLE_NORMAL);
		pieces_add(out, f->value, d->role);
	}
}

static size_t fields_count(struct doc *doc)
{
	return ((struct fields_doc *)doc)->rows.count;
}

static size_t fields_line(struct doc *doc, size_t i, struct cell *out, size_t most)
{
	struct fields_doc *d = (struct fields_doc *)doc;
	return i < d->rows.count ? rows_cells(&d->rows, i, out, most) : 0;
}

static bool fields_find(struct doc *doc, struct doc_place from, bool backwards, struct bytes needle,
			struct doc_place *out)
{
	return rows_find(&((struct fields_doc *)doc)->rows, from, backwards, needle, out);
}

static bool fields_value(struct doc *doc, size_t i, bool path, struct buffer *out)
{
	struct fields_doc *d = (struct fields_doc *)doc;
	size_t part;
	if (i >= d->rows.count || d->role == ROLE_OURS)
		return false;
	const struct doc_field *f = &d->fields[rows_line(&d->rows, i, &part)];
	return buffer_append_bytes(out, path ? f->name : f->value);
}

static void fields_free(struct doc *doc)
{
	struct fields_doc *d = (struct fields_doc *)doc;
	rows_free(&d->rows);
	buffer_free(&d->memory);
	free(d->fields);
	free(d);
}

static const struct doc_ops fields_ops = { fields_count,        fields_line,  doc_fold_nothing, fields_find,
					   doc_partner_nothing, fields_value, fields_free };

static struct doc *build(struct doc_field *fields, size_t count, const char *between, enum role role,
			 struct buffer memory)
{
	struct fields_doc *d = calloc(1, sizeof *d);
	if (!d) {
		buffer_free(&memory);
		free(fields);
		return NULL;
	}
	*d = (struct fields_doc){ .doc = { .ops = &fields_ops },
				  .fields = fields,
				  .count = count,
				  .between = between,
				  .role = role,
				  .memory = memory,
				  .rows = { .lines = count, .make = make, .self = d } };
	if (rows_measure(&d->rows))
		return &d->doc;
	doc_free(&d->doc);
	return NULL;
}

struct doc *doc_fields(struct doc_field *fields, size_t count, const char *between, struct buffer memory)
{
	return build(fields, count, between, ROLE_NORMAL, memory);
}

/* What follows the last whole field, should a block be malformed, is one more line. */
struct doc *doc_headers(struct bytes block)
{
	struct bytes name, value;
	size_t count = headers_count(block), n = 0, end = 0;
	struct doc_field *fields = calloc(count + 1, sizeof *fields);
	if (!fields)
		return NULL;
	for (size_t pos = 0; n < count && headers_next(block, &pos, &name, &value); end = pos)
		fields[n++] = (struct doc_field){ name, value, true };
	if (end < block.len)
		fields[n++] = (struct doc_field){ .name = bytes_make(block.at + end, block.len - end) };
	struct doc *d = doc_fields(fields, n, ": ", (struct buffer){ 0 });
	if (d)
		snprintf(d->about, sizeof d->about, "%zu header field%s", n, n == 1 ? "" : "s");
	return d;
}

struct doc *doc_note(const char *text)
{
	struct buffer memory = { 0 };
	size_t count = 1, n = 0;
	for (const char *at = text; *at; at++)
		count += *at == '\n';
	struct doc_field *fields = calloc(count, sizeof *fields);
	if (!fields || !buffer_append_text(&memory, text)) {
		free(fields);
		buffer_free(&memory);
		return NULL;
	}
	for (size_t i = 0; n < count; n++) {
		const uint8_t *start = memory.at + i,
			      *end = memory.len > i ? memchr(start, '\n', memory.len - i) : NULL;
		size_t len = end ? (size_t)(end - start) : memory.len - i;
		fields[n].name = bytes_make(start, len);
		i += len + 1;
	}
	return build(fields, count, "", ROLE_OURS, memory);
}

struct doc *doc_under_note(const char *note, struct doc *d)
{
	struct doc *parts[] = { doc_note(note), d };
	return doc_join(parts, 2);
}

/* A document with the memory it shows. */
struct owning {
	struct doc doc;
	struct doc *inner;
	struct buffer memory;
};

static struct doc *inner_of(struct doc *doc)
{
	return ((struct owning *)doc)->inner;
}

static size_t own_count(struct doc *doc)
{
	return inner_of(doc)->ops->count(inner_of(doc));
}

static size_t own_line(struct doc *doc, size_t i, struct cell *out, size_t most)
{
	return inner_of(doc)->ops->line(inner_of(doc), i, out, most);
}

static size_t own_fold(struct doc *doc, size_t i, enum doc_fold how)
{
	return inner_of(doc)->ops->fold(inner_of(doc), i, how);
}

static bool own_find(struct doc *doc, struct doc_place from, bool backwards, struct bytes needle, struct doc_place *out)
{
	return inner_of(doc)->ops->find(inner_of(doc), from, backwards, needle, out);
}

static size_t own_partner(struct doc *doc, size_t i)
{
	return inner_of(doc)->ops->partner(inner_of(doc), i);
}

static bool own_value(struct doc *doc, size_t i, bool path, struct buffer *out)
{
	return inner_of(doc)->ops->value(inner_of(doc), i, path, out);
}

static void own_free(struct doc *doc)
{
	struct owning *d = (struct owning *)doc;
	doc_free(d->inner);
	buffer_free(&d->memory);
	free(d);
}

static const struct doc_ops own_ops = { own_count, own_line, own_fold, own_find, own_partner, own_value, own_free };

struct doc *doc_owning(struct doc *inner, struct buffer memory)
{
	struct owning *d = inner ? calloc(1, sizeof *d) : NULL;
	if (!d) {
		doc_free(inner);
		buffer_free(&memory);
		return NULL;
	}
	*d = (struct owning){ .doc = { .ops = &own_ops }, .inner = inner, .memory = memory };
	memcpy(d->doc.about, inner->about, sizeof d->doc.about);
	d->doc.folds = inner->folds;
	return &d->doc;
}
