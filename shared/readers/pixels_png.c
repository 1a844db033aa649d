/* PNG (W3C, third edition): chunks, inflate, filters, all colour types and depths, Adam7. Ancillary chunks except tRNS
 * are ignored; checksums are not checked, because a damaged image is shown as far as it goes. */
#include "shared/readers/pixels_private.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { GREY = 0, RGB = 2, PALETTE = 3, GREY_ALPHA = 4, RGB_ALPHA = 6 };

#define CHUNK_HEAD 8
#define CHUNK_CRC 4
#define SIGNATURE 8

struct png {
	struct pixel_grid *grid;
	uint8_t depth, colour, channels;
	bool interlaced;
	uint8_t palette[256][3], alpha[256];
	size_t palette_count;
	bool has_key;
	uint16_t key[3];   /* the colour that is transparent */
	struct bytes rest; /* chunks not looked at yet */
	z_stream z;
	uint8_t *row, *above;
	size_t step; /* bytes of a pixel, 1 at least */
	bool any;
};

/* The next chunk; false when there is no whole one. */
static bool next_chunk(struct bytes *rest, struct bytes *type, struct bytes *data)
{
	if (rest->len < CHUNK_HEAD)
		return false;
	size_t len = bytes_get_u32(rest->at), left = rest->len - CHUNK_HEAD;
	*type = bytes_make(rest->at + 4, 4);
	*data = bytes_make(rest->at + CHUNK_HEAD, len < left ? len : left);
	size_t taken = CHUNK_HEAD + data->len;
	taken += rest->len - taken < CHUNK_CRC ? rest->len - taken : CHUNK_CRC;
	*rest = bytes_make(rest->at + taken, rest->len - taken);
	return true;
}

static bool is_type(struct bytes type, const char *name)
{
	return memcmp(type.at, name, 4) == 0;
}

static bool take_head(struct png *p, struct bytes d)
{
	static const uint8_t channels[] = { [GREY] = 1, [RGB] = 3, [PALETTE] = 1, [GREY_ALPHA] = 2, [RGB_ALPHA] = 4 };
	if (d.len < 13 || d.at[9] >= sizeof channels || !channels[d.at[9]] || d.at[12] > 1)
		return false;
	p->depth = d.at[8];
	p->colour = d.at[9];
	p->channels = channels[p->colour];
	p->interlaced = d.at[12] == 1;
	bool narrow = p->depth == 1 || p->depth == 2 || p->depth == 4;
	if (p->depth != 8 && !(p->depth == 16 && p->colour != PALETTE) &&
	    !(narrow && (p->colour == GREY || p->colour == PALETTE)))
		return false;
	p->step = (size_t)p->depth * p->channels / 8;
	p->step = p->step ? p->step : 1;
	return true;
}

static void take_palette(struct png *p, struct bytes d)
{
	p->palette_count = d.len / 3 < 256 ? d.len / 3 : 256;
	if (p->palette_count)
		memcpy(p->palette, d.at, p->palette_count * 3);
}

static void take_transparency(struct png *p, struct bytes d)
{
	if (p->colour == PALETTE && d.len)
		memcpy(p->alpha, d.at, d.len < 256 ? d.len : 256);
	p->has_key = (p->colour == GREY && d.len >= 2) || (p->colour == RGB && d.len >= 6);
	for (size_t i = 0; p->has_key && i < (p->colour == RGB ? 3u : 1u); i++)
		p->key[i] = bytes_get_u16(d.at + 2 * i);
}

/* Up to the first IDAT. */
static bool read_chunks(struct png *p, struct bytes image)
{
	struct bytes type, data;
	bool head = false;
	p->rest = bytes_make(image.at + SIGNATURE, image.len - SIGNATURE);
	memset(p->alpha, 0xff, sizeof p->alpha);
	for (;;) {
		struct bytes before = p->rest;
		if (!next_chunk(&p->rest, &type, &data))
			return false;
		if (is_type(type, "IHDR") && !(head = take_head(p, data)))
			return false;
		if (is_type(type, "PLTE"))
			take_palette(p, data);
		if (is_type(type, "tRNS"))
			take_transparency(p, data);
		if (is_type(type, "IDAT")) {
			p->rest = before;
			return head;
		}
	}
}

static bool inflate_some(struct png *p)
{
	struct bytes type, data;
	while (p->z.avail_out) {
		if (!p->z.avail_in) {
			if (!next_chunk(&p->rest, &type, &data) || !is_type(type, "IDAT"))
				return false;
			p->z.next_in = (Bytef *)(uintptr_t)data.at;
			p->z.avail_in = (uInt)data.len;
			continue;
		}
		int code = inflate(&p->z, Z_NO_FLUSH);
		if (code != Z_OK && !(code == Z_STREAM_END && !p->z.avail_out))
			return false;
	}
	return true;
}

/* The next `len` bytes of what all IDAT say together. */
static bool inflate_bytes(struct png *p, uint8_t *out, size_t len)
{
	p->z.next_out = out;
	p->z.avail_out = (uInt)len;
	bool fine = inflate_some(p);
	p->z.next_out = NULL;
	return fine;
}

