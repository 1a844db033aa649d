#include "tui/terminal/term_line.h"

#define AHEAD_US 50000 /* a drawing begins while the last bytes of the one before are under way */

static bool changes(const struct cell *c, const struct cell *before)
{
	if (!before)
		return c->base && c->base != ' ';
	return c->base != before->base || c->role != before->role || c->ground != before->ground;
}

/* About three bytes for two cells, and something for each row's place and colours. */
static uint64_t bytes_of_drawing(const struct surface *s, const struct surface *before)
{
	uint64_t bytes = 0;
	for (int y = 0; y < s->height; y++) {
		uint64_t changed = 0;
		for (int x = 0; x < s->width; x++) {
			size_t at = (size_t)y * (size_t)s->width + (size_t)x;
			changed += changes(&s->cells[at], before ? &before->cells[at] : NULL);
		}
		bytes += changed ? changed * 3 / 2 + 16 : 0;
	}
	return bytes;
}

void term_line_carry(struct term_line *l, const struct surface *s, const struct surface *before, uint64_t now_us,
		     int baud)
{
	uint64_t begin = l->free_at_us > now_us ? l->free_at_us : now_us;
	/* A byte has ten bits on such a line. */
	l->free_at_us = begin + bytes_of_drawing(s, before) * 10 * 1000000 / (uint64_t)baud;
}

bool term_line_ready(const struct term_line *l, uint64_t now_us)
{
	return now_us + AHEAD_US >= l->free_at_us;
}
