/* The search in cells (tui/doc_rows.h). */
#include <stdlib.h>
#include <utf8proc.h>

#include "tui/doc_rows.h"

#define NEEDLE_MOST 256
#define COUNTED_MOST 500000 /* cells looked at to count hits: some milliseconds */

struct cell_search {
	struct doc *d;
	uint32_t needle[NEEDLE_MOST];
	size_t len;
	struct cell *cells;
};

static uint32_t lower(uint32_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static void take_needle(struct cell_search *s, struct bytes needle)
{
	for (size_t i = 0; i < needle.len && s->len < NEEDLE_MOST;) {
		utf8proc_int32_t c;
		utf8proc_ssize_t len = utf8proc_iterate(needle.at + i, (utf8proc_ssize_t)(needle.len - i), &c);
		s->needle[s->len++] = lower(len > 0 ? (uint32_t)c : needle.at[i]);
		i += len > 0 ? (size_t)len : 1;
	}
}

/* How many cells the needle takes from cell i on; 0: it does not stand there. */
static size_t match_at(const struct cell_search *s, size_t i, size_t count)
{
	size_t start = i;
	for (size_t k = 0; k < s->len; k++) {
		if (i >= count || s->cells[i].role == ROLE_MARK || lower(s->cells[i].base) != s->needle[k])
			return 0;
		i += s->cells[i].width ? s->cells[i].width : 1;
	}
	return i - start;
}

static bool find_in_line(struct cell_search *s, size_t line, int column, bool backwards, struct doc_place *out)
{
	size_t count = s->d->ops->line(s->d, line, s->cells, DOC_LINE_MAX);
	for (size_t n = 0; n < count; n++) {
		size_t i = backwards ? count - 1 - n : n, cells;
		if (backwards ? (int)i >= column : (int)i <= column)
			continue;
		cells = match_at(s, i, count);
		if (cells == 0)
			continue;
		*out = (struct doc_place){ line, (int)i, (int)cells };
		return true;
	}
	return false;
}

bool doc_find_in_cells(struct doc *d, struct doc_place from, bool backwards, struct bytes needle, struct doc_place *out)
{
	struct cell_search s = { .d = d, .cells = malloc(DOC_LINE_MAX * sizeof *s.cells) };
	size_t count = d->ops->count(d), line = from.line;
	bool found = false, wrap = from.columns != DOC_NO_WRAP;
	int column = from.column;
	take_needle(&s, needle);
	if (line >= count) {
		line = backwards && count ? count - 1 : 0;
		column = backwards ? INT32_MAX : -1;
	}
	bool nothing = !s.cells || s.len == 0 || count == 0 || (from.line >= count && !backwards && !wrap);
	for (size_t n = 0; !nothing && !found && n < count + wrap; n++) {
		found = find_in_line(&s, line, column, backwards, out);
		if (!wrap && line == (backwards ? 0 : count - 1))
			break;
		line = backwards ? (line ? line : count) - 1 : (line + 1) % count;
		column = backwards ? INT32_MAX : -1;
	}
	free(s.cells);
	return found;
}

bool doc_count_hits(struct doc *d, struct bytes needle, const struct doc_place *hit, size_t *number, size_t *count)
{
	struct cell_search s = { .d = d, .cells = malloc(DOC_LINE_MAX * sizeof *s.cells) };
	size_t lines = d->ops->count(d), looked = 0;
	*number = *count = 0;
	take_needle(&s, needle);
	for (size_t line = 0; s.cells && s.len && line < lines && looked <= COUNTED_MOST; line++) {
		size_t cells = d->ops->line(d, line, s.cells, DOC_LINE_MAX);
		looked += cells + 16;
		for (size_t i = 0; i < cells; i++) {
			if (match_at(&s, i, cells) == 0)
				continue;
			++*count;
			if (line == hit->line && (int)i == hit->column)
				*number = *count;
		}
	}
	free(s.cells);
	return *number && looked <= COUNTED_MOST;
}
