/* A surface as text, for tests: one line a row without blanks at the end, its roles as a second
 * grid of letters, and what is not on plain ground in words. */
#pragma once

#include <utf8proc.h>

#include "tui/terminal/surface.h"

static inline bool put_code(struct buffer *out, uint32_t code)
{
	utf8proc_uint8_t bytes[4];
	utf8proc_ssize_t len = utf8proc_encode_char((utf8proc_int32_t)code, bytes);
	return len > 0 && buffer_append(out, bytes, (size_t)len);
}

/* What term.c shows on a terminal of UTF-8, but for lines, which are plain. */
static inline uint32_t dumped(uint32_t base)
{
	if (base > SURFACE_METER)
		return base == SURFACE_METER + 8 ? 0x2588 : 0x2590 - (base - SURFACE_METER);
	if (base > SURFACE_LEVEL)
		return 0x2580 + (base - SURFACE_LEVEL);
	if (base == SURFACE_PIXELS)
		return 0x2580;
	if (base == SURFACE_UP || base == SURFACE_DOWN)
		return base == SURFACE_UP ? '^' : 'v';
	return base == SURFACE_LINE ? '-' : base == SURFACE_BAR ? '|' : base;
}

static inline bool put_cell(struct buffer *out, const struct cell *c)
{
	if (c->base && !put_code(out, dumped(c->base)))
		return false;
	for (int i = 0; i < 2 && c->base != SURFACE_PIXELS; i++)
		if (c->mark[i] && !put_code(out, c->mark[i]))
			return false;
	return true;
}

/* One letter a role. */
static const char role_letters[ROLE_COUNT + 1] = ".dtk2345nwbghe+-asum";

static inline bool dump_row(const struct surface *s, int y, struct buffer *text, struct buffer *roles)
{
	const struct cell *row = s->cells + (size_t)y * (size_t)s->width;
	int end = s->width;
	while (end > 0 && row[end - 1].base == ' ')
		end--;
	int role_end = s->width;
	while (role_end > 0 && row[role_end - 1].role == ROLE_NORMAL)
		role_end--;
	for (int x = 0; x < end; x++)
		if (text && !put_cell(text, &row[x]))
			return false;
	for (int x = 0; roles && x < role_end; x++) {
		char letter = role_letters[row[x].role];
		if (!buffer_put_u8(roles, (uint8_t)letter))
			return false;
	}
	return (!text || buffer_put_u8(text, '\n')) && (!roles || buffer_put_u8(roles, '\n'));
}

static inline bool surface_dump(const struct surface *s, struct buffer *text, struct buffer *roles)
{
	for (int y = 0; y < s->height; y++)
		if (!dump_row(s, y, text, roles))
			return false;
	return true;
}

/* "0 bar" for a row that stands on one ground, "1 head 1-11 tab" where it has two; rows of data are left out. */
static inline bool dump_grounds(const struct surface *s, struct buffer *out)
{
	static const char *const names[GROUND_COUNT] = { "", "bar", "head", "tab", "selected", "selected-elsewhere" };
	for (int y = 0; y < s->height; y++) {
		const struct cell *row = s->cells + (size_t)y * (size_t)s->width;
		bool any = false;
		for (int from = 0, to; from < s->width; from = to) {
			for (to = from; to < s->width && row[to].ground == row[from].ground; to++)
				;
			if (!row[from].ground)
				continue;
			if (!any && !buffer_printf(out, "%d", y))
				return false;
			any = true;
			bool whole = from == 0 && to == s->width;
			if (!(whole ? buffer_printf(out, " %s", names[row[from].ground])
				    : buffer_printf(out, " %d-%d %s", from, to - 1, names[row[from].ground])))
				return false;
		}
		if (any && !buffer_put_u8(out, '\n'))
			return false;
	}
	return true;
}
