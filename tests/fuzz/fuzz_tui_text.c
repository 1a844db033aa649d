/* The gate to the screen: whatever comes in, cells hold nothing that a terminal acts on, the width asked for is kept,
 * all of the input is taken sooner or later, and what is counted is what is drawn. The list of what must not pass is
 * written down here once more, from TUI.md §3.11. */
#include <stdlib.h>

#include "tui/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 200

static bool must_not_pass(uint32_t c)
{
	static const uint32_t ranges[][2] = {
		{ 0x00, 0x1f },     { 0x7f, 0x9f },       { 0xad, 0xad },          { 0x61c, 0x61c },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x2060 },      { 0x2066, 0x2069 },
		{ 0xd800, 0xf8ff }, { 0xfdd0, 0xfdef },   { 0xfe0e, 0xfe0f },      { 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffb }, { 0xe0000, 0xe007f }, { 0xf0000, 0xffffffff },
	};
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return (c & 0xfffe) == 0xfffe;
}

static void check_cells(const struct cell *cells, size_t count, enum role role)
{
	for (size_t i = 0; i < count; i++) {
		const struct cell *c = &cells[i];
		bool right_half = i > 0 && cells[i - 1].width == 2;
		if (right_half != (c->base == 0) || (c->width == 0) != right_half || c->width > 2 || c->selected)
			abort();
		if (c->width == 2 && i + 1 == count)
			abort();
		if (!right_half && must_not_pass(c->base))
			abort();
		if (c->role == ROLE_ESCAPE ? c->base < 0x21 || c->base > 0x7e : c->role != role)
			abort();
		for (int m = 0; m < 2; m++)
			if (c->mark[m] && (must_not_pass(c->mark[m]) || right_half || c->role == ROLE_ESCAPE))
				abort();
		if (c->mark[1] && !c->mark[0])
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cell cells[MOST + 1];
	if (size < 2)
		return 0;
	enum text_mode mode = data[0] & 1 ? TEXT_BODY : TEXT_LINE;
	size_t most = 12 + data[1] % (MOST - 11);
	struct bytes in = bytes_make(data + 2, size - 2);
	for (size_t at = 0; at < in.len;) {
		size_t used;
		struct bytes rest = bytes_make(in.at + at, in.len - at);
		/* What must stay as it is behind what was asked for. */
		cells[most].base = 0x2a;
		size_t count = text_cells(rest, mode, ROLE_STRING, data[0] >> 1, cells, most, &used);
		if (count > most || used > rest.len || cells[most].base != 0x2a)
			abort();
		check_cells(cells, count, ROLE_STRING);
		bool whole =
		    at == 0 && data[0] >> 1 == 0 && (used == rest.len || (mode == TEXT_BODY && rest.at[used] == '\n'));
		if (whole && text_columns(rest, mode) != (int)count)
			abort();
		if (used == 0 && (mode != TEXT_BODY || *rest.at != '\n'))
			abort();
		at += used ? used : 1;
	}
	return 0;
}
