/* What a terminal answers about its graphics, and pictures that are sent to it: whatever the pixels are, only what the
 * protocols have for them is written. The first two bytes are a picture's size, the rest its pixels. */
#include <stdlib.h>
#include <string.h>

#include "tui/graphics/graphics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_answers(struct bytes text)
{
	int width = -1, height = -1;
	enum graphics_said said = graphics_read_answer('[', text, &width, &height);
	if (said == GRAPHICS_SAID_KITTY || (said == GRAPHICS_SAID_CELL) != (width >= 0) || width > 99999)
		abort();
	said = graphics_read_answer('_', text, &width, &height);
	if (said != GRAPHICS_SAID_KITTY && said != GRAPHICS_SAID_OTHER)
		abort();
}

/* Between ESC and its end nothing below a blank and nothing beyond ASCII. */
static void check_plain(const struct buffer *b)
{
	for (size_t i = 0; i < b->len; i++) {
		bool begins = b->at[i] == 0x1b && i + 1 < b->len && strchr("_P\\", b->at[i + 1]);
		if ((b->at[i] < 0x20 || b->at[i] > 0x7e) && !begins)
			abort();
	}
	if (b->len < 4 || b->at[0] != 0x1b || memcmp(b->at + b->len - 2, "\x1b\\", 2) != 0)
		abort();
}

static uint32_t pixel(const uint8_t *at)
{
	return at[3] & 1 ? PIXEL_NONE : (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_make(data, size);
	read_answers(in);
	if (size < 2)
		return 0;
	struct pixels p = { 1 + data[0] % 64, 1 + data[1] % 64, NULL };
	size_t count = (size_t)p.width * (size_t)p.height;
	if (!(p.at = calloc(count, sizeof *p.at)))
		return 0;
	for (size_t i = 0; i < count && 2 + 4 * i + 4 <= size; i++)
		p.at[i] = pixel(data + 2 + 4 * i);
	struct buffer sixel = { 0 }, kitty = { 0 };
	struct graphics_part part = { p.width / 3, p.height / 3, p.width - p.width / 3, p.height - p.height / 3 };
	if (graphics_put_sixel(&sixel, &p, part))
		check_plain(&sixel);
	if (graphics_put_kitty(&kitty, &p, 7) && graphics_place_kitty(&kitty, 7, part))
		check_plain(&kitty);
	buffer_free(&sixel);
	buffer_free(&kitty);
	pixels_free(&p);
	return 0;
}
