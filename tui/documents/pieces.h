/* One line's text in pieces, each with the role it is shown in. The bytes are borrowed: they must outlive the pieces.
 * Pure.
 */
#pragma once

#include "tui/terminal/surface.h"

#define PIECES_MOST 8

struct piece {
	struct bytes text;
	enum role role; /* ROLE_OURS: our own words, not searched */
	bool is_meter;  /* a bar: # for a whole cell, 1 to 7 for so many eighths of one */
};

struct pieces {
	struct piece at[PIECES_MOST];
	size_t count;
	int indent; /* blanks before them */
	char scratch[96];
};

void pieces_add(struct pieces *p, struct bytes text, enum role role);
void pieces_add_meter(struct pieces *p, struct bytes bar, enum role role);
/* `text` must outlive the pieces. */
void pieces_add_text(struct pieces *p, const char *text, enum role role);

/* The cells of bytes [from, to) of all pieces in a row, at most `most`; *used is where it stopped. */
size_t pieces_cells(const struct pieces *p, size_t from, size_t to, int column, struct cell *out, size_t most,
		    size_t *used);
size_t pieces_len(const struct pieces *p);
