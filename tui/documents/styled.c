#include "tui/documents/styled.h"
#include "tui/documents/doc_make.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/documents/rows.h"
#include "tui/terminal/text.h"

struct span {
	size_t at, len; /* in the memory */
	enum role role;
	bool is_meter;
};

struct styled_line {
	size_t first;
	uint8_t count;
	uint8_t value; /* 0: none; else the first span is a name, and this one its value */
	int64_t tag;
};

struct styled {
	struct doc doc;
	struct buffer memory, spans, lines;
	struct styled_line line; /* the present one */
	int column;
	bool failed;
	struct rows rows;
};

static struct styled_line line_at(const struct styled *s, size_t i)
{
	return ((const struct styled_line *)(const void *)s->lines.at)[i];
}

static struct span span_at(const struct styled *s, size_t i)
{
	return ((const struct span *)(const void *)s->spans.at)[i];
}

static struct bytes text_at(const struct styled *s, struct span span)
{
	return bytes_make(s->memory.at + span.at, span.len);
}

struct styled *styled_new(void)
{
	return calloc(1, sizeof(struct styled));
}

static void put_span(struct styled *s, enum role role, struct bytes text, bool is_meter)
{
	if (!s || s->line.count == PIECES_MOST)
		return;
	struct span span = { s->memory.len, text.len, role, is_meter };
	s->failed =
	    s->failed || !buffer_append_bytes(&s->memory, text) || !buffer_append(&s->spans, &span, sizeof span);
	s->line.count++;
	s->column += text_columns(text, TEXT_LINE);
}

void styled_put(struct styled *s, enum role role, struct bytes text)
{
	put_span(s, role, text, false);
}

void styled_meter(struct styled *s, enum role role, unsigned eighths)
{
	char bar[65];
	unsigned whole = eighths / 8 < sizeof bar - 1 ? eighths / 8 : sizeof bar - 1;
	memset(bar, '#', whole);
	if (eighths % 8 && whole < sizeof bar - 1)
		bar[whole++] = (char)('0' + eighths % 8);
	put_span(s, role, bytes_make((const uint8_t *)bar, whole), true);
}

void styled_print(struct styled *s, enum role role, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (len >= 0)
		styled_put(s, role, bytes_of(text));
}

void styled_to(struct styled *s, int column)
{
	if (s)
		styled_print(s, ROLE_NORMAL, "%*s", column > s->column ? column - s->column : 1, "");
}

void styled_end(struct styled *s, int64_t tag)
{
	if (!s)
		return;
	s->line.tag = tag;
	s->failed = s->failed || !buffer_append(&s->lines, &s->line, sizeof s->line);
	s->line = (struct styled_line){ .first = s->spans.len / sizeof(struct span) };
	s->column = 0;
	s->rows.lines++;
}

void styled_value(struct styled *s, uint8_t i)
{
	if (s)
		s->line.value = i;
}

void styled_field(struct styled *s, struct bytes name, const char *between, struct bytes value)
{
	styled_put(s, ROLE_NAME, name);
	styled_put(s, ROLE_NORMAL, bytes_of(between));
	styled_put(s, ROLE_NORMAL, value);
	styled_value(s, 2);
	styled_end(s, 0);
}

void styled_break(struct styled *s)
{
	styled_end(s, 0);
}

/* ---- as a document ---- */

static void make(void *self, size_t i, struct pieces *out)
{
	const struct styled *s = self;
	struct styled_line line = line_at(s, i);
	for (size_t k = 0; k < line.count; k++) {
		struct span span = span_at(s, line.first + k);
		if (span.is_meter)
			pieces_add_meter(out, text_at(s, span), span.role);
		else
			pieces_add(out, text_at(s, span), span.role);
	}
}

static size_t count_of(struct doc *doc)
{
	return ((struct styled *)doc)->rows.count;
}

static size_t line_of(struct doc *doc, size_t i, struct cell *out, size_t most)
{
	struct styled *s = (struct styled *)doc;
	return i < s->rows.count ? rows_cells(&s->rows, i, out, most) : 0;
}

static bool find(struct doc *doc, struct doc_place from, bool backwards, struct bytes needle, struct doc_place *out)
{
	return rows_find(&((struct styled *)doc)->rows, from, backwards, needle, out);
}

static bool value(struct doc *doc, size_t i, bool path, struct buffer *out)
{
	struct styled *s = (struct styled *)doc;
	size_t part;
	if (i >= s->rows.count)
		return false;
	struct styled_line line = line_at(s, rows_line(&s->rows, i, &part));
	return line.value && buffer_append_bytes(out, text_at(s, span_at(s, line.first + (path ? 0 : line.value))));
}

static void free_all(struct styled *s)
{
	if (!s)
		return;
	rows_free(&s->rows);
	buffer_free(&s->memory);
	buffer_free(&s->spans);
	buffer_free(&s->lines);
	free(s);
}

static void styled_free(struct doc *doc)
{
	free_all((struct styled *)doc);
}

static const struct doc_ops styled_ops = { count_of, line_of,    doc_fold_nothing, find, doc_partner_nothing,
					   value,    styled_free };

struct doc *styled_doc(struct styled *s)
{
	if (s) {
		s->doc.ops = &styled_ops;
		s->rows.make = make;
		s->rows.self = s;
	}
	if (s && !s->failed && rows_measure(&s->rows))
		return &s->doc;
	free_all(s);
	return NULL;
}

int64_t styled_tag(struct doc *doc, size_t i)
{
	struct styled *s = (struct styled *)doc;
	size_t part;
	if (doc->ops != &styled_ops || i >= s->rows.count)
		return 0;
	return line_at(s, rows_line(&s->rows, i, &part)).tag;
}
