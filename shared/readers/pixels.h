/* What an image shows, made small enough for a terminal: PNG (any depth, interlaced too) and the first frame of GIF.
 * JPEG and WebP are not read. Work and memory are bounded whatever the image says of itself. Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"

#define PIXEL_NONE UINT32_MAX /* transparent, or not there */

struct pixels {
	int width, height;
	uint32_t *at; /* row by row: 0xRRGGBB or PIXEL_NONE */
};

/* Made smaller to fit, its proportions kept; never larger. An image that is cut short is read as far as it goes. False
 * when its kind is not read, it shows nothing or would be too much work, or when out of memory. */
MUST_CHECK bool pixels_read(struct bytes image, int most_width, int most_height, struct pixels *out);
void pixels_free(struct pixels *p);
