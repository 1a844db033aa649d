/* Lines of a document that are made of pieces of text, shown in rows: a line that is too long for one row goes on in
 * the next. Only where long lines break is kept; cells are made when they are asked for. Pure. */
#pragma once

#include "tui/documents/doc.h"
#include "tui/documents/pieces.h"

/* Cells a row is filled with: below DOC_LINE_MAX by what a view may put around them. */
#define ROW_CELLS (DOC_LINE_MAX - 64)
/* No byte gives more cells than this ("<ff>"); a TAB in a body does. */
#define CELLS_PER_BYTE 4
#define CONTINUED "~ "
#define CONTINUED_CELLS 2

struct rows {
	size_t lines;
	void (*make)(void *self, size_t line, struct pieces *out);
	void *self;
	/* Filled by rows_measure. */
	struct long_line *longs;
	size_t long_count;
	struct buffer breaks; /* uint32_t: offsets in the line where its further rows begin */
	size_t count;         /* rows */
};

/* Finds the long lines. False when out of memory. */
MUST_CHECK bool rows_measure(struct rows *r);
void rows_free(struct rows *r);
/* The line that a row belongs to; *part: which row of that line it is, from 0. */
size_t rows_line(const struct rows *r, size_t row, size_t *part);
size_t rows_first(const struct rows *r, size_t line);
size_t rows_cells(const struct rows *r, size_t row, struct cell *out, size_t most);
/* As doc_ops.find, in rows. */
bool rows_find(const struct rows *r, struct doc_place from, bool backwards, struct bytes needle, struct doc_place *out);
