/* Draws the cells of pictures: with 256 colours as half blocks of two colours, else as half blocks or characters by how
 * bright the pixels are. Writes through curses; the inspector's thread. */
#pragma once

#include "tui/terminal/surface.h"

#define PICTURE_PAIRS 4096 /* a power of two */

struct term_picture {
	bool colours, utf8;
	uint32_t keys[PICTURE_PAIRS]; /* 0: none; else the two colours of the pair of this place */
	int count;
};

/* Called before the cells of a screen. True when the colours were assigned again, and everything has to be drawn
 * again. */
bool term_picture_begin(struct term_picture *p);
/* `as_graphics`: the terminal draws the picture over the cell, which is left blank. */
void term_picture_put(struct term_picture *p, int x, int y, const struct cell *c, bool as_graphics);
