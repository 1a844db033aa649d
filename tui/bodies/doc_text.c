/* Text by lines, as received. Only every 16th row's place is kept; the rows between are found again by reading on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/bodies/doc_body.h"
#include "tui/documents/doc_make.h"
#include "tui/documents/rows.h"
#include "tui/terminal/text.h"

#define STRIDE ((size_t)16)
#define TAB_CELLS 8
/* This many bytes fit into a row whatever they are. */
#define SURE_BYTES (ROW_CELLS / TAB_CELLS)
/* More than a row can take: characters of four bytes, and marks. */
#define ROW_BYTES ((size_t)ROW_CELLS * 12)

struct text_doc {
	struct doc doc;
	struct bytes body;
	char cut[80];
	bool crlf; /* every LF has a CR before it: those are not shown */
	size_t wrong_at;
	size_t rows;
	size_t *places; /* of rows 0, 16, 32, … */
	struct cell *scratch;
};

/* One row's bytes, and where the next begins. */
struct text_row {
	size_t from, to, next;
	bool continued; /* from the row before */
};

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

static struct text_row row_at(const struct text_doc *d, size_t at)
{
	struct text_row row = { .from = at, .continued = at > 0 && d->body.at[at - 1] != '\n' };
	const uint8_t *start = d->body.at + at;
	size_t left = d->body.len - at, sure = left < SURE_BYTES ? left : SURE_BYTES, used = 0;
	const uint8_t *end = memchr(start, '\n', sure);
	if (!end && left > sure) {
		size_t most = ROW_CELLS - (row.continued ? CONTINUED_CELLS : 0);
		while (used < left && used < most && is_plain(start[used]))
			used++;
		/* Plain to the row's end, or else the gate says how far it reaches. */
		if (used < left && used < most && start[used] != '\n') {
			size_t look = left < ROW_BYTES ? left : ROW_BYTES;
			end = memchr(start + used, '\n', look - used);
			text_cells(bytes_make(start, end ? (size_t)(end - start) : look), TEXT_BODY, ROLE_NORMAL,
				   row.continued ? CONTINUED_CELLS : 0, d->scratch, most, &used);
		}
		end = used < left && start[used] == '\n' ? start + used : NULL;
	} else if (!end) {
		used = left;
	}
	if (end)
		used = (size_t)(end - start);
	row.to = at + used;
	row.next = row.to + (end != NULL);
	if (end && d->crlf && row.to > at)
		row.to--;
	return row;
}

static struct text_row row_of(const struct text_doc *d, size_t i)
{
	struct text_row row = row_at(d, d->places[i / STRIDE]);
	for (size_t n = i % STRIDE; n > 0; n--)
		row = row_at(d, row.next);
	return row;
}

static bool index_rows(struct text_doc *d)
{
	size_t cap = d->body.len / (STRIDE * 32) + 16;
	d->places = malloc(cap * sizeof *d->places);
	if (!d->places)
		return false;
	for (size_t at = 0; at < d->body.len; d->rows++) {
		if (d->rows % STRIDE == 0) {
			if (d->rows / STRIDE == cap) {
				size_t *grown = realloc(d->places, cap * 2 * sizeof *grown);
				if (!grown)
					return false;
				d->places = grown;
				cap *= 2;
			}
			d->places[d->rows / STRIDE] = at;
		}
		at = row_at(d, at).next;
	}
	return true;
}

static size_t text_count(struct doc *doc)
{
	struct text_doc *d = (struct text_doc *)doc;
	return d->rows + (*d->cut != 0);
}

static size_t put(struct bytes text, enum role role, struct cell *out, size_t n, size_t most)
{
	size_t used;
	return n + text_cells(text, TEXT_BODY, role, (int)n, out + n, most - n, &used);
}

static size_t text_line(struct doc *doc, size_t i, struct cell *out, size_t most)
{
	struct text_doc *d = (struct text_doc *)doc;
	if (i >= d->rows)
		return *d->cut && i == d->rows ? doc_own_words(d->cut, out, most) : 0;
	struct text_row row = row_of(d, i);
	const uint8_t *at = d->body.at;
	size_t n = row.continued ? doc_own_words(CONTINUED, out, most) : 0, wrong = d->wrong_at;
	if (wrong < row.from || wrong >= row.to)
		return put(bytes_make(at + row.from, row.to - row.from), ROLE_NORMAL, out, n, most);
	size_t end = wrong + 1;
	while (end < row.to && (at[end] & 0xc0) == 0x80)
		end++;
	n = put(bytes_make(at + row.from, wrong - row.from), ROLE_NORMAL, out, n, most);
	n = put(bytes_make(at + wrong, end - wrong), ROLE_5XX, out, n, most);
	return put(bytes_make(at + end, row.to - end), ROLE_NORMAL, out, n, most);
}

