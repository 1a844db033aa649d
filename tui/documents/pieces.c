#include "tui/documents/pieces.h"

#include "tui/terminal/text.h"

void pieces_add(struct pieces *p, struct bytes text, enum role role)
{
	if (p->count < PIECES_MOST)
		p->at[p->count++] = (struct piece){ text, role, false };
}

void pieces_add_meter(struct pieces *p, struct bytes bar, enum role role)
{
	if (p->count < PIECES_MOST)
		p->at[p->count++] = (struct piece){ bar, role, true };
}

void pieces_add_text(struct pieces *p, const char *text, enum role role)
{
	pieces_add(p, bytes_of(text), role);
}

size_t pieces_len(const struct pieces *p)
{
	size_t len = 0;
	for (size_t i = 0; i < p->count; i++)
		len += p->at[i].text.len;
	return len;
}

static void draw_meter(struct cell *cells, size_t count)
{
	for (size_t i = 0; i < count; i++)
		cells[i].base = SURFACE_METER + (cells[i].base == '#' ? 8 : cells[i].base - '0');
}

size_t pieces_cells(const struct pieces *p, size_t from, size_t to, int column, struct cell *out, size_t most,
		    size_t *used)
{
	size_t start = 0, n = 0;
	*used = from;
	for (size_t i = 0; i < p->count && start < to; start += p->at[i++].text.len) {
		struct bytes text = p->at[i].text;
		size_t skip = from > start ? from - start : 0, took;
		if (skip >= text.len)
			continue;
		size_t len = to - start < text.len ? to - start : text.len;
		struct bytes part = { text.at + skip, len - skip };
		size_t count = text_cells(part, TEXT_LINE, p->at[i].role, column + (int)n, out + n, most - n, &took);
		if (p->at[i].is_meter)
			draw_meter(out + n, count);
		n += count;
		*used = start + skip + took;
		if (took < part.len)
			break;
	}
	return n;
}
