/* Between the files of pixels.h: a grid in which the pixels of a larger image are added up. */
#pragma once

#include "shared/readers/pixels.h"

#define PIXELS_MOST (6u << 20) /* of an image that is read: some 100 ms */

struct pixel_sum {
	uint32_t red, green, blue, clear, count;
};

struct pixel_grid {
	int width, height;                /* of the grid */
	uint32_t full_width, full_height; /* of the image */
	struct pixel_sum *at;
};

/* Adds a pixel of the image at x, y, which must be within. */
void pixels_add(struct pixel_grid *g, uint32_t x, uint32_t y, const uint8_t rgb[3], bool clear);

/* False when nothing could be read. */
bool pixels_read_png(struct bytes image, struct pixel_grid *g);
bool pixels_read_gif(struct bytes image, struct pixel_grid *g);
