#include "tui/graphics/graphics.h"

#include <string.h>

/* The next number and what stands after it, such as ';' or the last letter; false at the end. */
static bool take_number(struct bytes *rest, int *number, char *after)
{
	*number = 0;
	for (size_t i = 0; i < rest->len; i++) {
		uint8_t c = rest->at[i];
		if (c >= '0' && c <= '9' && *number < 10000) {
			*number = *number * 10 + (c - '0');
			continue;
		}
		*after = (char)c;
		*rest = bytes_make(rest->at + i + 1, rest->len - i - 1);
		return true;
	}
	return false;
}

static enum graphics_said read_attributes(struct bytes rest)
{
	int number;
	char after;
	bool sixel = false, first = true;
	while (take_number(&rest, &number, &after)) {
		sixel = sixel || (!first && number == 4);
		first = false;
		if (after == 'c' && rest.len == 0)
			return sixel ? GRAPHICS_SAID_SIXEL : GRAPHICS_SAID_NO_SIXEL;
		if (after != ';')
			break;
	}
	return GRAPHICS_SAID_OTHER;
}

/* "6;HEIGHT;WIDTHt" */
static enum graphics_said read_cell(struct bytes rest, int *cell_width, int *cell_height)
{
	int what, height, width;
	char after;
	if (!take_number(&rest, &what, &after) || what != 6 || after != ';' || !take_number(&rest, &height, &after) ||
	    after != ';' || !take_number(&rest, &width, &after) || after != 't' || rest.len)
		return GRAPHICS_SAID_OTHER;
	*cell_width = width;
	*cell_height = height;
	return GRAPHICS_SAID_CELL;
}

enum graphics_said graphics_read_answer(uint32_t kind, struct bytes text, int *cell_width, int *cell_height)
{
	if (kind == '_')
		return bytes_equal(text, bytes_of("Gi=31;OK")) ? GRAPHICS_SAID_KITTY : GRAPHICS_SAID_OTHER;
	if (kind != '[' || !text.len)
		return GRAPHICS_SAID_OTHER;
	if (text.at[0] == '?')
		return read_attributes(bytes_make(text.at + 1, text.len - 1));
	return read_cell(text, cell_width, cell_height);
}
