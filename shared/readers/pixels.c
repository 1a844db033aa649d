#include "shared/readers/pixels_private.h"

#include <stdlib.h>
#include <string.h>

#include "shared/readers/image.h"

void pixels_add(struct pixel_grid *g, uint32_t x, uint32_t y, const uint8_t rgb[3], bool clear)
{
	size_t column = (size_t)((uint64_t)x * (unsigned)g->width / g->full_width);
	size_t row = (size_t)((uint64_t)y * (unsigned)g->height / g->full_height);
	struct pixel_sum *s = &g->at[row * (unsigned)g->width + column];
	s->count++;
	if (clear) {
		s->clear++;
		return;
	}
	s->red += rgb[0];
	s->green += rgb[1];
	s->blue += rgb[2];
}

/* Every pixel of the grid gets one of the image at least. */
static bool choose_size(struct pixel_grid *g, int most_width, int most_height)
{
	uint64_t width = g->full_width, height = g->full_height;
	if (!width || !height || width > UINT16_MAX || height > UINT16_MAX || width * height > PIXELS_MOST ||
	    most_width < 1 || most_height < 1)
		return false;
	if (width > (unsigned)most_width) {
		height = height * (unsigned)most_width / width;
		width = (unsigned)most_width;
	}
	if (height > (unsigned)most_height) {
		width = width * (unsigned)most_height / height;
		height = (unsigned)most_height;
	}
	g->width = width ? (int)width : 1;
	g->height = height ? (int)height : 1;
	return true;
}

static uint32_t mean(const struct pixel_sum *s)
{
	uint32_t seen = s->count - s->clear;
	if (!seen || s->clear > seen)
		return PIXEL_NONE;
	return s->red / seen << 16 | s->green / seen << 8 | s->blue / seen;
}

bool pixels_read(struct bytes image, int most_width, int most_height, struct pixels *out)
{
	struct image of;
	if (!image_read(image, &of))
		return false;
	bool png = strcmp(of.format, "PNG") == 0, gif = strcmp(of.format, "GIF") == 0;
	struct pixel_grid g = { .full_width = of.width, .full_height = of.height };
	if ((!png && !gif) || !choose_size(&g, most_width, most_height))
		return false;
	size_t count = (size_t)g.width * (size_t)g.height;
	*out = (struct pixels){ g.width, g.height, calloc(count, sizeof *out->at) };
	g.at = calloc(count, sizeof *g.at);
	bool fine = out->at && g.at && (png ? pixels_read_png(image, &g) : pixels_read_gif(image, &g));
	for (size_t i = 0; fine && i < count; i++)
		out->at[i] = mean(&g.at[i]);
	free(g.at);
	if (!fine)
		pixels_free(out);
	return fine;
}

void pixels_free(struct pixels *p)
{
	free(p->at);
	*p = (struct pixels){ 0 };
}
