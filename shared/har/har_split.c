/* Walks over a HAR file's outer objects without parsing it as a whole: of a hundred thousand entries only one at a time
 * becomes a value. Brackets are counted here, jansson judges what is between them. */
#include <string.h>

#include "shared/har/har.h"
#include "shared/json/json_halves.h"
#include "shared/json/json_once.h"

struct walk {
	struct bytes text;
	size_t at;
	const struct har_reader *reader;
	size_t entries;
	bool found;           /* "log" with "entries" */
	size_t line, line_at; /* how far lines are counted */
};

static size_t line_of(struct walk *w, size_t at)
{
	if (at < w->line_at)
		return w->line;
	for (; w->line_at < at; w->line_at++)
		w->line += w->text.at[w->line_at] == '\n';
	return w->line;
}

static bool bad(struct walk *w, const char *what, struct error *e)
{
	return error_set(e, EXIT_USAGE, "line %zu: %s", line_of(w, w->at), what);
}

static int peek(const struct walk *w)
{
	return w->at < w->text.len ? w->text.at[w->at] : -1;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int skip_blanks(struct walk *w)
{
	while (w->at < w->text.len && is_blank(w->text.at[w->at]))
		w->at++;
	return peek(w);
}

static size_t string_end(const struct walk *w, size_t at)
{
	for (at++; at < w->text.len && w->text.at[at] != '"'; at++)
		at += w->text.at[at] == '\\';
	return at < w->text.len ? at + 1 : w->text.len;
}

/* Where the value that begins here ends, if it is one. */
static size_t value_end(const struct walk *w)
{
	size_t at = w->at, depth = 0;
	while (at < w->text.len) {
		uint8_t c = w->text.at[at];
		if (c == '"') {
			at = string_end(w, at);
			if (depth == 0)
				return at;
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if (depth == 0 && (is_blank(c) || c == ',' || c == ']' || c == '}'))
			return at;
		else if ((c == '}' || c == ']') && --depth == 0)
			return at + 1;
		at++;
	}
	return at;
}

/* What Python wrote of bytes that are not UTF-8 is read as such; jansson knows no half characters. */
static json_t *load(struct walk *w, size_t start, size_t end, struct error *e)
{
	json_error_t je;
	struct bytes text = bytes_make(w->text.at + start, end - start);
	json_t *value;
	struct buffer whole = { 0 };
	enum json_halves halves = JSON_HALVES_NONE;
	size_t at = 0;
	size_t line = line_of(w, start);
	(void)line_of(w, end); /* before its bytes are gone */
	value = json_load_once(text, JSON_ALLOW_NUL | JSON_DECODE_ANY, &je);
	if (value)
		return value;
	line += je.line > 0 ? (size_t)je.line - 1 : 0;
	if (end == w->text.len) {
		error_set(e, EXIT_USAGE, "line %zu: the file ends too early, or its brackets do not match", line);
		return NULL;
	}
	bool fine = json_halves_take(text, &whole, &halves, &at);
	if (fine && halves == JSON_HALVES_BYTES)
		value = json_loadb((const char *)whole.at, whole.len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &je);
	buffer_free(&whole);
	if (!fine || (value && !json_halves_mark(value))) {
		json_decref(value);
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	if (!value && halves == JSON_HALVES_OTHER)
		error_set(e, EXIT_USAGE, "line %zu: '%.6s' is half of a character, and stands for no byte", line,
			  (const char *)text.at + at);
	else if (!value)
		error_set(e, EXIT_USAGE, "line %zu: it is not JSON: %s", line, je.text);
	return value;
}

/* Takes the value that begins here. NULL and *e; *whole says whether its brackets match. */
static json_t *take_value(struct walk *w, bool *whole, struct error *e)
{
	size_t start = w->at, end = value_end(w);
	json_t *value = load(w, start, end, e);
	*whole = value || end < w->text.len;
	w->at = end;
	return value;
}

static bool take_entry(struct walk *w, struct error *e)
{
	char place[60];
	const struct har_reader *r = w->reader;
	size_t line = line_of(w, w->at), start = w->at;
	bool whole;
	json_t *value = take_value(w, &whole, e);
	if (!value && (!whole || w->at == start))
		return false;
	bool fine = value && r->entry(r->user, ++w->entries, value, e);
	w->entries += !value;
	json_decref(value);
	if (fine)
		return true;
	snprintf(place, sizeof place, "entry %zu (line %zu)", w->entries, line);
	if (value || r->refused)
		error_prefix(e, place);
	if (e->code != EXIT_USAGE || !r->refused || !r->refused(r->user, e))
		return false;
	*e = (struct error){ 0 };
	return true;
}

static bool walk_entries(struct walk *w, struct error *e)
{
	w->found = true;
	w->at++;
	if (skip_blanks(w) == ']') {
		w->at++;
		return true;
	}
	for (;;) {
		skip_blanks(w);
		if (!take_entry(w, e))
			return false;
		int c = skip_blanks(w);
		if (c != ',' && c != ']')
			return bad(w, "it is not JSON: a comma or ] is missing", e);
		w->at++;
		if (c == ']')
			return true;
	}
}

/* One member of the object: steps into "log" at the top and "entries" below, looks at others only. */
static bool walk_member(struct walk *w, int depth, bool *inner, struct error *e)
{
	const char *wanted = depth == 0 ? "\"log\"" : "\"entries\"";
	if (peek(w) != '"')
		return bad(w, "it is not JSON: a name in quotes is missing", e);
	size_t end = string_end(w, w->at);
	bool is_wanted = bytes_equal(bytes_make(w->text.at + w->at, end - w->at), bytes_of(wanted));
	w->at = end;
	if (skip_blanks(w) != ':')
		return bad(w, "it is not JSON: a colon is missing", e);
	w->at++;
	*inner = skip_blanks(w) == (depth == 0 ? '{' : '[') && is_wanted;
	if (*inner)
		return depth == 0 || walk_entries(w, e);
	bool whole;
	json_t *other = take_value(w, &whole, e);
	json_decref(other);
	return other != NULL;
}

/* Behind '{'. */
static bool walk_object(struct walk *w, int depth, struct error *e)
{
	if (skip_blanks(w) == '}') {
		w->at++;
		return true;
	}
	for (;;) {
		bool inner = false;
		skip_blanks(w);
		if (!walk_member(w, depth, &inner, e))
			return false;
		if (inner && depth == 0) {
			w->at++;
			/* NOLINTNEXTLINE(misc-no-recursion): once */
			if (!walk_object(w, 1, e))
				return false;
		}
		int c = skip_blanks(w);
		if (c != ',' && c != '}')
			return bad(w, c < 0 ? "the file ends too early" : "it is not JSON: a comma or } is missing", e);
		w->at++;
		if (c == '}')
			return true;
	}
}

bool har_read(struct bytes text, const struct har_reader *reader, struct error *e)
{
	struct walk w = { .text = text, .reader = reader, .line = 1 };
	if (text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
		w.at = 3;
	if (skip_blanks(&w) != '{')
		return bad(&w, "it is neither HAR nor lines of JSON: no { at its beginning", e);
	w.at++;
	if (!walk_object(&w, 0, e))
		return false;
	if (!w.found)
		return error_set(e, EXIT_USAGE, "line 1: this is not a HAR file: it has no \"log\" with \"entries\"");
	return skip_blanks(&w) < 0 || bad(&w, "it is not JSON: something follows its end", e);
}
