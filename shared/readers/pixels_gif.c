/* The first frame of a GIF (87a and 89a): LZW of 2 to 12 bits, interlaced or not, a transparent colour. */
#include "shared/readers/pixels_private.h"

#include <string.h>

#define HEAD 13
#define CODES 4096
#define NO_CODE 0xffff

struct gif {
	struct pixel_grid *grid;
	struct bytes rest;
	const uint8_t *colours; /* three bytes each */
	size_t colour_count;
	int clear_colour;                  /* -1: none */
	uint32_t left, top, width, height; /* of the frame */
	bool interlaced;
	uint32_t x, y; /* in it */
	int pass;
	bool any;
};

struct lzw {
	uint16_t prefix[CODES];
	uint8_t last[CODES], turned[CODES];
	unsigned least, size, next, previous; /* size: bits of a code */
	uint8_t first;                        /* of what the previous code stood for */
	uint32_t bits;
	unsigned bit_count;
};

static bool skip(struct bytes *in, size_t len)
{
	if (in->len < len)
		return false;
	*in = bytes_make(in->at + len, in->len - len);
	return true;
}

static uint32_t u16(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8;
}

static bool take_colours(struct gif *g, uint8_t flags)
{
	size_t count = flags & 0x80 ? (size_t)2 << (flags & 7) : 0;
	if (!count)
		return true;
	g->colours = g->rest.at;
	g->colour_count = count;
	return skip(&g->rest, count * 3);
}

static bool skip_blocks(struct gif *g)
{
	while (g->rest.len && g->rest.at[0])
		if (!skip(&g->rest, (size_t)g->rest.at[0] + 1))
			return false;
	return skip(&g->rest, 1);
}

static bool take_extension(struct gif *g)
{
	const uint8_t *at = g->rest.at;
	if (g->rest.len >= 8 && at[1] == 0xf9 && at[2] >= 4)
		g->clear_colour = at[3] & 1 ? at[6] : -1;
	return skip(&g->rest, 2) && skip_blocks(g);
}

/* Up to the frame's codes. */
static bool find_frame(struct gif *g, struct bytes image)
{
	g->rest = image;
	g->clear_colour = -1;
	if (image.len < HEAD || !skip(&g->rest, HEAD) || !take_colours(g, image.at[10]))
		return false;
	while (g->rest.len && g->rest.at[0] == '!')
		if (!take_extension(g))
			return false;
	const uint8_t *at = g->rest.at;
	if (g->rest.len < 10 || at[0] != ',')
		return false;
	g->left = u16(at + 1);
	g->top = u16(at + 3);
	g->width = u16(at + 5);
	g->height = u16(at + 7);
	g->interlaced = at[9] & 0x40;
	return g->width && (uint64_t)g->width * g->height <= PIXELS_MOST && skip(&g->rest, 10) &&
	       take_colours(g, at[9]);
}

static void next_row(struct gif *g)
{
	static const uint8_t from[] = { 0, 4, 2, 1 }, step[] = { 8, 8, 4, 2 };
	g->x = 0;
	g->y += g->interlaced ? step[g->pass] : 1;
	while (g->interlaced && g->y >= g->height && g->pass < 3)
		g->y = from[++g->pass];
}

/* False when the frame is full. */
static bool put_colour(struct gif *g, uint8_t colour)
{
	uint32_t x = g->left + g->x, y = g->top + g->y;
	if (g->y >= g->height)
		return false;
	if (x < g->grid->full_width && y < g->grid->full_height && colour < g->colour_count) {
		pixels_add(g->grid, x, y, g->colours + (size_t)colour * 3, colour == g->clear_colour);
		g->any = true;
	}
	if (++g->x == g->width)
		next_row(g);
	return true;
}

static void begin_codes(struct lzw *z)
{
	z->size = z->least + 1;
	z->next = (1u << z->least) + 2;
	z->previous = NO_CODE;
}

/* What a code stands for, the last first: put the other way round. False when the frame is full or the code is none. */
static bool put_code(struct gif *g, struct lzw *z, unsigned code)
{
	unsigned at = code;
	size_t len = 0;
	if (code > z->next || (code == z->next && z->previous == NO_CODE))
		return false;
	if (code == z->next) {
		z->turned[len++] = z->first;
		at = z->previous;
	}
	for (; at >= 1u << z->least && len < CODES; at = z->prefix[at])
		z->turned[len++] = z->last[at];
	if (len == CODES)
		return false;
	z->turned[len++] = z->first = (uint8_t)at;
	if (z->previous != NO_CODE && z->next < CODES) {
		z->prefix[z->next] = (uint16_t)z->previous;
		z->last[z->next++] = z->first;
		if (z->next == 1u << z->size && z->size < 12)
			z->size++;
	}
	z->previous = code;
	while (len)
		if (!put_colour(g, z->turned[--len]))
			return false;
	return true;
}

static bool take_byte(struct gif *g, struct lzw *z, uint8_t byte)
{
	z->bits |= (uint32_t)byte << z->bit_count;
	z->bit_count += 8;
	while (z->bit_count >= z->size) {
		unsigned code = z->bits & ((1u << z->size) - 1), clear = 1u << z->least;
		z->bits >>= z->size;
		z->bit_count -= z->size;
		if (code == clear)
			begin_codes(z);
		else if (code == clear + 1 || !put_code(g, z, code))
			return false;
	}
	return true;
}

static void read_codes(struct gif *g)
{
	struct lzw z = { .least = g->rest.len ? g->rest.at[0] : 0 };
	if (z.least < 2 || z.least > 8 || !skip(&g->rest, 1))
		return;
	begin_codes(&z);
	while (g->rest.len > 1 && g->rest.at[0]) {
		size_t len = g->rest.at[0];
		len = len < g->rest.len ? len : g->rest.len - 1;
		for (size_t i = 1; i <= len; i++)
			if (!take_byte(g, &z, g->rest.at[i]))
				return;
		if (!skip(&g->rest, len + 1))
			return;
	}
}

enum pixels_result pixels_read_gif(struct bytes image, struct pixel_grid *grid)
{
	struct gif g = { .grid = grid };
	if (find_frame(&g, image))
		read_codes(&g);
	return g.any ? PIXELS_READ : PIXELS_DAMAGED;
}
