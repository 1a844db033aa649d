/* Documents as text, for tests: one line a row, own words too. */
#pragma once

#include "tests/unit/unit.h"
#include "tui/documents/doc.h"

/* As UTF-8, ours (ROLE_OURS) only when `ours`. */
static inline void doc_put_line(struct doc *d, size_t i, bool ours, struct buffer *out)
{
	static struct cell cells[DOC_LINE_MAX];
	size_t count = d->ops->line(d, i, cells, DOC_LINE_MAX);
	assert_true(count <= DOC_LINE_MAX);
	for (size_t k = 0; k < count; k++) {
		uint32_t c = cells[k].base;
		if (c == 0) {
			assert_true(k > 0 && cells[k - 1].width == 2);
			continue;
		}
		/* Nothing that a terminal acts upon ever gets into a cell. */
		assert_true(c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0));
		if (cells[k].role == ROLE_OURS && !ours)
			continue;
		if (c < 0x80)
			assert_true(buffer_put_u8(out, (uint8_t)c));
		else if (c < 0x800)
			assert_true(buffer_put_u8(out, (uint8_t)(0xc0 | c >> 6)) &&
				    buffer_put_u8(out, (uint8_t)(0x80 | (c & 0x3f))));
		else
			assert_true(buffer_printf(out, "<U+%04X>", c));
	}
}

/* The whole document; caller frees. Lines end with LF, blanks at their ends are cut. */
static inline char *doc_dump(struct doc *d)
{
	struct buffer out = { 0 };
	for (size_t i = 0; i < d->ops->count(d); i++) {
		doc_put_line(d, i, true, &out);
		while (out.len && out.at[out.len - 1] == ' ')
			out.len--;
		assert_true(buffer_put_u8(&out, '\n'));
	}
	char *text = bytes_dup_text(buffer_view(&out));
	assert_non_null(text);
	buffer_free(&out);
	return text;
}

static inline void doc_expect(struct doc *d, const char *expected)
{
	assert_non_null(d);
	char *text = doc_dump(d);
	assert_string_equal(text, expected);
	free(text);
}

static inline char *doc_line_text(struct doc *d, size_t i, bool ours)
{
	struct buffer out = { 0 };
	doc_put_line(d, i, ours, &out);
	char *text = bytes_dup_text(buffer_view(&out));
	assert_non_null(text);
	buffer_free(&out);
	return text;
}

/* The text of the cells a hit covers; caller frees. */
static inline char *doc_hit_text(struct doc *d, struct doc_place p)
{
	static struct cell cells[DOC_LINE_MAX];
	size_t count = d->ops->line(d, p.line, cells, DOC_LINE_MAX);
	struct buffer out = { 0 };
	assert_true(p.column >= 0 && p.columns > 0 && (size_t)(p.column + p.columns) <= count);
	for (int k = p.column; k < p.column + p.columns; k++)
		assert_true(buffer_put_u8(&out, cells[k].base < 0x80 ? (uint8_t)cells[k].base : '?'));
	char *text = bytes_dup_text(buffer_view(&out));
	assert_non_null(text);
	buffer_free(&out);
	return text;
}

static inline bool doc_find(struct doc *d, size_t line, int column, bool backwards, const char *needle,
			    struct doc_place *out)
{
	struct doc_place from = { line, column, 0 };
	return d->ops->find(d, from, backwards, bytes_of(needle), out);
}

static inline void doc_expect_value(struct doc *d, size_t line, bool path, const char *expected)
{
	struct buffer out = { 0 };
	bool has = d->ops->value(d, line, path, &out);
	if (has != (expected != NULL) || (has && !bytes_equal(buffer_view(&out), bytes_of(expected))))
		fail_msg("line %zu: %.*s", line, (int)out.len, out.at ? (char *)out.at : "");
	buffer_free(&out);
}
