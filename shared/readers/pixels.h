/* What an image shows, made small enough for a terminal: PNG (any depth, interlaced too), JPEG, WebP and the first
 * frame of GIF. JPEG is read by libjpeg and WebP by libwebp, where creel was built with them. Work and memory are
 * bounded whatever the image says of itself. Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"

#define PIXEL_NONE UINT32_MAX /* transparent, or not there */

struct pixels {
	int width, height;
	uint32_t *at; /* row by row: 0xRRGGBB or PIXEL_NONE */
};

enum pixels_result {
	PIXELS_READ,
	PIXELS_OTHER,     /* no image, or of a kind that is not read */
	PIXELS_LEFT_OUT,  /* of a kind whose library creel was built without */
	PIXELS_TOO_LARGE, /* reading it would be too much work */
	PIXELS_DAMAGED,   /* nothing of it can be read */
	PIXELS_NO_MEMORY,
};

/* Made smaller to fit, its proportions kept; never larger. An image that is cut short is read as far as it goes.
 * Nothing is to be freed unless it was read. */
MUST_CHECK enum pixels_result pixels_read(struct bytes image, int most_width, int most_height, struct pixels *out);
/* Makes them smaller, to sizes that are no larger than theirs. False when out of memory. */
MUST_CHECK bool pixels_shrink(const struct pixels *p, int width, int height, struct pixels *out);
void pixels_free(struct pixels *p);
