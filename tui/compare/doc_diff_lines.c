/* The lines of a comparison: unified, or two halves with a mark between them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/documents/doc_make.h"
#include "tui/documents/rows.h"
#include "tui/compare/doc_diff_private.h"
#include "tui/terminal/text.h"

#define BETWEEN 3 /* columns: blank, mark, blank */
#define HALF_LEAST 10

int doc_diff_half(const struct diff_doc *d)
{
	int half = (d->o.columns - BETWEEN) / 2, most = (DOC_LINE_MAX - BETWEEN) / 2;
	return half < HALF_LEAST ? HALF_LEAST : half > most ? most : half;
}

static uint32_t position(const struct diff_entry *e, int side)
{
	return side ? e->b : e->a;
}

static void json_pieces(struct diff_doc *d, const struct diff_entry *e, int side, struct pieces *out)
{
	const struct json_tokens *t = &d->side[side].tokens;
	struct bytes body = d->side[side].body;
	size_t first = position(e, side), value = first;
	out->indent = 2 * e->depth[side];
	if (t->at[first].kind == TOKEN_KEY) {
		value++;
		pieces_add(out, json_lexeme(body, &t->at[first]), ROLE_NAME);
		pieces_add_text(out, ": ", ROLE_NORMAL);
	}
	struct bytes lexeme = json_lexeme(body, &t->at[value]);
	if (json_is_open(&t->at[value])) {
		pieces_add(out, bytes_make(lexeme.at, 1), ROLE_NORMAL);
		if (e->whole && t->at[value].partner == value + 1)
			pieces_add(out, bytes_make(lexeme.at + lexeme.len - 1, 1), ROLE_NORMAL);
		return;
	}
	pieces_add(out, lexeme,
		   t->at[value].kind == TOKEN_STRING   ? ROLE_STRING
		   : t->at[value].kind == TOKEN_NUMBER ? ROLE_NUMBER
						       : ROLE_NORMAL);
}

static void text_pieces(struct diff_doc *d, const struct diff_entry *e, int side, struct pieces *out)
{
	const struct diff_lines *l = &d->side[side].lines, *other = &d->side[!side].lines;
	size_t line = position(e, side);
	pieces_add(out, diff_line(l, line), ROLE_NORMAL);
	if (line + 1 == l->count && diff_lines_open(l) && !diff_lines_open(other) && e->kind != DIFF_SAME)
		pieces_add_text(out, " (no line end)", ROLE_OURS);
}

static void hex_pieces(struct diff_doc *d, const struct diff_entry *e, int side, struct pieces *out)
{
	struct bytes body = d->side[side].body;
	size_t at = position(e, side) * d->hex, len = body.len - at < d->hex ? body.len - at : d->hex;
	int n = snprintf(out->scratch, sizeof out->scratch, "%08zx | ", at);
	for (size_t i = 0; i < d->hex; i++)
		n += i < len ? snprintf(out->scratch + n, sizeof out->scratch - (size_t)n, "%02x ", body.at[at + i])
			     : snprintf(out->scratch + n, sizeof out->scratch - (size_t)n, "   ");
	n += snprintf(out->scratch + n, sizeof out->scratch - (size_t)n, "| ");
	for (size_t i = 0; i < len; i++) {
		uint8_t c = body.at[at + i];
		out->scratch[n++] = c >= 0x20 && c < 0x7f ? (char)c : '.';
	}
	pieces_add(out, bytes_make(out->scratch, (size_t)n), ROLE_NORMAL);
}

