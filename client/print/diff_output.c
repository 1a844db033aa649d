#include "client/print/diff_output.h"

#include "client/json/json_fields.h"
#include "client/json/row_json.h"
#include "shared/text/text.h"

#include <inttypes.h>
#include <string.h>

#define CONTEXT 3
#define HEX_BYTES 16
#define HEX_ROWS 16

struct writer {
	FILE *out;
	struct diff_style style;
	struct buffer line, shown;
	bool fine;
};

static void add(struct writer *w, struct bytes b)
{
	w->fine = w->fine && buffer_append_bytes(&w->line, b);
}

static void add_text(struct writer *w, const char *text)
{
	add(w, bytes_of(text));
}

/* Ends the line; on a terminal it is made safe and has the colour of its kind. */
static void end_line(struct writer *w, enum diff_kind kind)
{
	static const char *const colors[] = { NULL, "\x1b[31m", "\x1b[32m", NULL };
	const char *color = w->style.color ? colors[kind] : NULL;
	struct bytes line = buffer_view(&w->line);
	if (w->fine && w->style.terminal) {
		w->shown.len = 0;
		w->fine = text_sanitize(&w->shown, line, TEXT_LINE);
		line = buffer_view(&w->shown);
	}
	w->fine = w->fine && (!color || fputs(color, w->out) != EOF) &&
		  (line.len == 0 || fwrite(line.at, 1, line.len, w->out) == line.len) &&
		  (!color || fputs("\x1b[0m", w->out) != EOF) && putc('\n', w->out) != EOF;
	w->line.len = 0;
}

static void begin_line(struct writer *w, enum diff_kind kind)
{
	static const char *const signs[] = { "  ", "- ", "+ ", "~ " };
	add_text(w, signs[kind]);
}

static void summary(struct writer *w, const struct diff_message *m, const char *sign)
{
	w->fine = w->fine && buffer_printf(&w->line, "%s #%" PRId64, sign, m->id) &&
		  (!m->status || buffer_printf(&w->line, "  %d", m->status)) &&
		  (!*m->undone || buffer_printf(&w->line, "  (%s, compared decoded)", m->undone));
	end_line(w, DIFF_SAME);
}

static void request_line(struct writer *w, const struct diff_message *m, enum diff_kind kind)
{
	begin_line(w, kind);
	add(w, buffer_view(&m->method));
	add_text(w, " ");
	add(w, buffer_view(&m->target));
	end_line(w, kind);
}

static void header_line(struct writer *w, struct bytes name, struct bytes value, enum diff_kind kind)
{
	begin_line(w, kind);
	add(w, name);
	add_text(w, ": ");
	add(w, value);
	end_line(w, kind);
}

static void headers(struct writer *w, const struct diff_fields *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct diff_field *f = &fields->at[i];
		if (f->kind == DIFF_REMOVED || f->kind == DIFF_CHANGED)
			header_line(w, f->name, f->a, DIFF_REMOVED);
		if (f->kind == DIFF_ADDED || f->kind == DIFF_CHANGED)
			header_line(w, f->name, f->b, DIFF_ADDED);
	}
}

static void json_line(struct writer *w, const struct diff_message *m, const struct diff_row *r, uint32_t at,
		      enum diff_kind kind)
{
	const struct json_tokens *t = &m->tokens;
	size_t value = at + (t->at[at].kind == TOKEN_KEY);
	struct bytes lexeme = json_lexeme(m->body, &t->at[value]);
	begin_line(w, kind);
	for (int i = 0; i < r->depth; i++)
		add_text(w, "  ");
	if (value != at) {
		add(w, json_lexeme(m->body, &t->at[at]));
		add_text(w, ": ");
	}
	bool open = json_is_open(&t->at[value]);
	add(w, bytes_make(lexeme.at, open ? 1 : lexeme.len));
	if (open && r->whole)
		add(w, bytes_make(lexeme.at + lexeme.len - 1, 1));
	end_line(w, kind);
}

static void text_line(struct writer *w, const struct diff_message *m, const struct diff_message *other, uint32_t at,
		      enum diff_kind kind)
{
	begin_line(w, kind);
	add(w, diff_line(&m->lines, at));
	if (kind != DIFF_SAME && at + 1 == m->lines.count && diff_lines_open(&m->lines) &&
	    !diff_lines_open(&other->lines))
		add_text(w, " (no line end)");
	end_line(w, kind);
}

