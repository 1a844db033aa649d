#include "tui/compare/doc_diff_private.h"
#include "tui/bodies/doc_body.h"
#include "tui/documents/doc_make.h"
#include "tui/documents/rows.h"
#include "tui/compare/doc_diff.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/terminal/text.h"

#define COMPARED_MOST ((size_t)2 << 20) /* of each body; longer ones take too long between two keys */
#define HEX_ROWS_MOST 64
#define PARTS_MOST 64 /* lines a pair takes side by side */

static void push(struct diff_doc *d, struct diff_entry e)
{
	if (d->failed)
		return;
	if (d->count == d->cap) {
		size_t cap = d->cap ? d->cap * 2 : 64;
		struct diff_entry *grown = realloc(d->entries, cap * sizeof *grown);
		if (!grown) {
			d->failed = true;
			return;
		}
		d->entries = grown;
		d->cap = cap;
	}
	d->entries[d->count++] = e;
}

static void note(struct diff_doc *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(struct diff_doc *d, const char *format, ...)
{
	char text[400];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	size_t start = d->notes.len;
	d->failed = d->failed || !buffer_append_text(&d->notes, text);
	push(d, (struct diff_entry){ .a = (uint32_t)start, .b = (uint32_t)d->notes.len });
	d->unpaired = SIZE_MAX;
}

/* Puts an added line beside a removed one of the same gap, when there is one left. */
static bool join_pair(struct diff_doc *d, const struct diff_entry *e)
{
	if (e->kind != DIFF_ADDED || d->unpaired >= d->count || d->entries[d->unpaired].kind != DIFF_REMOVED)
		return false;
	struct diff_entry *pair = &d->entries[d->unpaired++];
	pair->b = e->b;
	pair->kind = DIFF_CHANGED;
	pair->depth[1] = e->depth[1];
	/* Where an empty pair of brackets stands on one side only, the tokens say on which. */
	pair->whole = pair->whole || e->whole;
	return true;
}

static void emit(struct diff_doc *d, struct diff_entry e)
{
	if (d->o.side_by_side) {
		if (join_pair(d, &e))
			return;
		if (e.kind != DIFF_REMOVED)
			d->unpaired = SIZE_MAX;
		else if (d->unpaired == SIZE_MAX)
			d->unpaired = d->count;
		push(d, e);
	} else if (e.kind == DIFF_CHANGED) {
		struct diff_entry one = e;
		one.kind = DIFF_REMOVED;
		one.b = DIFF_NONE;
		push(d, one);
		one = e;
		one.kind = DIFF_ADDED;
		one.a = DIFF_NONE;
		push(d, one);
	} else {
		push(d, e);
	}
}

static void emit_rows(struct diff_doc *d, const struct diff_rows *rows, size_t from, size_t to,
		      enum diff_section section)
{
	for (size_t i = from; i < to; i++) {
		const struct diff_row *r = &rows->at[i];
		emit(d, (struct diff_entry){ .a = r->a,
					     .b = r->b,
					     .depth = { r->depth, r->depth },
					     .section = (uint8_t)section,
					     .kind = r->kind,
					     .whole = r->whole });
	}
	d->unpaired = SIZE_MAX;
}

/* "12 lines alike", for JSON with where the hunk is. */
static void note_gap(struct diff_doc *d, const struct diff_rows *rows, size_t alike, size_t hunk,
		     enum diff_section section)
{
	struct buffer path = { 0 };
	size_t i = hunk;
	while (i < rows->count && rows->at[i].kind == DIFF_SAME)
		i++;
	if (section == SECTION_JSON && i < rows->count) {
		int s = rows->at[i].a == DIFF_NONE;
		size_t token = s ? rows->at[i].b : rows->at[i].a;
		size_t parent = json_parent(&d->side[s].tokens, token);
		if (parent != SIZE_MAX)
			d->failed = d->failed || !json_path(d->side[s].body, &d->side[s].tokens, parent, &path);
	}
	int shown = (int)(path.len < 300 ? path.len : 300);
	if (alike)
		note(d, "@@ %zu line%s alike%s%.*s @@", alike, alike == 1 ? "" : "s", shown ? ", " : "", shown,
		     shown ? (const char *)path.at : "");
	else if (shown)
		note(d, "@@ %.*s @@", shown, (const char *)path.at);
	buffer_free(&path);
}

static void emit_hunks(struct diff_doc *d, const struct diff_rows *rows, enum diff_section section)
{
	size_t context = d->o.all_context ? SIZE_MAX : (size_t)(d->o.context > 0 ? d->o.context : 0);
	size_t from = 0, start, end;
	if (d->o.all_context) {
		emit_rows(d, rows, 0, rows->count, section);
		return;
	}
	while (diff_hunk(rows, from, context, &start, &end)) {
		note_gap(d, rows, start - from, start, section);
		emit_rows(d, rows, start, end, section);
		from = end;
	}
	if (rows->count > from && from > 0)
		note_gap(d, rows, rows->count - from, rows->count, section);
}

static void compare_headers(struct diff_doc *d)
{
	if (!diff_headers(d->given[0].headers, d->given[1].headers, !d->o.volatile_too, &d->fields)) {
		d->failed = true;
		return;
	}
	char hidden[64] = "";
	size_t differ = d->fields.differences, passed = d->fields.passed_over,
	       alike = d->fields.count - differ - passed;
	if (passed)
		snprintf(hidden, sizeof hidden, ", %zu volatile not shown (i)", passed);
	note(d, "Headers: %zu differ%s, %zu alike%s", differ, differ == 1 ? "s" : "", alike, hidden);
	for (size_t i = 0; i < d->fields.count; i++) {
		const struct diff_field *f = &d->fields.at[i];
		uint32_t at = (uint32_t)i;
		if (f->kind == DIFF_SAME && (f->passed_over || !d->o.all_context))
			continue;
		emit(d, (struct diff_entry){ .a = f->kind == DIFF_ADDED ? DIFF_NONE : at,
					     .b = f->kind == DIFF_REMOVED ? DIFF_NONE : at,
					     .section = SECTION_FIELD,
					     .kind = f->kind });
		d->unpaired = SIZE_MAX; /* fields stand beside fields of their name only */
	}
	d->differences += differ;
}

/* Decodes, and bounds what is compared; says so. */
static void prepare(struct diff_doc *d, int s)
{
	char undone[BODY_UNDONE_LEN], cut[80];
	struct diff_side *side = &d->side[s];
	const struct doc_diff_side *given = &d->given[s];
	const char *name = s ? "Second body" : "First body";
	body_open(&side->said, given->headers, given->body, BODY_MOST);
	side->whole = body_text(&side->said);
	body_say_undone(&side->said, undone);
	enum decode_result r = side->said.decoded;
	d->failed = d->failed || side->said.no_memory;
	if (*undone)
		note(d, "%s: %s, compared decoded%s", name, undone,
		     r == DECODE_CUT       ? ", its first 8 MiB"
		     : r == DECODE_DAMAGED ? ", as far as that is possible"
					   : "");
	if (doc_cut_note(cut, given->body.len, given->total))
		note(d, "%s: %s", name, cut);
	side->body = side->whole;
	if (side->body.len > COMPARED_MOST)
		side->body.len = COMPARED_MOST;
}

/* Whether they differ after what was compared line by line. */
static void compare_rest(struct diff_doc *d)
{
	const struct diff_side *a = &d->side[0], *b = &d->side[1];
	struct bytes rest_a = bytes_make(a->whole.at + a->body.len, a->whole.len - a->body.len);
	struct bytes rest_b = bytes_make(b->whole.at + b->body.len, b->whole.len - b->body.len);
	if (rest_a.len || rest_b.len) {
		bool same = bytes_equal(rest_a, rest_b);
		note(d, "compared are the first 2 MiB; what follows (%zu and %zu bytes) is %s", rest_a.len, rest_b.len,
		     same ? "the same" : "different");
		d->differences += !same;
	} else if (d->given[0].total != d->given[1].total && bytes_equal(a->body, b->body)) {
		d->differences++; /* of what was not recorded */
	}
}

static bool is_json(struct diff_doc *d)
{
	for (int s = 0; s < 2; s++) {
		struct body *said = &d->side[s].said;
		if (body_kind(said) != BODY_JSON || !json_tokenize(d->side[s].body, true, &d->side[s].tokens, NULL))
			return false;
	}
	return true;
}

/* The fields of two forms, as JSON: both, or neither. */
static bool is_form(struct diff_doc *d)
{
	bool fine = true;
	for (int s = 0; s < 2; s++) {
		struct diff_side *side = &d->side[s];
		if (body_kind(&side->said) != BODY_FORM)
			return false;
		d->failed = d->failed || !body_put_object(&side->said, &side->object);
		json_tokens_free(&side->tokens);
		fine = fine && !d->failed && side->object.len <= COMPARED_MOST &&
		       json_tokenize(buffer_view(&side->object), true, &side->tokens, NULL);
	}
	for (int s = 0; fine && s < 2; s++)
		d->side[s].body = d->side[s].whole = buffer_view(&d->side[s].object);
	return fine;
}

static void compare_json(struct diff_doc *d, const char *what)
{
	struct diff_json_side a = { d->side[0].body, &d->side[0].tokens }, b = { d->side[1].body, &d->side[1].tokens };
	struct diff_json_options o = { .key_order = d->o.key_order, .no_volatile = !d->o.volatile_too };
	struct diff_rows rows = { 0 };
	char hidden[64] = "";
	if (!diff_json(&a, &b, &o, &rows)) {
		d->failed = true;
	} else {
		if (rows.passed_over)
			snprintf(hidden, sizeof hidden, ", %zu volatile not shown (i)", rows.passed_over);
		if (rows.differences == 0)
			note(d, "Body: %s that says the same%s", what, hidden);
		else
			note(d, "Body: %s, %zu difference%s%s%s", what, rows.differences,
			     rows.differences == 1 ? "" : "s", d->o.key_order ? ", the order of keys counts (o)" : "",
			     hidden);
		emit_hunks(d, &rows, SECTION_JSON);
		d->differences += rows.differences;
	}
	diff_rows_free(&rows);
}

static void compare_text(struct diff_doc *d)
{
	struct diff_rows rows = { 0 };
	if (!diff_lines_split(d->side[0].body, &d->side[0].lines) ||
	    !diff_lines_split(d->side[1].body, &d->side[1].lines) ||
	    !diff_text(&d->side[0].lines, &d->side[1].lines, &rows)) {
		d->failed = true;
	} else {
		if (rows.differences == 0)
			note(d, "Body: the same text");
		else
			note(d, "Body: text, %zu line%s differ%s", rows.differences, rows.differences == 1 ? "" : "s",
			     rows.differences == 1 ? "s" : "");
		emit_hunks(d, &rows, SECTION_TEXT);
		d->differences += rows.differences;
	}
	diff_rows_free(&rows);
}

/* Row by row: bytes that moved are not found again. */
static void compare_bytes(struct diff_doc *d)
{
	struct bytes a = d->side[0].body, b = d->side[1].body;
	size_t at, most = a.len > b.len ? a.len : b.len, context = (size_t)(d->o.context > 0 ? d->o.context : 0);
	d->hex = (size_t)doc_hex_bytes(d->o.side_by_side ? doc_diff_half(d) : d->o.columns - 2);
	d->hex = d->hex > 16 ? 16 : d->hex;
	if (!diff_first_byte(a, b, &at)) {
		note(d, "Body: the same %zu bytes", a.len);
		return;
	}
	note(d, "Body: binary, %zu and %zu bytes, first difference at 0x%zx", a.len, b.len, at);
	d->differences++;
	size_t first = at / d->hex, rows = (most + d->hex - 1) / d->hex;
	size_t from = first > context ? first - context : 0,
	       to = rows - from > HEX_ROWS_MOST ? from + HEX_ROWS_MOST : rows;
	for (size_t i = from; i < to; i++) {
		size_t start = i * d->hex;
		size_t in_a = start < a.len ? a.len - start : 0, in_b = start < b.len ? b.len - start : 0;
		in_a = in_a < d->hex ? in_a : d->hex;
		in_b = in_b < d->hex ? in_b : d->hex;
		struct diff_entry e = { .a = in_a ? (uint32_t)i : DIFF_NONE, .b = in_b ? (uint32_t)i : DIFF_NONE };
		bool same = in_a == in_b && memcmp(a.at + start, b.at + start, in_a) == 0;
		e.section = SECTION_HEX;
		e.kind = same ? DIFF_SAME : !in_a ? DIFF_ADDED : !in_b ? DIFF_REMOVED : DIFF_CHANGED;
		emit(d, e);
		d->unpaired = SIZE_MAX;
	}
	if (to < rows)
		note(d, "%zu more bytes from 0x%zx on are not shown", most - to * d->hex, to * d->hex);
}

static void compare_bodies(struct diff_doc *d)
{
	prepare(d, 0);
	prepare(d, 1);
	struct bytes a = d->side[0].body, b = d->side[1].body;
	if (d->failed)
		return;
	if (bytes_equal(d->side[0].whole, d->side[1].whole) && !d->o.all_context) {
		d->side[0].body = d->side[1].body = d->side[0].whole;
		if (a.len)
			note(d, "Body: the same %zu byte%s", d->side[0].whole.len, a.len == 1 ? "" : "s");
		else
			note(d, "Body: none");
	} else if (is_json(d)) {
		compare_json(d, "JSON");
	} else if (is_form(d)) {
		compare_json(d, "form");
	} else if (doc_is_text(a) && doc_is_text(b)) {
		compare_text(d);
	} else {
		compare_bytes(d);
	}
	compare_rest(d);
}

static size_t parts_of(struct diff_doc *d, const struct diff_entry *e, int s)
{
	struct pieces p = { 0 };
	size_t parts = 1, used = 0;
	doc_diff_pieces(d, e, s, &p);
	size_t len = pieces_len(&p), half = (size_t)doc_diff_half(d);
	int column = p.indent < (int)half / 2 ? p.indent : (int)half / 2;
	for (size_t at = 0; parts < PARTS_MOST; parts++, at = used, column = 0) {
		pieces_cells(&p, at, len, column, d->scratch, half - (size_t)column, &used);
		if (used >= len || (used == at && parts > 1))
			break;
	}
	return parts;
}

/* Side by side a pair takes as many lines as its longer half does. */
static void spread(struct diff_doc *d)
{
	struct diff_entry *old = d->entries;
	size_t count = d->count;
	d->entries = NULL;
	d->count = d->cap = 0;
	for (size_t i = 0; i < count; i++) {
		struct diff_entry e = old[i];
		size_t parts = 1;
		if (e.section != SECTION_NOTE) {
			size_t left = parts_of(d, &e, 0), right = parts_of(d, &e, 1);
			parts = left > right ? left : right;
		}
		for (; e.part < parts; e.part++)
			push(d, e);
		if (parts == PARTS_MOST)
			note(d, "what is longer than %d lines is not shown side by side", PARTS_MOST);
	}
	free(old);
}

static void compare(struct diff_doc *d)
{
	d->unpaired = SIZE_MAX;
	emit(d, (struct diff_entry){ .section = SECTION_SUMMARY, .kind = DIFF_CHANGED });
	d->unpaired = SIZE_MAX;
	compare_headers(d);
	compare_bodies(d);
	if (d->failed)
		return;
	if (d->o.side_by_side) {
		spread(d);
	} else {
		d->rows = (struct rows){ .lines = d->count, .make = doc_diff_make_line, .self = d };
		d->failed = !rows_measure(&d->rows);
	}
}

struct doc *doc_diff(const struct doc_diff_side *a, const struct doc_diff_side *b, const struct doc_diff_options *o)
{
	struct diff_doc *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	*d = (struct diff_doc){ .doc = { .ops = &doc_diff_ops }, .given = { *a, *b }, .o = *o };
	d->scratch = malloc(DOC_LINE_MAX * sizeof *d->scratch);
	d->failed = !d->scratch;
	if (!d->failed)
		compare(d);
	if (d->failed) {
		doc_free(&d->doc);
		return NULL;
	}
	if (d->differences)
		snprintf(d->doc.about, sizeof d->doc.about, "%zu difference%s", d->differences,
			 d->differences == 1 ? "" : "s");
	else
		snprintf(d->doc.about, sizeof d->doc.about, "no differences");
	return &d->doc;
}
