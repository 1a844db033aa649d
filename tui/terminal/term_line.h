/* How long a slow line is still busy with what was drawn: drawings wait for that, so that they do not queue up. It is
 * estimated, since neither a pseudo-terminal nor a remote line says what is under way. Pure. */
#pragma once

#include "tui/terminal/surface.h"

struct term_line {
	uint64_t free_at_us; /* when it has carried everything; of the clock that is passed */
};
/* The surface is drawn over the one before, which has its size, or over nothing (NULL). */
void term_line_carry(struct term_line *l, const struct surface *s, const struct surface *before, uint64_t now_us,
		     int baud);
bool term_line_ready(const struct term_line *l, uint64_t now_us);