static void row(struct writer *w, const struct diff_found *f, const struct diff_row *r)
{
	const struct diff_message *a = &f->side[0], *b = &f->side[1];
	enum diff_kind kind = (enum diff_kind)r->kind;
	if (kind != DIFF_ADDED) {
		enum diff_kind shown = kind == DIFF_CHANGED ? DIFF_REMOVED : kind;
		if (f->kind == DIFF_BODY_JSON)
			json_line(w, a, r, r->a, shown);
		else
			text_line(w, a, b, r->a, shown);
	}
	if (kind == DIFF_ADDED || kind == DIFF_CHANGED) {
		if (f->kind == DIFF_BODY_JSON)
			json_line(w, b, r, r->b, DIFF_ADDED);
		else
			text_line(w, b, a, r->b, DIFF_ADDED);
	}
}

/* "@@ data.object @@": where in the JSON the hunk is, or its first line's number. */
static void hunk_head(struct writer *w, const struct diff_found *f, size_t start)
{
	size_t i = start;
	while (f->rows.at[i].kind == DIFF_SAME)
		i++;
	const struct diff_row *r = &f->rows.at[i], *first = &f->rows.at[start];
	int s = r->a == DIFF_NONE;
	const struct diff_message *m = &f->side[s];
	add_text(w, "@@ ");
	if (f->kind == DIFF_BODY_TEXT) {
		w->fine =
		    w->fine && buffer_printf(&w->line, "line %u", (first->a != DIFF_NONE ? first->a : first->b) + 1);
	} else {
		struct buffer path = { 0 };
		size_t parent = json_parent(&m->tokens, s ? r->b : r->a);
		if (parent != SIZE_MAX)
			w->fine = w->fine && json_path(m->body, &m->tokens, parent, &path);
		add(w, path.len ? buffer_view(&path) : bytes_of("JSON"));
		buffer_free(&path);
	}
	add_text(w, " @@");
	end_line(w, DIFF_SAME);
}

static void rows(struct writer *w, const struct diff_found *f)
{
	size_t from = 0, start, end;
	for (; w->fine && diff_hunk(&f->rows, from, CONTEXT, &start, &end); from = end) {
		hunk_head(w, f, start);
		for (size_t i = start; i < end; i++)
			row(w, f, &f->rows.at[i]);
	}
}

static void hex_line(struct writer *w, struct bytes body, size_t at, enum diff_kind kind)
{
	begin_line(w, kind);
	w->fine = w->fine && buffer_printf(&w->line, "%08zx |", at);
	for (size_t i = at; i < at + HEX_BYTES; i++)
		w->fine = w->fine && (i < body.len ? buffer_printf(&w->line, " %02x", body.at[i])
						   : buffer_append_text(&w->line, "   "));
	add_text(w, " | ");
	for (size_t i = at; i < at + HEX_BYTES && i < body.len; i++)
		w->fine =
		    w->fine && buffer_put_u8(&w->line, body.at[i] >= 0x20 && body.at[i] < 0x7f ? body.at[i] : '.');
	end_line(w, kind);
}

static void binary(struct writer *w, const struct diff_found *f)
{
	struct bytes a = f->side[0].body, b = f->side[1].body;
	size_t most = a.len > b.len ? a.len : b.len, at = f->first / HEX_BYTES * HEX_BYTES;
	w->fine = w->fine && buffer_printf(&w->line, "@@ binary, %zu and %zu bytes, first difference at 0x%zx @@",
					   a.len, b.len, f->first);
	end_line(w, DIFF_SAME);
	for (size_t n = 0; n < HEX_ROWS && at < most; n++, at += HEX_BYTES) {
		size_t in_a = at < a.len ? a.len - at : 0, in_b = at < b.len ? b.len - at : 0;
		in_a = in_a < HEX_BYTES ? in_a : HEX_BYTES;
		in_b = in_b < HEX_BYTES ? in_b : HEX_BYTES;
		if (in_a == in_b && memcmp(a.at + at, b.at + at, in_a) == 0) {
			hex_line(w, a, at, DIFF_SAME);
			continue;
		}
		if (in_a)
			hex_line(w, a, at, DIFF_REMOVED);
		if (in_b)
			hex_line(w, b, at, DIFF_ADDED);
	}
	if (at < most) {
		w->fine = w->fine && buffer_printf(&w->line, "@@ %zu more bytes are not shown @@", most - at);
		end_line(w, DIFF_SAME);
	}
}

