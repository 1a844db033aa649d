#include "tui/documents/rows.h"

#include <stdlib.h>
#include <string.h>

#include "tui/documents/doc_make.h"
#include "tui/terminal/text.h"

struct long_line {
	uint32_t line, row;
	uint32_t first; /* in breaks */
	uint32_t more;  /* rows after its first */
};

static bool measure_line(struct rows *r, const struct pieces *p, size_t line, struct cell *scratch, size_t *cap)
{
	size_t len = pieces_len(p), at = 0, used;
	uint32_t first = (uint32_t)(r->breaks.len / sizeof(uint32_t)), more = 0;
	int column = p->indent < ROW_CELLS / 2 ? p->indent : ROW_CELLS / 2;
	for (;; more++) {
		pieces_cells(p, at, len, column, scratch, (size_t)(ROW_CELLS - column), &used);
		if (used >= len)
			break;
		at = used;
		uint32_t offset = (uint32_t)at;
		if (!buffer_append(&r->breaks, &offset, sizeof offset))
			return false;
		column = CONTINUED_CELLS;
	}
	if (more == 0)
		return true;
	if (r->long_count == *cap) {
		*cap = *cap ? *cap * 2 : 16;
		struct long_line *grown = realloc(r->longs, *cap * sizeof *grown);
		if (!grown)
			return false;
		r->longs = grown;
	}
	r->longs[r->long_count++] = (struct long_line){ (uint32_t)line, (uint32_t)r->count, first, more };
	r->count += more;
	return true;
}

bool rows_measure(struct rows *r)
{
	struct cell *scratch = NULL;
	size_t cap = 0;
	bool fine = true;
	for (size_t line = 0; fine && line < r->lines; line++, r->count++) {
		struct pieces p = { 0 };
		r->make(r->self, line, &p);
		if (pieces_len(&p) * CELLS_PER_BYTE + (size_t)p.indent <= ROW_CELLS)
			continue;
		if (!scratch)
			scratch = malloc(DOC_LINE_MAX * sizeof *scratch);
		fine = scratch && measure_line(r, &p, line, scratch, &cap);
	}
	free(scratch);
	return fine;
}

void rows_free(struct rows *r)
{
	free(r->longs);
	buffer_free(&r->breaks);
}

