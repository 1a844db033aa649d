#include "client/trigger/json_edit.h"

#include "shared/json/json_tokens.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MOST 64

enum step_kind { STEP_KEY, STEP_INDEX, STEP_APPEND };

struct step {
	enum step_kind kind;
	struct bytes key; /* as the user wrote it; of an index its digits */
	size_t index;
};

struct edit {
	const char *path;
	struct step steps[STEPS_MOST];
	size_t count;
	const char *value; /* NULL: away with it */
	struct json_tokens tokens;
	struct bytes text; /* that the tokens are of */
};

/* ---- the path ---- */

static bool bad_path(const struct edit *d, const char *why, struct error *e)
{
	return error_set(e, EXIT_USAGE, "'%.100s' is not a path: %s; write data.object.id, items[0].id or items[]",
			 d->path, why);
}

static bool is_number(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!isdigit(text.at[i]))
			return false;
	return text.len > 0 && text.len < 10;
}

static size_t number_of(struct bytes digits)
{
	size_t n = 0;
	for (size_t i = 0; i < digits.len; i++)
		n = n * 10 + (size_t)(digits.at[i] - '0');
	return n;
}

/* What stands in brackets: a number, nothing, or a quoted key. */
static bool read_bracket(const struct edit *d, struct bytes inside, struct step *s, struct error *e)
{
	if (inside.len == 0) {
		s->kind = STEP_APPEND;
	} else if (is_number(inside)) {
		*s = (struct step){ STEP_INDEX, inside, number_of(inside) };
	} else if (inside.len >= 2 && inside.at[0] == '"' && inside.at[inside.len - 1] == '"') {
		*s = (struct step){ STEP_KEY, bytes_make(inside.at + 1, inside.len - 2), 0 };
	} else {
		return bad_path(d, "brackets hold a number, nothing or a quoted name", e);
	}
	return true;
}

/* The end of a bracket that opens at `at`; NULL: it has none. */
static const char *bracket_end(const char *at)
{
	return at[1] == '"' ? strstr(at + 2, "\"]") ? strstr(at + 2, "\"]") + 1 : NULL : strchr(at, ']');
}

static bool read_path(struct edit *d, struct error *e)
{
	const char *at = d->path;
	while (*at) {
		struct step *s = &d->steps[d->count++];
		*s = (struct step){ .kind = STEP_KEY };
		if (d->count == STEPS_MOST)
			return bad_path(d, "it is too deep", e);
		if (*at == '[') {
			const char *end = bracket_end(at);
			if (!end)
				return bad_path(d, "a bracket is open", e);
			if (!read_bracket(d, bytes_make(at + 1, (size_t)(end - at) - 1), s, e))
				return false;
			at = end + 1;
		} else {
			s->key = bytes_make(at, strcspn(at, ".["));
			if (s->key.len == 0)
				return bad_path(d, "a name is missing", e);
			at += s->key.len;
		}
		if (*at == '.' && !*++at)
			return bad_path(d, "a name is missing at its end", e);
		if (*at && *at != '[' && at[-1] != '.')
			return bad_path(d, "a dot is missing behind a bracket", e);
	}
	return d->count > 0 || bad_path(d, "it is empty", e);
}

/* ---- values ---- */

static bool put_string(struct buffer *out, struct bytes text)
{
	bool fine = buffer_put_u8(out, '"');
	for (size_t i = 0; fine && i < text.len; i++) {
		uint8_t c = text.at[i];
		if (c == '"' || c == '\\')
			fine = buffer_put_u8(out, '\\') && buffer_put_u8(out, c);
		else if (c < 0x20)
			fine = buffer_printf(out, "\\u%04x", c);
		else
			fine = buffer_put_u8(out, c);
	}
	return fine && buffer_put_u8(out, '"');
}

static bool is_json(const char *text)
{
	struct json_tokens t = { 0 };
	struct json_error ignored;
	size_t len = strlen(text);
	if (len == 0 || isspace((unsigned char)text[0]) || isspace((unsigned char)text[len - 1]) ||
	    (uint8_t)text[0] == 0xef)
		return false;
	bool fine = json_tokenize(bytes_make(text, len), false, &t, &ignored);
	json_tokens_free(&t);
	return fine;
}