bool diff_write_lines(FILE *out, const struct diff_found *f, struct diff_style style)
{
	struct writer w = { .out = out, .style = style, .fine = true };
	if (f->equal)
		return true;
	summary(&w, &f->side[0], "---");
	summary(&w, &f->side[1], "+++");
	if (f->line_differs) {
		request_line(&w, &f->side[0], DIFF_REMOVED);
		request_line(&w, &f->side[1], DIFF_ADDED);
	}
	headers(&w, &f->fields);
	if (f->kind == DIFF_BODY_JSON || f->kind == DIFF_BODY_TEXT)
		rows(&w, f);
	else if (f->kind == DIFF_BODY_BINARY)
		binary(&w, f);
	if (f->cut_differs) {
		w.fine = w.fine && buffer_printf(&w.line,
						 "@@ of %" PRIu64 " and %" PRIu64 " bytes only the beginnings "
						 "are on record @@",
						 f->side[0].m.body_size, f->side[1].m.body_size);
		end_line(&w, DIFF_SAME);
	}
	buffer_free(&w.line);
	buffer_free(&w.shown);
	return w.fine;
}

static json_t *text_or_null(bool there, struct bytes b)
{
	return there ? json_from_bytes(b) : json_null();
}

static bool put_headers(json_t *list, const struct diff_fields *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct diff_field *f = &fields->at[i];
		if (f->kind == DIFF_SAME)
			continue;
		struct json_fields o = json_fields_begin(NULL);
		json_fields_text(&o, "name", f->name);
		json_fields_put(&o, "a", text_or_null(f->kind != DIFF_ADDED, f->a));
		json_fields_put(&o, "b", text_or_null(f->kind != DIFF_REMOVED, f->b));
		if (json_array_append_new(list, json_fields_end(&o)) != 0)
			return false;
	}
	return true;
}

/* One side's part of a difference, as it is written there; without bytes where there is none. */
static struct bytes side_text(const struct diff_found *f, int s, uint32_t at)
{
	const struct diff_message *m = &f->side[s];
	if (at == DIFF_NONE)
		return bytes_make(NULL, 0);
	if (f->kind == DIFF_BODY_TEXT)
		return diff_line(&m->lines, at);
	at += m->tokens.at[at].kind == TOKEN_KEY;
	return json_lexeme(m->body, &m->tokens.at[at]);
}

static json_t *side_value(const struct diff_found *f, int s, uint32_t at)
{
	return text_or_null(at != DIFF_NONE, side_text(f, s, at));
}

static json_t *where(const struct diff_found *f, const struct diff_row *r)
{
	struct buffer path = { 0 };
	int s = r->a == DIFF_NONE;
	const struct diff_message *m = &f->side[s];
	json_t *text = NULL;
	if (json_path(m->body, &m->tokens, s ? r->b : r->a, &path))
		text = json_from_bytes(buffer_view(&path));
	buffer_free(&path);
	return text;
}

static json_t *line_number(uint32_t at)
{
	return at == DIFF_NONE ? json_null() : json_integer((json_int_t)at + 1);
}

/* A value that has another type on the other side comes as two rows, but is one change. */
static bool is_pair(const struct diff_found *f, size_t i, size_t next)
{
	const struct diff_row *r = &f->rows.at[i], *n = &f->rows.at[next];
	if (f->kind != DIFF_BODY_JSON || r->kind != DIFF_REMOVED || next >= f->rows.count || !n->first ||
	    n->kind != DIFF_ADDED || r->depth != n->depth)
		return false;
	const struct json_token *a = &f->side[0].tokens.at[r->a], *b = &f->side[1].tokens.at[n->b];
	return a->kind == TOKEN_KEY && b->kind == TOKEN_KEY &&
	       json_text_compare(json_lexeme(f->side[0].body, a), json_lexeme(f->side[1].body, b)) == 0;
}

