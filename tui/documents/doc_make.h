/* For those who make documents: searching in bytes and cells, notes of our own, and documents put together from others.
 * What gives a document gives NULL when out of memory. Pure. */
#pragma once

#include "tui/documents/doc.h"

/* In `columns` of the place a search begins at: it does not begin again at the other end (for parts of doc_join). */
#define DOC_NO_WRAP (-2)

/* Where `needle` stands in `in`, case folded (shared/text/text_fold.h): the first at or after `from`, or the last
 * before it; SIZE_MAX for nowhere. */
size_t doc_search(struct bytes in, struct bytes needle, size_t from);
size_t doc_search_back(struct bytes in, struct bytes needle, size_t from);
/* doc_ops.find over the cells of any document, our own words left out. Slower than rows_find; for documents that show
 * more than one text on a line. */
bool doc_find_in_cells(struct doc *d, struct doc_place from, bool backwards, struct bytes needle,
		       struct doc_place *out);

/* Writes cells of our own words; gives how many. */
size_t doc_own_words(const char *text, struct cell *out, size_t most);
/* "310 bytes", "4.1 KiB". */
void doc_amount(char text[32], uint64_t bytes);
/* "shown 1.0 of 96 MiB"; false when nothing was cut. */
bool doc_cut_note(char text[80], uint64_t shown, uint64_t total);

/* For documents without folds and brackets. */
size_t doc_fold_nothing(struct doc *d, size_t i, enum doc_fold how);
size_t doc_partner_nothing(struct doc *d, size_t i);

/* Documents one below the other, as one; takes the parts. NULL (and all parts freed) when one of them is NULL. */
struct doc *doc_join(struct doc **parts, size_t count);
/* The first part of a joined document; any other document itself. */
struct doc *doc_join_first(struct doc *d);
/* Frees the first part of a joined document and puts `with`, which it takes, in its place. */
void doc_join_replace_first(struct doc *d, struct doc *with);

/* A few lines of our own, '\n' between them. */
struct doc *doc_note(const char *text);
/* `d`, which it takes, with such a note above. NULL when `d` is NULL. */
struct doc *doc_under_note(const char *note, struct doc *d);
/* `inner` together with the memory that it borrows from; takes both. NULL (and both freed) when inner is NULL. */
struct doc *doc_owning(struct doc *inner, struct buffer memory);

/* Lines of a name and a value, for header fields and forms. */
struct doc_field {
	struct bytes name, value;
	bool has_value;
};
/* Takes `fields` and `memory`, which they may point into. */
struct doc *doc_fields(struct doc_field *fields, size_t count, const char *between, struct buffer memory);
/* Header fields as received. `block` is borrowed for the document's life. */
struct doc *doc_headers(struct bytes block);