/* The value, within what the steps from `from` on make of it. */
static bool put_value(const struct edit *d, size_t from, struct buffer *out)
{
	bool fine = true;
	for (size_t i = from; fine && i < d->count; i++)
		fine = d->steps[i].kind == STEP_KEY
			   ? buffer_put_u8(out, '{') && put_string(out, d->steps[i].key) && buffer_put_u8(out, ':')
			   : buffer_put_u8(out, '[');
	fine = fine && (is_json(d->value) ? buffer_append_text(out, d->value) : put_string(out, bytes_of(d->value)));
	for (size_t i = d->count; fine && i > from; i--)
		fine = buffer_put_u8(out, d->steps[i - 1].kind == STEP_KEY ? '}' : ']');
	return fine;
}

/* ---- changes of the text ---- */

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

/* Puts `with` in the place of what stands from `at` on. */
static bool replace(struct buffer *body, size_t at, size_t len, struct bytes with)
{
	struct buffer out = { 0 };
	bool fine = buffer_append(&out, body->at, at) && buffer_append_bytes(&out, with) &&
		    buffer_append(&out, body->at + at + len, body->len - at - len);
	if (!fine) {
		buffer_free(&out);
		return false;
	}
	buffer_free(body);
	*body = out;
	return true;
}

static size_t end_of(const struct json_token *t)
{
	return (size_t)t->at + t->len;
}

/* The last member's key, or the last element; SIZE_MAX: there is none. */
static size_t last_member(const struct edit *d, size_t open)
{
	size_t last = SIZE_MAX;
	for (size_t i = open + 1; i < d->tokens.at[open].partner; i = json_after(&d->tokens, i))
		last = i;
	return last;
}

/* Behind the last one, and laid out as that one is. */
static bool add_member(const struct edit *d, struct buffer *body, size_t open, size_t step)
{
	const struct json_token *t = d->tokens.at;
	const struct step *s = &d->steps[step];
	bool is_object = t[open].kind == TOKEN_OPEN_OBJECT;
	size_t last = last_member(d, open), at = (size_t)t[open].at + 1;
	struct buffer more = { 0 };
	bool fine = true;
	if (last != SIZE_MAX) {
		const struct json_token *value = is_object ? &t[last + 1] : &t[last];
		size_t before = t[last].at;
		while (before > 0 && strchr(" \t\r\n", d->text.at[before - 1]))
			before--;
		at = end_of(value);
		fine = buffer_put_u8(&more, ',') && buffer_append(&more, d->text.at + before, t[last].at - before);
	}
	if (is_object) {
		fine = fine && put_string(&more, s->key);
		if (last == SIZE_MAX)
			fine = fine && buffer_put_u8(&more, ':');
		else /* a colon, and blanks as there */
			fine = fine &&
			       buffer_append(&more, d->text.at + end_of(&t[last]), t[last + 1].at - end_of(&t[last]));
	}
	fine = fine && put_value(d, step + 1, &more) && replace(body, at, 0, buffer_view(&more));
	buffer_free(&more);
	return fine;
}

/* With the comma that parts it from its neighbour. */
static bool take_away(const struct edit *d, struct buffer *body, size_t open, size_t member)
{
	const struct json_token *t = d->tokens.at;
	size_t value = t[member].kind == TOKEN_KEY ? member + 1 : member;
	size_t from = t[member].at, to = end_of(&t[value]), next = json_after(&d->tokens, member);
	if (next < t[open].partner) {
		to = t[next].at;
	} else {
		while (from > 0 && strchr(" \t\r\n,", d->text.at[from - 1]))
			from--;
		if (member == open + 1) /* the only one */
			to = t[t[open].partner].at;
	}
	return replace(body, from, to - from, bytes_of(NULL));
}

/* ---- the way to the value ---- */

static bool is_null(const struct edit *d, size_t i)
{
	return d->tokens.at[i].kind == TOKEN_WORD && d->text.at[d->tokens.at[i].at] == 'n';
}

static bool is_key(const struct edit *d, size_t i, struct bytes key)
{
	struct json_text name = json_text_of(json_lexeme(d->text, &d->tokens.at[i]));
	for (size_t n = 0; n < key.len; n++)
		if (json_text_next(&name) != key.at[n])
			return false;
	return json_text_next(&name) < 0;
}

/* The member's key or the element; SIZE_MAX: it is not there. Of a key that stands there twice the last counts. */
static size_t find_member(const struct edit *d, size_t open, const struct step *s)
{
	const struct json_token *t = d->tokens.at;
	size_t found = SIZE_MAX, n = 0;
	for (size_t i = open + 1; i < t[open].partner; i = json_after(&d->tokens, i), n++)
		if (t[i].kind == TOKEN_KEY ? is_key(d, i, s->key) : s->kind != STEP_APPEND && n == s->index)
			found = i;
	return found;
}

