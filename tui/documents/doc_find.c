/* The search in cells, and the count of hits. */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "shared/text/text_fold.h"
#include "tui/documents/doc_make.h"

#define NEEDLE_MOST 256
#define STOP_EVERY 65536 /* cells: at most this many are looked at again to say which hit one is */

struct cell_search {
	struct doc *d;
	uint32_t needle[NEEDLE_MOST];
	size_t len;
	struct cell *cells;
};

static void take_needle(struct cell_search *s, struct bytes needle)
{
	for (size_t i = 0; i < needle.len && s->len < NEEDLE_MOST;) {
		utf8proc_int32_t c;
		utf8proc_ssize_t len = utf8proc_iterate(needle.at + i, (utf8proc_ssize_t)(needle.len - i), &c);
		s->needle[s->len++] = text_fold_character(len > 0 ? (uint32_t)c : needle.at[i]);
		i += len > 0 ? (size_t)len : 1;
	}
}

/* How many cells the needle takes from cell i on; 0: it does not stand there. */
static size_t match_at(const struct cell_search *s, size_t i, size_t count)
{
	size_t start = i;
	for (size_t k = 0; k < s->len; k++) {
		if (i >= count || s->cells[i].role == ROLE_OURS ||
		    text_fold_character(s->cells[i].base) != s->needle[k])
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

/* ---- how many there are ---- */

struct count_stop { /* this many hits come before this line */
	size_t line, count;
};

void doc_hits_reset(struct doc_hits *h)
{
	buffer_free(&h->stops);
	*h = (struct doc_hits){ 0 };
}

static struct count_stop stop_at(const struct doc_hits *h, size_t i)
{
	struct count_stop stop;
	memcpy(&stop, h->stops.at + i * sizeof stop, sizeof stop);
	return stop;
}

/* Without memory for a stop the one before it serves. */
static void put_stop(struct doc_hits *h)
{
	struct count_stop stop = { h->next, h->count };
	if (h->since < STOP_EVERY && h->stops.len)
		return;
	if (buffer_append(&h->stops, &stop, sizeof stop))
		h->since = 0;
}

/* Hits of a line, up to the column if there is one (SIZE_MAX: all); *at is whether one stands exactly there. */
static size_t hits_in_line(struct cell_search *s, size_t line, size_t column, size_t *cells, bool *at)
{
	size_t count = 0;
	*cells = s->d->ops->line(s->d, line, s->cells, DOC_LINE_MAX);
	*at = false;
	for (size_t i = 0; i < *cells && i <= column; i++)
		if (match_at(s, i, *cells)) {
			count++;
			*at = i == column;
		}
	return count;
}

bool doc_hits_count(struct doc *d, struct doc_hits *h, struct bytes needle, size_t most)
{
	struct cell_search s = { .d = d, .cells = malloc(DOC_LINE_MAX * sizeof *s.cells) };
	size_t lines = d->ops->count(d), looked = 0;
	if (lines != h->lines) /* a fold opened: it is another document */
		doc_hits_reset(h);
	h->lines = lines;
	take_needle(&s, needle);
	while (s.cells && s.len && h->next < lines && looked <= most) {
		size_t cells;
		bool at;
		put_stop(h);
		h->count += hits_in_line(&s, h->next++, SIZE_MAX, &cells, &at);
		looked += cells + 16;
		h->since += cells + 16;
	}
	h->over = !s.cells || !s.len || h->next >= lines;
	free(s.cells);
	return h->over;
}

size_t doc_hits_number(struct doc *d, const struct doc_hits *h, struct bytes needle, const struct doc_place *hit)
{
	size_t low = 0, high = h->stops.len / sizeof(struct count_stop);
	if (hit->line >= h->next || high == 0)
		return 0;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (stop_at(h, middle).line <= hit->line)
			low = middle;
		else
			high = middle;
	}
	struct count_stop stop = stop_at(h, low);
	struct cell_search s = { .d = d, .cells = malloc(DOC_LINE_MAX * sizeof *s.cells) };
	size_t number = stop.count, cells;
	bool at = false;
	take_needle(&s, needle);
	for (size_t line = stop.line; s.cells && line <= hit->line; line++)
		number += hits_in_line(&s, line, line == hit->line ? (size_t)hit->column : SIZE_MAX, &cells, &at);
	free(s.cells);
	return at ? number : 0;
}