void doc_diff_pieces(struct diff_doc *d, const struct diff_entry *e, int side, struct pieces *out)
{
	if (e->section == SECTION_NOTE) {
		pieces_add(out, bytes_make(d->notes.at + e->a, e->b - e->a), ROLE_OURS);
		return;
	}
	if (position(e, side) == DIFF_NONE)
		return;
	switch (e->section) {
	case SECTION_SUMMARY:
		pieces_add(out, d->given[side].summary, ROLE_TITLE);
		break;
	case SECTION_FIELD: {
		const struct diff_field *f = &d->fields.at[position(e, side)];
		pieces_add(out, f->name, ROLE_NAME);
		pieces_add_text(out, ": ", ROLE_NORMAL);
		pieces_add(out, side ? f->b : f->a, ROLE_NORMAL);
		break;
	}
	case SECTION_JSON:
		json_pieces(d, e, side, out);
		break;
	case SECTION_TEXT:
		text_pieces(d, e, side, out);
		break;
	case SECTION_HEX:
		hex_pieces(d, e, side, out);
		break;
	default:
		break;
	}
	/* What differs is of one colour. */
	for (size_t i = 0; i < out->count; i++)
		if (e->kind != DIFF_SAME && e->section != SECTION_SUMMARY && out->at[i].role != ROLE_OURS)
			out->at[i].role = side ? ROLE_ADDED : ROLE_REMOVED;
}

void doc_diff_make_line(void *self, size_t line, struct pieces *out)
{
	static const char *const signs[] = { "  ", "- ", "+ ", "~ " };
	static const char blanks[] = { [0 ... 2 * JSON_DEPTH_MAX + 1] = ' ' };
	struct diff_doc *d = self;
	const struct diff_entry *e = &d->entries[line];
	struct pieces content;
	int side = e->a == DIFF_NONE;
	if (e->section == SECTION_NOTE) {
		doc_diff_pieces(d, e, 0, out);
		return;
	}
	/* Into *out first: some pieces point to its scratch. */
	doc_diff_pieces(d, e, side, out);
	content = *out;
	out->count = 0;
	out->indent = 0;
	pieces_add_text(out, e->section == SECTION_SUMMARY ? (side ? "+++ " : "--- ") : signs[e->kind], ROLE_OURS);
	pieces_add(out, bytes_make(blanks, (size_t)content.indent), ROLE_OURS);
	for (size_t i = 0; i < content.count; i++)
		pieces_add(out, content.at[i].text, content.at[i].role);
}

/* One half: the part-th line of its text, filled up with blanks. */
static void put_half(struct diff_doc *d, const struct diff_entry *e, int side, struct cell *out)
{
	struct pieces p = { 0 };
	size_t half = (size_t)doc_diff_half(d), n = 0, from = 0, used = 0;
	doc_diff_pieces(d, e, side, &p);
	size_t len = pieces_len(&p);
	int column = p.indent < (int)half / 2 ? p.indent : (int)half / 2;
	for (uint16_t part = 0; part < e->part && from < len; part++, column = 0) {
		pieces_cells(&p, from, len, column, d->scratch, half - (size_t)column, &used);
		from = used;
	}
	if (e->part)
		column = 0;
	for (; n < (size_t)column; n++)
		out[n] = (struct cell){ .base = ' ', .width = 1, .role = ROLE_NORMAL };
	if (from < len || e->part == 0)
		n += pieces_cells(&p, from, len, column, out + n, half - n, &used);
	for (; n < half; n++)
		out[n] = (struct cell){ .base = ' ', .width = 1, .role = ROLE_NORMAL };
}

static size_t put_halves(struct diff_doc *d, size_t i, struct cell *out, size_t most)
{
	static const char marks[] = " <>|";
	const struct diff_entry *e = &d->entries[i];
	struct pieces p = { 0 };
	size_t half = (size_t)doc_diff_half(d), used;
	if (e->section == SECTION_NOTE) {
		doc_diff_pieces(d, e, 0, &p);
		return pieces_cells(&p, 0, pieces_len(&p), 0, out, most, &used);
	}
	struct cell *both = calloc(half * 2 + BETWEEN, sizeof *both);
	if (!both)
		return 0;
	put_half(d, e, 0, both);
	put_half(d, e, 1, both + half + BETWEEN);
	for (size_t k = 0; k < BETWEEN; k++) {
		char c = k == 1 && e->section != SECTION_SUMMARY ? marks[e->kind] : ' ';
		both[half + k] = (struct cell){ .base = (uint8_t)c, .width = 1, .role = ROLE_OURS };
	}
	size_t n = half * 2 + BETWEEN;
	/* Never half of a wide character. */
	if (n > most)
		n = most && both[most].width == 0 ? most - 1 : most;
	memcpy(out, both, n * sizeof *out);
	free(both);
	return n;
}