static bool no_way(const struct edit *d, size_t at, const struct step *s, struct error *e)
{
	static const char *const kinds[] = {
		[TOKEN_STRING] = "a text",         [TOKEN_NUMBER] = "a number",   [TOKEN_WORD] = "true or false",
		[TOKEN_OPEN_OBJECT] = "an object", [TOKEN_OPEN_ARRAY] = "a list",
	};
	struct buffer where = { 0 };
	const struct json_token *t = &d->tokens.at[at];
	bool fine = json_path(d->text, &d->tokens, at, &where);
	if (t->kind == TOKEN_OPEN_ARRAY && s->kind != STEP_KEY)
		error_set(e, EXIT_USAGE, "'%.100s': the list at '%.*s' has %zu elements, so that the next one is [%zu]",
			  d->path, (int)where.len, where.len ? (const char *)where.at : "",
			  json_members(&d->tokens, at), json_members(&d->tokens, at));
	else
		error_set(e, EXIT_USAGE, "'%.100s': what stands at '%.*s' is %s", d->path, (int)where.len,
			  where.len ? (const char *)where.at : "", kinds[t->kind]);
	buffer_free(&where);
	return !fine && no_memory(e);
}

/* Whether the step can lead into the value at all. */
static bool fits(const struct edit *d, size_t at, struct step *s)
{
	bool is_list = d->tokens.at[at].kind == TOKEN_OPEN_ARRAY;
	if (is_list && s->kind == STEP_KEY && is_number(s->key))
		*s = (struct step){ STEP_INDEX, s->key, number_of(s->key) };
	return is_list ? s->kind != STEP_KEY : d->tokens.at[at].kind == TOKEN_OPEN_OBJECT && s->kind == STEP_KEY;
}

/* Beyond the end of a list, or not at the beginning of one that is to be made. */
static bool leaves_a_gap(const struct edit *d, size_t from, size_t members)
{
	for (size_t i = from; i < d->count; i++, members = 0)
		if (d->steps[i].kind == STEP_INDEX && d->steps[i].index > members)
			return true;
	return false;
}

static bool apply(struct edit *d, struct buffer *body, struct error *e)
{
	size_t at = 0, open = SIZE_MAX, member = 0;
	for (size_t i = 0; i < d->count; i++) {
		struct step *s = &d->steps[i];
		bool null = is_null(d, at);
		if (!null && !fits(d, at, s))
			return no_way(d, at, s, e);
		size_t members = null ? 0 : json_members(&d->tokens, at);
		size_t found = null ? SIZE_MAX : find_member(d, at, s);
		if (found != SIZE_MAX) {
			open = at;
			member = found;
			at = d->tokens.at[found].kind == TOKEN_KEY ? found + 1 : found;
			continue;
		}
		if (!d->value)
			return true; /* it is not there as it is */
		if (leaves_a_gap(d, i, members))
			return null || s->kind != STEP_INDEX || s->index <= members
				   ? bad_path(d, "a list that is made begins with [0]", e)
				   : no_way(d, at, s, e);
		if (!null)
			return add_member(d, body, at, i) || no_memory(e);
		struct buffer made = { 0 };
		const struct json_token *t = &d->tokens.at[at];
		bool fine = put_value(d, i, &made) && replace(body, t->at, t->len, buffer_view(&made));
		buffer_free(&made);
		return fine || no_memory(e);
	}
	if (!d->value)
		return take_away(d, body, open, member) || no_memory(e);
	struct buffer value = { 0 };
	const struct json_token *t = &d->tokens.at[at];
	bool fine = put_value(d, d->count, &value) && replace(body, t->at, t->len, buffer_view(&value));
	buffer_free(&value);
	return fine || no_memory(e);
}

bool json_edit_set(struct buffer *body, const char *path, const char *value, struct error *e)
{
	struct edit d = { .path = path, .value = strcmp(value, "null") == 0 ? NULL : value, .text = buffer_view(body) };
	struct json_error je;
	if (!read_path(&d, e))
		return false;
	bool fine = json_tokenize(d.text, false, &d.tokens, &je);
	if (!fine)
		error_set(e, EXIT_USAGE,
			  "the body is not JSON, so that nothing can be set in it: line %zu, column %zu: %s", je.line,
			  je.column, je.what);
	fine = fine && apply(&d, body, e);
	json_tokens_free(&d.tokens);
	return fine;
}