/* The row that holds the byte. */
static size_t row_with(const struct text_doc *d, size_t at)
{
	size_t low = 0, high = (d->rows + STRIDE - 1) / STRIDE;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (d->places[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	size_t i = low * STRIDE;
	for (struct text_row row = row_at(d, d->places[low]); row.next <= at && i + 1 < d->rows; i++)
		row = row_at(d, row.next);
	return i;
}

static int columns_to(const struct text_doc *d, const struct text_row *row, size_t from, size_t at, int column)
{
	size_t used;
	at = at < row->to ? at : row->to;
	if (at <= from)
		return 0;
	return (int)text_cells(bytes_make(d->body.at + from, at - from), TEXT_BODY, ROLE_NORMAL, column, d->scratch,
			       DOC_LINE_MAX, &used);
}

/* Where to search from: after the byte at the column, or (backwards) at it. */
static size_t byte_at(const struct text_doc *d, const struct text_row *row, int column, bool backwards)
{
	size_t used = 0, len = row->to - row->from, skip = row->continued ? CONTINUED_CELLS : 0;
	if (column > (int)skip) {
		size_t cells = (size_t)column - skip < DOC_LINE_MAX ? (size_t)column - skip : DOC_LINE_MAX;
		text_cells(bytes_make(d->body.at + row->from, len), TEXT_BODY, ROLE_NORMAL, (int)skip, d->scratch,
			   cells, &used);
	}
	return row->from + used + (!backwards && used < len);
}

static bool text_find(struct doc *doc, struct doc_place from, bool backwards, struct bytes needle,
		      struct doc_place *out)
{
	struct text_doc *d = (struct text_doc *)doc;
	size_t at = backwards ? SIZE_MAX : 0, hit;
	bool wrap = from.columns != DOC_NO_WRAP;
	if (d->rows == 0 || (from.line >= d->rows && !backwards && !wrap))
		return false;
	if (from.line < d->rows) {
		struct text_row row = row_of(d, from.line);
		at = from.column < 0 ? row.from : byte_at(d, &row, from.column, backwards);
	}
	hit = backwards ? doc_search_back(d->body, needle, at) : doc_search(d->body, needle, at);
	if (hit == SIZE_MAX && wrap)
		hit = backwards ? doc_search_back(d->body, needle, SIZE_MAX) : doc_search(d->body, needle, 0);
	if (hit == SIZE_MAX)
		return false;
	out->line = row_with(d, hit);
	struct text_row row = row_of(d, out->line);
	int start = row.continued ? CONTINUED_CELLS : 0;
	out->column = start + columns_to(d, &row, row.from, hit, start);
	out->columns = columns_to(d, &row, hit, hit + needle.len, out->column);
	return true;
}

static bool text_value(struct doc *doc, size_t i, bool path, struct buffer *out)
{
	struct text_doc *d = (struct text_doc *)doc;
	if (path || i >= d->rows)
		return false;
	struct text_row row = row_of(d, i);
	return buffer_append(out, d->body.at + row.from, row.to - row.from);
}

static void text_free(struct doc *doc)
{
	struct text_doc *d = (struct text_doc *)doc;
	free(d->places);
	free(d->scratch);
	free(d);
}

static const struct doc_ops text_ops = { text_count,          text_line,  doc_fold_nothing, text_find,
					 doc_partner_nothing, text_value, text_free };

static size_t count_lines(struct text_doc *d)
{
	size_t lines = 0, with_cr = 0;
	for (size_t i = 0; i < d->body.len; lines++) {
		const uint8_t *end = memchr(d->body.at + i, '\n', d->body.len - i);
		if (!end) {
			d->crlf = with_cr > 0 && with_cr == lines;
			return lines + 1;
		}
		i = (size_t)(end - d->body.at) + 1;
		with_cr += i >= 2 && end[-1] == '\r';
	}
	d->crlf = with_cr > 0 && with_cr == lines;
	return lines;
}

struct doc *doc_text_wrong(struct bytes body, uint64_t total, size_t wrong_at)
{
	struct text_doc *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	*d = (struct text_doc){ .doc = { .ops = &text_ops }, .body = body, .wrong_at = wrong_at };
	doc_cut_note(d->cut, body.len, total);
	size_t lines = count_lines(d);
	d->scratch = malloc(DOC_LINE_MAX * sizeof *d->scratch);
	if (!d->scratch || !index_rows(d)) {
		doc_free(&d->doc);
		return NULL;
	}
	snprintf(d->doc.about, sizeof d->doc.about, "text, %zu line%s%s", lines, lines == 1 ? "" : "s",
		 d->crlf ? ", CRLF" : "");
	return &d->doc;
}

struct doc *doc_text(struct bytes body, uint64_t total)
{
	return doc_text_wrong(body, total, SIZE_MAX);
}
