/* Sixels (DEC's VT330/VT340 Programmer Reference Manual, chapter 14): bands of six rows, each colour of a band drawn
 * over the others. 252 colours, six of red, seven of green and six of blue, their errors spread over the neighbours
 * (Floyd and Steinberg). */
#include <stdlib.h>
#include <string.h>

#include "tui/graphics/graphics.h"

#define CLEAR 255
#define BAND 6

static const int levels[3] = { 6, 7, 6 };

#define COLOURS (6 * 7 * 6)

static int clamp(int v)
{
	return v < 0 ? 0 : v > 255 ? 255 : v;
}

/* The rest of the colour is passed on to the right and to the row below; `error` has room for a pixel on each side. */
static uint8_t choose(uint32_t rgb, int (*error)[3], int (*below)[3])
{
	int colour = 0;
	for (int i = 0; i < 3; i++) {
		int wanted = clamp((int)(rgb >> (16 - 8 * i) & 0xff) + error[0][i] / 16);
		int level = (wanted * (levels[i] - 1) + 127) / 255, off = wanted - level * 255 / (levels[i] - 1);
		colour = colour * levels[i] + level;
		error[1][i] += off * 7;
		below[-1][i] += off * 3;
		below[0][i] += off * 5;
		below[1][i] += off;
	}
	return (uint8_t)colour;
}

static uint8_t *choose_all(const struct pixels *p, struct graphics_part part)
{
	size_t width = (size_t)part.width, row_size = (width + 2) * sizeof(int[3]);
	uint8_t *out = calloc(width, (size_t)part.height);
	int(*errors)[3] = calloc(2, row_size), (*here)[3] = errors, (*below)[3] = errors ? errors + width + 2 : NULL;
	for (int y = 0; out && errors && y < part.height; y++) {
		for (int x = 0; x < part.width; x++) {
			uint32_t c = p->at[(size_t)(part.y + y) * (size_t)p->width + (size_t)(part.x + x)];
			out[(size_t)y * width + (size_t)x] =
			    c == PIXEL_NONE ? CLEAR : choose(c, here + 1 + x, below + 1 + x);
		}
		int(*swap)[3] = here;
		here = below;
		below = swap;
		memset(below, 0, row_size);
	}
	if (!errors) {
		free(out);
		out = NULL;
	}
	free(errors);
	return out;
}

static bool put_palette(struct buffer *out, const bool used[COLOURS])
{
	for (int c = 0; c < COLOURS; c++) {
		int red = c / (levels[1] * levels[2]), green = c / levels[2] % levels[1], blue = c % levels[2];
		if (used[c] && !buffer_printf(out, "#%d;2;%d;%d;%d", c, red * 100 / (levels[0] - 1),
					      green * 100 / (levels[1] - 1), blue * 100 / (levels[2] - 1)))
			return false;
	}
	return true;
}

static bool put_run(struct buffer *out, uint8_t sixel, int count)
{
	if (count > 3)
		return buffer_printf(out, "!%d%c", count, sixel);
	for (; count > 0; count--)
		if (!buffer_put_u8(out, sixel))
			return false;
	return true;
}

/* One colour of a band; what is clear at its end is left out. */
static bool put_colour(struct buffer *out, const uint8_t *band, int width, int rows, uint8_t colour)
{
	int count = 0;
	uint8_t last = 0;
	if (!buffer_printf(out, "#%d", colour))
		return false;
	for (int x = 0; x < width; x++) {
		unsigned bits = 0;
		for (int y = 0; y < rows; y++)
			bits |= (unsigned)(band[(size_t)y * (size_t)width + (size_t)x] == colour) << y;
		uint8_t sixel = (uint8_t)('?' + bits);
		if (sixel != last && !put_run(out, last, count))
			return false;
		count = sixel == last ? count + 1 : 1;
		last = sixel;
	}
	return (last == '?' || put_run(out, last, count)) && buffer_put_u8(out, '$');
}

static void note_used(const uint8_t *at, size_t count, bool used[COLOURS])
{
	memset(used, 0, (size_t)COLOURS * sizeof *used);
	for (size_t i = 0; i < count; i++)
		if (at[i] < COLOURS)
			used[at[i]] = true;
}

static bool put_bands(struct buffer *out, const uint8_t *colours, struct graphics_part part)
{
	bool used[COLOURS];
	for (int y = 0; y < part.height; y += BAND) {
		int rows = part.height - y < BAND ? part.height - y : BAND;
		const uint8_t *band = colours + (size_t)y * (size_t)part.width;
		note_used(band, (size_t)rows * (size_t)part.width, used);
		for (int c = 0; c < COLOURS; c++)
			if (used[c] && !put_colour(out, band, part.width, rows, (uint8_t)c))
				return false;
		if (y + BAND < part.height && !buffer_put_u8(out, '-'))
			return false;
	}
	return true;
}

bool graphics_put_sixel(struct buffer *out, const struct pixels *p, struct graphics_part part)
{
	bool used[COLOURS];
	uint8_t *colours = choose_all(p, part);
	if (!colours)
		return false;
	note_used(colours, (size_t)part.width * (size_t)part.height, used);
	bool fine = buffer_printf(out, "\x1bP0;1;0q\"1;1;%d;%d", part.width, part.height) && put_palette(out, used) &&
		    put_bands(out, colours, part) && buffer_append_text(out, "\x1b\\");
	free(colours);
	return fine;
}