static size_t diff_count(struct doc *doc)
{
	struct diff_doc *d = (struct diff_doc *)doc;
	return d->o.side_by_side ? d->count : d->rows.count;
}

static size_t diff_line_cells(struct doc *doc, size_t i, struct cell *out, size_t most)
{
	struct diff_doc *d = (struct diff_doc *)doc;
	if (i >= diff_count(doc))
		return 0;
	return d->o.side_by_side ? put_halves(d, i, out, most) : rows_cells(&d->rows, i, out, most);
}

static bool diff_find(struct doc *doc, struct doc_place from, bool backwards, struct bytes needle,
		      struct doc_place *out)
{
	struct diff_doc *d = (struct diff_doc *)doc;
	return d->o.side_by_side ? doc_find_in_cells(doc, from, backwards, needle, out)
				 : rows_find(&d->rows, from, backwards, needle, out);
}

static size_t entry_of(const struct diff_doc *d, size_t line)
{
	size_t part;
	return d->o.side_by_side ? line : rows_line(&d->rows, line, &part);
}

/* The newer side's value, where both have one. */
static bool diff_value(struct doc *doc, size_t i, bool path, struct buffer *out)
{
	struct diff_doc *d = (struct diff_doc *)doc;
	if (i >= diff_count(doc))
		return false;
	const struct diff_entry *e = &d->entries[entry_of(d, i)];
	int side = e->b != DIFF_NONE;
	size_t at = position(e, side);
	const struct diff_side *s = &d->side[side];
	if (e->section == SECTION_FIELD) {
		const struct diff_field *f = &d->fields.at[at];
		return buffer_append_bytes(out, path ? f->name : side ? f->b : f->a);
	}
	if (e->section == SECTION_TEXT && !path)
		return buffer_append_bytes(out, diff_line(&s->lines, at));
	if (e->section != SECTION_JSON)
		return false;
	if (path)
		return json_path(s->body, &s->tokens, at, out);
	at += s->tokens.at[at].kind == TOKEN_KEY;
	at = json_is_close(&s->tokens.at[at]) ? s->tokens.at[at].partner : at;
	struct bytes lexeme = json_lexeme(s->body, &s->tokens.at[at]);
	if (s->tokens.at[at].kind == TOKEN_STRING)
		lexeme = bytes_make(lexeme.at + 1, lexeme.len - 2);
	return buffer_append_bytes(out, lexeme);
}

static bool is_change(const struct diff_doc *d, size_t entry)
{
	const struct diff_entry *e = &d->entries[entry];
	return e->kind != DIFF_SAME && e->section != SECTION_NOTE && e->section != SECTION_SUMMARY;
}

static bool begins_hunk(const struct diff_doc *d, size_t entry)
{
	return is_change(d, entry) && (entry == 0 || !is_change(d, entry - 1));
}

size_t doc_diff_hunk(struct doc *doc, size_t line, bool backwards)
{
	struct diff_doc *d = (struct diff_doc *)doc;
	if (line >= diff_count(doc))
		return line;
	size_t entry = entry_of(d, line), i = entry;
	while (backwards ? i-- > 0 : ++i < d->count)
		if (begins_hunk(d, i))
			return d->o.side_by_side ? i : rows_first(&d->rows, i);
	return line;
}

static void diff_free(struct doc *doc)
{
	struct diff_doc *d = (struct diff_doc *)doc;
	for (int s = 0; s < 2; s++) {
		buffer_free(&d->side[s].object);
		body_free(&d->side[s].said);
		json_tokens_free(&d->side[s].tokens);
		diff_lines_free(&d->side[s].lines);
	}
	diff_fields_free(&d->fields);
	buffer_free(&d->notes);
	rows_free(&d->rows);
	free(d->entries);
	free(d->scratch);
	free(d);
}

const struct doc_ops doc_diff_ops = { diff_count,          diff_line_cells, doc_fold_nothing, diff_find,
				      doc_partner_nothing, diff_value,      diff_free };