static uint8_t paeth(int a, int b, int c)
{
	int from_a = abs(b - c), from_b = abs(a - c), from_c = abs(a + b - 2 * c);
	return (uint8_t)(from_a <= from_b && from_a <= from_c ? a : from_b <= from_c ? b : c);
}

static bool unfilter(struct png *p, uint8_t filter, size_t len)
{
	uint8_t *row = p->row;
	for (size_t i = 0; i < len; i++) {
		int left = i >= p->step ? row[i - p->step] : 0, up = p->above[i];
		int corner = i >= p->step ? p->above[i - p->step] : 0;
		switch (filter) {
		case 0:
			return true;
		case 1:
			row[i] = (uint8_t)(row[i] + left);
			break;
		case 2:
			row[i] = (uint8_t)(row[i] + up);
			break;
		case 3:
			row[i] = (uint8_t)(row[i] + (left + up) / 2);
			break;
		case 4:
			row[i] = (uint8_t)(row[i] + paeth(left, up, corner));
			break;
		default:
			return false;
		}
	}
	return true;
}

/* Sample i of the row, as it is. */
static uint16_t sample(const struct png *p, size_t i)
{
	if (p->depth == 16)
		return bytes_get_u16(p->row + 2 * i);
	if (p->depth == 8)
		return p->row[i];
	size_t bit = i * p->depth;
	return (uint16_t)((unsigned)p->row[bit / 8] >> (8 - p->depth - bit % 8) & ((1u << p->depth) - 1));
}

static uint8_t in_eight(const struct png *p, uint16_t value)
{
	return (uint8_t)(p->depth == 16 ? value >> 8 : value * 255u / ((1u << p->depth) - 1));
}

static void add_pixel(struct png *p, size_t i, uint32_t x, uint32_t y)
{
	uint16_t s[4] = { 0 };
	uint8_t rgb[3];
	if (p->depth == 8 && (p->colour == RGB_ALPHA || (p->colour == RGB && !p->has_key))) { /* nearly all */
		const uint8_t *at = p->row + i * p->channels;
		pixels_add(p->grid, x, y, at, p->colour == RGB_ALPHA && at[3] < 128);
		return;
	}
	bool colours = p->colour == RGB || p->colour == RGB_ALPHA, clear = p->has_key;
	for (size_t k = 0; k < p->channels; k++)
		s[k] = sample(p, i * p->channels + k);
	if (p->colour == PALETTE) {
		if (s[0] < p->palette_count)
			pixels_add(p->grid, x, y, p->palette[s[0]], p->alpha[s[0]] < 128);
		return;
	}
	for (size_t k = 0; k < 3; k++) {
		rgb[k] = in_eight(p, s[colours ? k : 0]);
		clear = clear && (k == 0 || colours ? s[k] == p->key[k] : true);
	}
	if (p->colour == GREY_ALPHA || p->colour == RGB_ALPHA)
		clear = in_eight(p, s[p->channels - 1]) < 128;
	pixels_add(p->grid, x, y, rgb, clear);
}

/* Every dx-th pixel of every dy-th row. */
static bool read_pass(struct png *p, uint32_t x0, uint32_t y0, uint32_t dx, uint32_t dy)
{
	uint32_t width = p->grid->full_width, height = p->grid->full_height;
	if (x0 >= width || y0 >= height)
		return true;
	size_t count = (width - x0 + dx - 1) / dx, len = (count * p->depth * p->channels + 7) / 8;
	memset(p->above, 0, len);
	for (uint32_t y = y0; y < height; y += dy) {
		uint8_t filter;
		if (!inflate_bytes(p, &filter, 1) || !inflate_bytes(p, p->row, len) || !unfilter(p, filter, len))
			return false;
		for (size_t i = 0; i < count; i++)
			add_pixel(p, i, x0 + (uint32_t)i * dx, y);
		p->any = true;
		uint8_t *swap = p->above;
		p->above = p->row;
		p->row = swap;
	}
	return true;
}

static void read_passes(struct png *p)
{
	static const uint8_t adam7[][4] = { { 0, 0, 8, 8 }, { 4, 0, 8, 8 }, { 0, 4, 4, 8 }, { 2, 0, 4, 4 },
					    { 0, 2, 2, 4 }, { 1, 0, 2, 2 }, { 0, 1, 1, 2 } };
	if (!p->interlaced) {
		(void)!read_pass(p, 0, 0, 1, 1);
		return;
	}
	for (size_t i = 0; i < 7; i++)
		if (!read_pass(p, adam7[i][0], adam7[i][1], adam7[i][2], adam7[i][3]))
			return;
}

enum pixels_result pixels_read_png(struct bytes image, struct pixel_grid *g)
{
	struct png p = { .grid = g };
	if (!read_chunks(&p, image))
		return PIXELS_DAMAGED;
	size_t len = (size_t)g->full_width * 8 + 1;
	p.row = malloc(len);
	p.above = malloc(len);
	bool ready = p.row && p.above && inflateInit(&p.z) == Z_OK;
	if (ready) {
		read_passes(&p);
		inflateEnd(&p.z);
	}
	free(p.row);
	free(p.above);
	return !ready ? PIXELS_NO_MEMORY : p.any ? PIXELS_READ : PIXELS_DAMAGED;
}
