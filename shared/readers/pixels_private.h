/* Between the files of pixels.h: a grid in which the pixels of a larger image are added up. */
#pragma once

#include "shared/readers/pixels.h"

#define PIXELS_MOST (12u << 20)       /* of an image that is read whole: some 200 ms */
#define PIXELS_MOST_SCALED 100000000u /* of one whose reader can leave pixels out */

struct pixel_sum {
	uint32_t red, green, blue, clear, count;
};

struct pixel_grid {
	int width, height;                /* of the grid */
	uint32_t full_width, full_height; /* of the image, or what its reader makes of it; at most 65,535 */
	struct pixel_sum *at;
	struct pixel_scale {
		uint32_t from; /* 0: not known yet */
		uint64_t by;   /* in 2^-32, rounded up: exact for what is below 65,536 */
	} across, down;
};

/* Adds a pixel of the image at x, y, which must be within. */
void pixels_add(struct pixel_grid *g, uint32_t x, uint32_t y, const uint8_t rgb[3], bool clear);

/* PIXELS_READ when anything could be read, or why not. */
enum pixels_result pixels_read_png(struct bytes image, struct pixel_grid *g);
enum pixels_result pixels_read_gif(struct bytes image, struct pixel_grid *g);
enum pixels_result pixels_read_jpeg(struct bytes image, struct pixel_grid *g);
enum pixels_result pixels_read_webp(struct bytes image, struct pixel_grid *g);
