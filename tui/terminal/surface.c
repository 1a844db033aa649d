#include "tui/terminal/surface.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/terminal/text.h"

static const struct cell blank = { .base = ' ', .width = 1, .role = ROLE_NORMAL };

bool surface_resize(struct surface *s, int width, int height)
{
	if (width < 1 || height < 1 || width > 4096 || height > 4096)
		return false;
	struct cell *cells = calloc((size_t)width * (size_t)height, sizeof *cells);
	if (!cells)
		return false;
	struct cell *old = s->cells;
	*s = (struct surface){ .width = width, .height = height, .cells = cells };
	surface_clear(s);
	free(old);
	return true;
}

void surface_free(struct surface *s)
{
	free(s->cells);
	*s = (struct surface){ 0 };
}

void surface_clear(struct surface *s)
{
	for (int i = 0; i < s->width * s->height; i++)
		s->cells[i] = blank;
	s->cursor_x = s->cursor_y = 0;
	s->cursor_shown = false;
}

/* The part of `r` that the surface has. */
static struct rect cut(const struct surface *s, struct rect r)
{
	int right = r.x + r.width, bottom = r.y + r.height;
	r.x = r.x < 0 ? 0 : r.x;
	r.y = r.y < 0 ? 0 : r.y;
	r.width = (right < s->width ? right : s->width) - r.x;
	r.height = (bottom < s->height ? bottom : s->height) - r.y;
	return r;
}

static bool row_inside(struct rect r, int y)
{
	return r.width > 0 && y >= r.y && y < r.y + r.height;
}

/* Whatever is put next to half a wide character makes that half a blank. */
static void mend(struct surface *s, int x, int y)
{
	struct cell *c = &s->cells[y * s->width + x];
	if (x > 0 && !c->base && c[-1].width == 2)
		c[-1] = (struct cell){ .base = ' ', .width = 1, .role = c[-1].role, .ground = c[-1].ground };
	if (x + 1 < s->width && c->width == 2)
		c[1] = (struct cell){ .base = ' ', .width = 1, .role = c[1].role, .ground = c[1].ground };
}

static void put(struct surface *s, int x, int y, struct cell c)
{
	mend(s, x, y);
	if (c.width == 2)
		mend(s, x + 1, y);
	s->cells[y * s->width + x] = c;
	if (c.width == 2)
		s->cells[y * s->width + x + 1] = (struct cell){ .role = c.role, .ground = c.ground };
}

int surface_cells(struct surface *s, struct rect clip, int x, int y, const struct cell *cells, size_t count)
{
	struct rect r = cut(s, clip);
	for (size_t i = 0; i < count; i++) {
		int width = cells[i].width;
		if (!cells[i].base) /* written with its left half, or its left half is not there */
			continue;
		if (x + width > r.x + r.width)
			break;
		if (row_inside(r, y) && x >= r.x)
			put(s, x, y, cells[i]);
		x += width;
	}
	return x;
}

int surface_text(struct surface *s, struct rect clip, int x, int y, struct bytes text, enum role role)
{
	struct cell cells[256];
	while (text.len) {
		size_t used, count = text_cells(text, TEXT_LINE, role, x, cells, 256, &used);
		int next = surface_cells(s, clip, x, y, cells, count);
		/* A chunk that ends in the middle of marks shows the rest escaped; a row is shorter than a chunk. */
		if (!used || next < x + (int)count)
			return next;
		x = next;
		text = bytes_make(text.at + used, text.len - used);
	}
	return x;
}

int surface_print(struct surface *s, struct rect clip, int x, int y, enum role role, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (len < 0)
		return x;
	return surface_text(s, clip, x, y, bytes_of(text), role);
}

void surface_fill(struct surface *s, struct rect area, uint32_t base, enum role role)
{
	struct rect r = cut(s, area);
	for (int y = r.y; y < r.y + r.height; y++)
		for (int x = r.x; x < r.x + r.width; x++)
			put(s, x, y, (struct cell){ .base = base, .width = 1, .role = (uint8_t)role });
}

void surface_ground(struct surface *s, struct rect area, enum ground ground)
{
	struct rect r = cut(s, area);
	for (int y = r.y; y < r.y + r.height; y++)
		for (int x = r.x; x < r.x + r.width; x++)
			s->cells[y * s->width + x].ground = (uint8_t)ground;
}
