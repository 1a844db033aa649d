#include "shared/readers/pixels_private.h"

#include <stdlib.h>
#include <string.h>

#include "shared/readers/image.h"

/* x * to / from, without a division a pixel. */
static size_t scaled(struct pixel_scale *s, uint32_t x, uint32_t from, int to)
{
	if (s->from != from)
		*s = (struct pixel_scale){ from, (((uint64_t)to << 32) + from - 1) / from };
	return (size_t)(x * s->by >> 32);
}

void pixels_add(struct pixel_grid *g, uint32_t x, uint32_t y, const uint8_t rgb[3], bool clear)
{
	size_t column = scaled(&g->across, x, g->full_width, g->width);
	size_t row = scaled(&g->down, y, g->full_height, g->height);
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
	if (!width || !height || most_width < 1 || most_height < 1)
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

static const struct reader {
	const char *format;
	enum pixels_result (*read)(struct bytes image, struct pixel_grid *g);
	uint32_t most; /* pixels */
} readers[] = {
	{ "PNG", pixels_read_png, PIXELS_MOST },
	{ "GIF", pixels_read_gif, PIXELS_MOST },
	{ "JPEG", pixels_read_jpeg, PIXELS_MOST_SCALED },
	{ "WebP", pixels_read_webp, PIXELS_MOST },
};

static const struct reader *reader_of(const struct image *image)
{
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
		if (strcmp(image->format, readers[i].format) == 0)
			return &readers[i];
	return NULL;
}

/* The means of a grid that is filled; its sums are freed in any case. */
static bool take_means(struct pixel_grid *g, struct pixels *out)
{
	size_t count = (size_t)g->width * (size_t)g->height;
	*out = (struct pixels){ g->width, g->height, calloc(count, sizeof *out->at) };
	for (size_t i = 0; out->at && i < count; i++)
		out->at[i] = mean(&g->at[i]);
	free(g->at);
	g->at = NULL;
	return out->at;
}

static bool begin_grid(struct pixel_grid *g)
{
	g->at = calloc((size_t)g->width * (size_t)g->height, sizeof *g->at);
	return g->at;
}

enum pixels_result pixels_read(struct bytes image, int most_width, int most_height, struct pixels *out)
{
	struct image of;
	*out = (struct pixels){ 0 };
	if (!image_read(image, &of))
		return PIXELS_OTHER;
	const struct reader *reader = reader_of(&of);
	struct pixel_grid g = { .full_width = of.width, .full_height = of.height };
	if (!reader || !choose_size(&g, most_width, most_height))
		return PIXELS_OTHER;
	if (of.width > UINT16_MAX || of.height > UINT16_MAX || (uint64_t)of.width * of.height > reader->most)
		return PIXELS_TOO_LARGE;
	if (!begin_grid(&g))
		return PIXELS_NO_MEMORY;
	enum pixels_result result = reader->read(image, &g);
	if (result == PIXELS_READ)
		return take_means(&g, out) ? PIXELS_READ : PIXELS_NO_MEMORY;
	free(g.at);
	return result;
}

bool pixels_shrink(const struct pixels *p, int width, int height, struct pixels *out)
{
	struct pixel_grid g = {
		.width = width, .height = height, .full_width = (uint32_t)p->width, .full_height = (uint32_t)p->height
	};
	*out = (struct pixels){ 0 };
	if (!begin_grid(&g))
		return false;
	for (int y = 0; y < p->height; y++)
		for (int x = 0; x < p->width; x++) {
			uint32_t c = p->at[(size_t)y * (size_t)p->width + (size_t)x];
			uint8_t rgb[3] = { (uint8_t)(c >> 16), (uint8_t)(c >> 8), (uint8_t)c };
			pixels_add(&g, (uint32_t)x, (uint32_t)y, rgb, c == PIXEL_NONE);
		}
	return take_means(&g, out);
}

void pixels_free(struct pixels *p)
{
	free(p->at);
	*p = (struct pixels){ 0 };
}
