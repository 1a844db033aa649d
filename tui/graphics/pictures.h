/* Pictures that cells refer to by number (SURFACE_PIXELS, tui/terminal/surface.h). The document of an image adds its
 * picture and removes it when it is freed; what a surface says of a picture that is gone is drawn as nothing. There is
 * one table, as there is one terminal. Loop thread. */
#pragma once

#include "shared/readers/pixels.h"

struct picture {
	uint32_t id;
	int columns, rows;           /* of cells */
	int cell_width, cell_height; /* pixels of `fine` that a cell has; 1 and 2 where only half blocks are wanted */
	struct pixels fine;          /* all that is shown of the image */
	struct pixels coarse;        /* one pixel a column, two a row, where `fine` has more; else none */
};

#define PICTURE_COLUMNS_MOST 160
/* Pixels of a picture, which bounds the bytes that a terminal is sent to some 3 MB. */
#define PICTURE_WIDTH_MOST 800
#define PICTURE_HEIGHT_MOST 600

/* Sets what a cell measures on a terminal that draws graphics, for pictures that are added from now on; 0 and 0, as at
 * first, for one that does not. */
void pictures_set_cell(int width, int height);
/* Whether images are drawn at all, as at first: else each is as one of a kind that is not read. */
void pictures_draw(bool drawn);
/* Adds what an image shows, made small enough for so many columns; its id is never 0. */
MUST_CHECK enum pixels_result pictures_add(struct bytes image, int columns, uint32_t *id);
/* NULL when it was removed. Valid until that. */
const struct picture *pictures_find(uint32_t id);
void pictures_remove(uint32_t id);
/* The colour of half a cell, 0xRRGGBB or PIXEL_NONE; row 0 is the upper half of the first cell. */
uint32_t pictures_half(const struct picture *p, int column, int row);
