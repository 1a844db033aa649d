/* The gate that turns untrusted bytes into cells (tui/DESIGN.md §3.11; the same rules as shared/text/text.h, as cells
 * with the role of escaped bytes). Widths by utf8proc. Pure. */
#pragma once

#include "shared/text/text.h"
#include "shared/text/text_figures.h"
#include "tui/terminal/surface.h"

/* Cells of as much of `in` as fits into `most` cells, all of one role but for escaped bytes (ROLE_ESCAPE). *used is how
 * many bytes that was; never splits a character or an escape. TEXT_BODY: TAB expands to the next multiple of 8 counted
 * from `column`, and LF ends the line (it is not consumed). */
size_t text_cells(struct bytes in, enum text_mode mode, enum role role, int column, struct cell *out, size_t most,
		  size_t *used);
/* How many columns the text takes. */
int text_columns(struct bytes in, enum text_mode mode);