/* The last long line that begins at or before the row (or is the line or before it); NULL for none. */
static const struct long_line *long_before(const struct rows *r, size_t at, bool by_line)
{
	size_t low = 0, high = r->long_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if ((by_line ? r->longs[middle].line : r->longs[middle].row) <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &r->longs[low - 1] : NULL;
}

size_t rows_line(const struct rows *r, size_t row, size_t *part)
{
	const struct long_line *l = long_before(r, row, false);
	*part = 0;
	if (!l)
		return row;
	if (row - l->row <= l->more) {
		*part = row - l->row;
		return l->line;
	}
	return l->line + (row - l->row - l->more);
}

size_t rows_first(const struct rows *r, size_t line)
{
	const struct long_line *l = long_before(r, line, true);
	if (!l)
		return line;
	return l->line == line ? l->row : l->row + l->more + (line - l->line);
}

static size_t break_at(const struct rows *r, size_t i)
{
	uint32_t offset;
	memcpy(&offset, r->breaks.at + i * sizeof offset, sizeof offset);
	return offset;
}

/* The bytes of its line that a row shows. */
struct range {
	size_t line, part, from, to, len;
};

static struct range range_of(const struct rows *r, size_t row, struct pieces *p)
{
	struct range range = { 0 };
	range.line = rows_line(r, row, &range.part);
	*p = (struct pieces){ 0 };
	r->make(r->self, range.line, p);
	range.to = range.len = pieces_len(p);
	const struct long_line *l = long_before(r, range.line, true);
	if (!l || l->line != range.line)
		return range;
	if (range.part > 0)
		range.from = break_at(r, l->first + range.part - 1);
	if (range.part < l->more)
		range.to = break_at(r, l->first + range.part);
	/* What a fold shows in its place may be shorter than what was measured. */
	range.to = range.to < range.len ? range.to : range.len;
	range.from = range.from < range.to ? range.from : range.to;
	return range;
}

size_t rows_cells(const struct rows *r, size_t row, struct cell *out, size_t most)
{
	struct pieces p;
	struct range range = range_of(r, row, &p);
	size_t n = 0, used;
	if (range.part > 0)
		n = doc_own_words(CONTINUED, out, most);
	else
		for (int indent = p.indent < ROW_CELLS / 2 ? p.indent : ROW_CELLS / 2; indent > 0 && n < most; indent--)
			out[n++] = (struct cell){ .base = ' ', .width = 1, .role = ROLE_NORMAL };
	return n + pieces_cells(&p, range.from, range.to, (int)n, out + n, most - n, &used);
}

/* A search over the rows. The bytes after the row are looked at as well, since a hit may run into the next row. */
struct search {
	const struct rows *r;
	struct bytes needle;
	bool backwards, failed;
	struct buffer text; /* of the row */
};

static bool gather(struct search *s, const struct pieces *p, const struct range *range)
{
	size_t start = 0, end = range->len - range->to < s->needle.len ? range->len : range->to + s->needle.len - 1;
	s->text.len = 0;
	for (size_t i = 0; i < p->count; start += p->at[i++].text.len) {
		struct bytes text = p->at[i].text;
		size_t from = range->from > start ? range->from - start : 0;
		size_t to = end > start ? end - start : 0;
		to = to < text.len ? to : text.len;
		if (from >= to)
			continue;
		if (!buffer_append(&s->text, text.at + from, to - from))
			return false;
		if (p->at[i].role == ROLE_OURS) /* ours: matches nothing that is typed */
			memset(s->text.at + s->text.len - (to - from), '\n', to - from);
	}
	return true;
}

/* Columns of bytes [from, to) of a line. */
static int columns_of(const struct pieces *p, size_t from, size_t to)
{
	size_t start = 0;
	int columns = 0;
	for (size_t i = 0; i < p->count && start < to; start += p->at[i++].text.len) {
		struct bytes text = p->at[i].text;
		size_t skip = from > start ? from - start : 0, len = to - start < text.len ? to - start : text.len;
		if (skip < len)
			columns += text_columns(bytes_make(text.at + skip, len - skip), TEXT_LINE);
	}
	return columns;
}

/* The first hit of the row after `column`, or the last before it. */
static bool find_in_row(struct search *s, size_t row, int column, struct doc_place *out)
{
	struct pieces p;
	struct range range = range_of(s->r, row, &p);
	size_t most = range.to - range.from;
	bool found = false;
	if (!gather(s, &p, &range)) {
		s->failed = true;
		return false;
	}
	struct bytes text = buffer_view(&s->text);
	for (size_t hit = doc_search(text, s->needle, 0); hit < most; hit = doc_search(text, s->needle, hit + 1)) {
		size_t at = range.from + hit, end = at + s->needle.len;
		int here = (range.part ? CONTINUED_CELLS : p.indent) + columns_of(&p, range.from, at);
		if (s->backwards ? here >= column : here <= column) {
			if (s->backwards)
				break;
			continue;
		}
		*out = (struct doc_place){ row, here, columns_of(&p, at, end < range.to ? end : range.to) };
		found = true;
		if (!s->backwards)
			break;
	}
	return found;
}

bool rows_find(const struct rows *r, struct doc_place from, bool backwards, struct bytes needle, struct doc_place *out)
{
	struct search s = { .r = r, .needle = needle, .backwards = backwards };
	size_t rounds = r->count + (from.columns != DOC_NO_WRAP), row = from.line;
	bool found = false;
	int column = from.column;
	if (needle.len == 0 || r->count == 0)
		return false;
	if (row >= r->count) {
		row = backwards ? r->count - 1 : 0;
		column = backwards ? INT32_MAX : -1;
		if (!backwards && from.columns == DOC_NO_WRAP)
			return false;
	}
	for (size_t n = 0; n < rounds && !found && !s.failed; n++) {
		found = find_in_row(&s, row, column, out);
		if (from.columns == DOC_NO_WRAP && row == (backwards ? 0 : r->count - 1))
			break;
		row = backwards ? (row ? row : r->count) - 1 : (row + 1) % r->count;
		column = backwards ? INT32_MAX : -1;
	}
	buffer_free(&s.text);
	return found;
}
