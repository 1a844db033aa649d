#define NCURSES_WIDECHAR 1
#include "tui/terminal/term_picture.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>

#include "tui/graphics/pictures.h"

#define PAIRS_BEFORE 256 /* of roles */
#define NO_BREAK_SPACE 0xa0
#define UPPER_HALF 0x2580
#define LOWER_HALF 0x2584
#define FULL 0x2588

bool term_picture_begin(struct term_picture *p)
{
	if (p->count < PICTURE_PAIRS * 3 / 4)
		return false;
	memset(p->keys, 0, sizeof p->keys);
	p->count = 0;
	return true;
}

static int channel(uint32_t rgb, int shift)
{
	return (int)(rgb >> shift & 0xff);
}

static int distance(const int a[3], int r, int g, int b)
{
	return (a[0] - r) * (a[0] - r) + (a[1] - g) * (a[1] - g) + (a[2] - b) * (a[2] - b);
}

/* One of 256 colours for 0xRRGGBB: of the cube of 6 x 6 x 6, or of the 24 greys beside it, whichever is nearer. */
static short colour_of(uint32_t rgb)
{
	static const int levels[] = { 0, 95, 135, 175, 215, 255 };
	const int all[3] = { channel(rgb, 16), channel(rgb, 8), channel(rgb, 0) };
	int nearest[3];
	for (int i = 0; i < 3; i++) {
		int level = all[i] < 48 ? 0 : all[i] < 115 ? 1 : (all[i] - 35) / 40;
		nearest[i] = level > 5 ? 5 : level;
	}
	int mean = (all[0] + all[1] + all[2]) / 3, grey = mean > 238 ? 23 : mean < 8 ? 0 : (mean - 3) / 10;
	int as_grey = 8 + 10 * grey;
	bool is_grey = distance(all, as_grey, as_grey, as_grey) <
		       distance(all, levels[nearest[0]], levels[nearest[1]], levels[nearest[2]]);
	return (short)(is_grey ? 232 + grey : 16 + 36 * nearest[0] + 6 * nearest[1] + nearest[2]);
}

/* 0: there is none left. */
static short pair_of(struct term_picture *p, short front, short back)
{
	uint32_t key = ((uint32_t)(front + 1) << 9 | (uint32_t)(back + 1)) + 1;
	for (uint32_t i = key * 2654435761u >> 20, n = 0; n < 32; i++, n++) {
		uint32_t at = i % PICTURE_PAIRS;
		int pair = PAIRS_BEFORE + (int)at;
		if (p->keys[at] == key)
			return (short)pair;
		if (p->keys[at])
			continue;
		if (pair >= COLOR_PAIRS || init_pair((short)pair, front, back) != OK)
			return 0;
		p->keys[at] = key;
		p->count++;
		return (short)pair;
	}
	return 0;
}

static void put(int x, int y, wchar_t character, short pair)
{
	wchar_t text[2] = { character };
	cchar_t cell;
	if (setcchar(&cell, text, A_NORMAL, pair, NULL) == OK)
		mvadd_wch(y, x, &cell);
}

static int brightness(uint32_t rgb)
{
	return rgb == PIXEL_NONE ? 0 : (channel(rgb, 16) * 3 + channel(rgb, 8) * 6 + channel(rgb, 0)) / 10;
}

/* Ordered dithering: neighbours have different thresholds. */
static bool is_lit(uint32_t rgb, int x, int y)
{
	static const uint8_t bayer[4][4] = { { 0, 8, 2, 10 }, { 12, 4, 14, 6 }, { 3, 11, 1, 9 }, { 15, 7, 13, 5 } };
	return brightness(rgb) > bayer[y & 3][x & 3] * 16 + 8;
}

static wchar_t plain(const struct term_picture *p, int x, int y, uint32_t top, uint32_t bottom)
{
	static const char ramp[] = " .:-=+*#%@";
	if (!p->utf8)
		return ramp[(brightness(top) + brightness(bottom)) * 9 / 510];
	bool upper = is_lit(top, x, 2 * y), lower = is_lit(bottom, x, 2 * y + 1);
	return upper && lower ? FULL : upper ? UPPER_HALF : lower ? LOWER_HALF : ' ';
}

void term_picture_put(struct term_picture *p, int x, int y, const struct cell *c, bool as_graphics)
{
	const struct picture *of = pictures_find(c->mark[0]);
	int column = (int)(c->mark[1] & 0xffff), row = (int)(c->mark[1] >> 16);
	uint32_t top = of ? pictures_half(of, column, 2 * row) : PIXEL_NONE;
	uint32_t bottom = of ? pictures_half(of, column, 2 * row + 1) : PIXEL_NONE;
	if (as_graphics) { /* no blank, which curses would write as part of a cleared line */
		put(x, y, NO_BREAK_SPACE, 0);
		return;
	}
	if (top == PIXEL_NONE && bottom == PIXEL_NONE) {
		put(x, y, ' ', 0);
		return;
	}
	bool lower_alone = top == PIXEL_NONE;
	short front = 0, back = -1, pair = 0;
	if (p->colours && p->utf8) {
		front = colour_of(lower_alone ? bottom : top);
		back = lower_alone || bottom == PIXEL_NONE ? (short)-1 : colour_of(bottom);
		pair = pair_of(p, front, back);
	}
	put(x, y, pair ? (wchar_t)(lower_alone ? LOWER_HALF : UPPER_HALF) : plain(p, x, y, top, bottom), pair);
}