static bool put_changes(json_t *list, const struct diff_found *f, bool *too_long)
{
	size_t told = 0;
	for (size_t i = 0, next; i < f->rows.count; i = next) {
		const struct diff_row *r = &f->rows.at[i];
		uint32_t a = r->a, b = r->b;
		next = i + 1;
		if (r->kind == DIFF_SAME)
			continue;
		*too_long = deadline_over(f->rows.until) || (f->told_most && told > f->told_most);
		if (*too_long)
			return false;
		struct json_fields o = json_fields_begin(NULL);
		if (f->kind == DIFF_BODY_JSON) {
			while (next < f->rows.count && f->rows.at[next].kind == r->kind && !f->rows.at[next].first)
				next++;
			if (next < f->rows.count && is_pair(f, i, next)) {
				b = f->rows.at[next++].b;
				while (next < f->rows.count && f->rows.at[next].kind == DIFF_ADDED &&
				       !f->rows.at[next].first)
					next++;
			}
			json_fields_put(&o, "path", where(f, r));
		} else {
			json_fields_put(&o, "line_a", line_number(a));
			json_fields_put(&o, "line_b", line_number(b));
		}
		told += side_text(f, 0, a).len + side_text(f, 1, b).len;
		json_fields_put(&o, "a", side_value(f, 0, a));
		json_fields_put(&o, "b", side_value(f, 1, b));
		if (json_array_append_new(list, json_fields_end(&o)) != 0)
			return false;
	}
	*too_long = f->told_most && told > f->told_most;
	return true;
}

/* NULL when out of memory, and when there are more than the bounds allow. */
static json_t *changes_list(const struct diff_found *f, bool *too_long)
{
	json_t *list = json_array();
	if (list && put_changes(list, f, too_long) && !*too_long)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *body_object(const struct diff_found *f)
{
	static const char *const kinds[] = { "same", "json", "text", "binary", "too-long" };
	enum diff_body kind = f->kind;
	bool listed = kind == DIFF_BODY_JSON || kind == DIFF_BODY_TEXT;
	bool too_long = false;
	json_t *changes = listed ? changes_list(f, &too_long) : NULL;
	if (too_long)
		kind = DIFF_BODY_TOO_LONG;
	struct json_fields o = json_fields_begin(NULL);
	json_fields_text(&o, "kind", bytes_of(kinds[kind]));
	if (kind == DIFF_BODY_BINARY || kind == DIFF_BODY_TOO_LONG)
		json_fields_number(&o, "first_difference", (int64_t)f->first);
	else if (listed)
		json_fields_put(&o, "changes", changes);
	json_fields_number(&o, "bytes_a", (int64_t)f->side[0].m.body_size);
	json_fields_number(&o, "bytes_b", (int64_t)f->side[1].m.body_size);
	return json_fields_end(&o);
}

/* "POST /hooks" of each, or null where they are the same. */
static json_t *request_lines(const struct diff_found *f)
{
	static const char *const names[] = { "a", "b" };
	struct json_fields o = json_fields_begin(NULL);
	for (int s = 0; s < 2; s++) {
		const struct diff_message *m = &f->side[s];
		struct buffer line = { 0 };
		o.failed |= !buffer_append_bytes(&line, buffer_view(&m->method)) || !buffer_put_u8(&line, ' ') ||
			    !buffer_append_bytes(&line, buffer_view(&m->target));
		json_fields_text(&o, names[s], buffer_view(&line));
		buffer_free(&line);
	}
	return json_fields_end(&o);
}

static json_t *headers_list(const struct diff_fields *fields)
{
	json_t *list = json_array();
	if (list && put_headers(list, fields))
		return list;
	json_decref(list);
	return NULL;
}

json_t *diff_output_json(const struct diff_found *f)
{
	struct json_fields o = json_fields_begin(NULL);
	json_fields_put(&o, "equal", json_boolean(f->equal));
	json_fields_number(&o, "a", f->side[0].id);
	json_fields_number(&o, "b", f->side[1].id);
	json_fields_put(&o, "request_line", f->line_differs ? request_lines(f) : json_null());
	json_fields_put(&o, "headers", headers_list(&f->fields));
	json_fields_put(&o, "body", body_object(f));
	json_fields_number(&o, "ignored", (int64_t)f->passed_over);
	return json_fields_end(&o);
}

bool diff_write_json(FILE *out, const struct diff_found *f, struct error *e)
{
	json_t *object = diff_output_json(f);
	return object ? row_json_print(out, object, e) : error_set(e, EXIT_STORE, "out of memory");
}
