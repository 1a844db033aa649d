/* JSON edited in place: what is taken out is a token's bytes, everything between them stays as it was received. */
#include "shared/redact/redact_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "shared/json/json_tokens.h"

#define PATH_MOST 512

/* What is known of an object or array around a token. */
struct level {
	struct bytes key;      /* that leads to it */
	struct bytes named;    /* {"name": "api_key", "value": …}: that name */
	enum redact_why value; /* and why the value of such a pair goes */
	enum redact_beside beside;
};

struct walk {
	struct redaction *r;
	struct bytes in;
	const struct json_tokens *t;
	unsigned depth;
	struct buffer *out;
	size_t copied;
	struct level *levels; /* [depth of what is in it] */
	struct buffer text, inner;
	/* Up to this token all values go. */
	size_t hidden;
	enum redact_why hidden_why;
	struct bytes hidden_name;
	/* The second string of ["Authorization", "Bearer …"]. */
	size_t pair;
	enum redact_why pair_why;
	struct bytes pair_name;
};

/* What a string means. Bytes that are not UTF-8 stay. */
static bool decode(struct bytes lexeme, struct buffer *out)
{
	struct json_text text = json_text_of(lexeme);
	out->len = 0;
	if (!buffer_reserve(out, lexeme.len + 4))
		return false;
	for (int c; (c = json_text_next(&text)) >= 0;)
		if (!buffer_put_u8(out, (uint8_t)c))
			return false;
	return true;
}

/* The content of a string: as it is where it needs no escapes. Unpaired surrogates are three bytes here. */
static bool encode(struct bytes in, struct buffer *out)
{
	bool fine = true;
	for (size_t i = 0; fine && i < in.len; i++) {
		uint8_t c = in.at[i];
		if (c == '"' || c == '\\') {
			fine = buffer_put_u8(out, '\\') && buffer_put_u8(out, c);
		} else if (c == '\n') {
			fine = buffer_append_text(out, "\\n");
		} else if (c < 0x20) {
			fine = buffer_printf(out, "\\u%04x", c);
		} else if (c == 0xed && i + 2 < in.len && in.at[i + 1] >= 0xa0) {
			fine =
			    buffer_printf(out, "\\u%04x", 0xd000 | (in.at[i + 1] & 0x3f) << 6 | (in.at[i + 2] & 0x3f));
			i += 2;
		} else {
			fine = buffer_put_u8(out, c);
		}
	}
	return fine;
}

static struct bytes inside(struct bytes lexeme)
{
	return bytes_make(lexeme.at + 1, lexeme.len - 2);
}

/* *meaning is a view of the lexeme or of w->text. */
static bool meaning_of(struct walk *w, size_t i, struct bytes *meaning)
{
	struct bytes lexeme = json_lexeme(w->in, &w->t->at[i]);
	*meaning = inside(lexeme);
	if (meaning->len == 0 || !memchr(meaning->at, '\\', meaning->len))
		return true;
	if (!decode(lexeme, &w->text))
		return false;
	*meaning = buffer_view(&w->text);
	return true;
}

/* In the place of token i. */
static bool replace(struct walk *w, size_t i, struct bytes with, bool string)
{
	const struct json_token *t = &w->t->at[i];
	bool fine = buffer_append(w->out, w->in.at + w->copied, t->at - w->copied) &&
		    (!string || buffer_put_u8(w->out, '"')) &&
		    (string ? encode(with, w->out) : buffer_append_bytes(w->out, with)) &&
		    (!string || buffer_put_u8(w->out, '"'));
	w->copied = t->at + t->len;
	return fine;
}

/* "data.items.token" of a member called `key` at that depth; of a long one its end. */
static struct bytes path_of(struct walk *w, uint16_t depth, struct bytes key, char path[PATH_MOST])
{
	size_t end = PATH_MOST;
	struct bytes part = key;
	for (size_t level = depth;; level--) {
		if (part.len) {
			if (part.len + 1 > end)
				break;
			if (end < PATH_MOST)
				path[--end] = '.';
			end -= part.len;
			memcpy(path + end, part.at, part.len);
		}
		if (level == 0)
			break;
		part = w->levels[level].key;
	}
	return bytes_make(path + end, PATH_MOST - end);
}

static void note(struct walk *w, enum redact_why why, uint16_t depth, struct bytes name)
{
	char path[PATH_MOST];
	redact_note_named(w->r, REDACT_JSON, path_of(w, depth, name, path), why);
}

/* 1 and as many 0 as keep its form. */
static bool hide_number(struct walk *w, size_t i, enum redact_why why, struct bytes name)
{
	struct bytes lexeme = json_lexeme(w->in, &w->t->at[i]);
	bool first = true, any = false;
	w->inner.len = 0;
	for (size_t k = 0; k < lexeme.len; k++) {
		uint8_t c = lexeme.at[k], put = c;
		if (isdigit(c)) {
			put = first && lexeme.len > k + 1 && isdigit(lexeme.at[k + 1]) ? '1' : '0';
			first = false;
		}
		any = any || put != c;
		if (!buffer_put_u8(&w->inner, put))
			return false;
	}
	if (!any)
		return true;
	note(w, why, w->t->at[i].depth, name);
	return replace(w, i, buffer_view(&w->inner), false);
}

static bool hide_string(struct walk *w, size_t i, enum redact_why why, struct bytes name)
{
	struct bytes value;
	if (!meaning_of(w, i, &value))
		return false;
	if (redact_is_done(value))
		return true;
	note(w, why, w->t->at[i].depth, name);
	w->inner.len = 0;
	return redact_put_value(&w->inner, why, value) && replace(w, i, buffer_view(&w->inner), true);
}

/* A value whose name says nothing of a secret may hold one, and so may a key. */
static bool look_into(struct walk *w, size_t i)
{
	struct bytes value;
	size_t before = w->r->total;
	if (!meaning_of(w, i, &value))
		return false;
	if (value.len < 6)
		return true;
	w->inner.len = 0;
	return w->r->within->value(w->r, value, w->depth + 1, &w->inner) &&
	       (w->r->total == before || replace(w, i, buffer_view(&w->inner), true));
}

/* {"prompt_tokens": 17} counts something else. */
static bool is_count(struct bytes name)
{
	return name.len >= 6 && (bytes_equal_nocase(bytes_make(name.at + name.len - 6, 6), "tokens"));
}

static bool hide_value(struct walk *w, size_t i, enum redact_why why, struct bytes name)
{
	if (w->t->at[i].kind == TOKEN_STRING)
		return hide_string(w, i, why, name);
	if (w->t->at[i].kind == TOKEN_NUMBER && !(why != WHY_ASKED && is_count(name)))
		return hide_number(w, i, why, name);
	return true;
}

static void hide_all(struct walk *w, size_t open, enum redact_why why, struct bytes name)
{
	w->hidden = w->t->at[open].partner;
	w->hidden_why = why;
	w->hidden_name = name;
}

static bool is_one_of(struct bytes name, const char *const *list)
{
	for (; *list; list++)
		if (bytes_equal_nocase(name, *list))
			return true;
	return false;
}

/* {"name": "api_key", "value": "…"}, as lists of fields, settings and header fields are written. */
static bool find_pair(struct walk *w, size_t open, struct level *level)
{
	static const char *const naming[] = { "name", "key", "field", "header", "param", "label", "id", "k", NULL };
	size_t end = w->t->at[open].partner;
	int looked = 0;
	for (size_t i = open + 1; i < end && looked < 16 && level->value == WHY_NOT;
	     i = json_after(w->t, i), looked++) {
		struct bytes name;
		if (w->t->at[i + 1].kind != TOKEN_STRING ||
		    !is_one_of(inside(json_lexeme(w->in, &w->t->at[i])), naming))
			continue;
		if (!meaning_of(w, i + 1, &name))
			return false;
		if (name.len > 100)
			continue;
		level->value = redact_match_name(w->r->names, WHERE_JSON, name, bytes_of(NULL)).why;
		level->named = inside(json_lexeme(w->in, &w->t->at[i + 1]));
	}
	return true;
}

#define SIGNS_MOST 64 /* members that are looked at */

static enum redact_beside beside_of(struct walk *w, size_t open)
{
	enum redact_beside most = BESIDE_NOTHING;
	size_t end = w->t->at[open].partner;
	int looked = 0;
	for (size_t i = open + 1; i < end && looked < SIGNS_MOST && most < BESIDE_OAUTH;
	     i = json_after(w->t, i), looked++) {
		enum redact_beside one = redact_beside_of(inside(json_lexeme(w->in, &w->t->at[i])));
		most = one > most ? one : most;
	}
	return most;
}

static bool enter(struct walk *w, size_t open, struct bytes key)
{
	const struct json_token *t = &w->t->at[open];
	struct level *level = &w->levels[t->depth + 1];
	struct bytes name;
	*level = (struct level){ .key = key };
	if (t->kind == TOKEN_OPEN_OBJECT) {
		level->beside = beside_of(w, open);
		return find_pair(w, open, level);
	}
	/* ["Authorization", "Bearer …"] */
	if (t->partner != open + 3 || w->t->at[open + 1].kind != TOKEN_STRING ||
	    w->t->at[open + 2].kind != TOKEN_STRING)
		return true;
	if (!meaning_of(w, open + 1, &name))
		return false;
	w->pair = open + 2;
	w->pair_why = name.len > 100 ? WHY_NOT : redact_match_name(w->r->names, WHERE_JSON, name, bytes_of(NULL)).why;
	w->pair_name = inside(json_lexeme(w->in, &w->t->at[open + 1]));
	return true;
}

/* ["Authorization", "Bearer …", "Accept", "…"] as Node has its rawHeaders, and ["--password", "…"] of a command line:
 * what follows the string that is token i. */
static bool find_next(struct walk *w, size_t i)
{
	static const char *const lists[] = { "rawHeaders", "rawTrailers", "headers", NULL };
	struct bytes name;
	if (w->t->at[i].depth == 0 || w->t->at[i - 1].kind == TOKEN_KEY || w->t->at[i + 1].kind != TOKEN_STRING ||
	    w->pair == i || w->pair == i + 1)
		return true;
	if (!meaning_of(w, i, &name))
		return false;
	bool is_option = name.len > 2 && memcmp(name.at, "--", 2) == 0;
	/* ["curl", "-u", "user:pw"] */
	if ((bytes_equal(name, bytes_of("-u")) || bytes_equal(name, bytes_of("--user"))) &&
	    redact_login_is_pair(inside(json_lexeme(w->in, &w->t->at[i + 1])))) {
		w->pair = i + 1;
		w->pair_why = WHY_NAME;
		w->pair_name = inside(json_lexeme(w->in, &w->t->at[i]));
		return true;
	}
	if (name.len > 100 || !(is_option || is_one_of(w->levels[w->t->at[i].depth].key, lists)))
		return true;
	w->pair = i + 1;
	w->pair_why = redact_match_name(w->r->names, is_option ? WHERE_JSON : WHERE_HEADER, name, bytes_of(NULL)).why;
	w->pair_name = inside(json_lexeme(w->in, &w->t->at[i]));
	return true;
}

/* The member whose key is token i. */
static bool look_at_member(struct walk *w, size_t i)
{
	static const char *const valued[] = { "value", "val", "content", "data", "text", "v", NULL };
	char path[PATH_MOST];
	struct bytes key, raw = inside(json_lexeme(w->in, &w->t->at[i]));
	size_t value = i + 1;
	const struct json_token *t = &w->t->at[value];
	const struct level *level = &w->levels[t->depth];
	if (!meaning_of(w, i, &key))
		return false;
	bool has_paths = w->r->names && w->r->names->count;
	/* As it is written, which tells enough. */
	struct bytes text = t->kind == TOKEN_STRING ? inside(json_lexeme(w->in, t)) : bytes_of(NULL);
	struct redact_match m =
	    redact_match_value(w->r->names, WHERE_JSON, key,
			       has_paths ? path_of(w, t->depth, key, path) : bytes_of(NULL), text, level->beside);
	if (m.why == WHY_NOT && level->value != WHY_NOT && is_one_of(key, valued)) {
		m = (struct redact_match){ level->value, true, false };
		raw = level->named;
	}
	if (m.why == WHY_NOT)
		return true;
	if (json_is_open(t)) {
		bool plain_list = t->kind == TOKEN_OPEN_ARRAY && !json_is_open(&w->t->at[value + 1]);
		if (m.deep || plain_list)
			hide_all(w, value, m.why, raw);
		return true;
	}
	return (m.text_only && t->kind != TOKEN_STRING) || hide_value(w, value, m.why, raw);
}

static bool look_at(struct walk *w, size_t i)
{
	const struct json_token *t = &w->t->at[i];
	struct bytes key =
	    i > 0 && w->t->at[i - 1].kind == TOKEN_KEY ? inside(json_lexeme(w->in, &w->t->at[i - 1])) : bytes_of("");
	switch (t->kind) {
	case TOKEN_KEY:
		return look_into(w, i) && (i < w->hidden || look_at_member(w, i));
	case TOKEN_OPEN_OBJECT:
	case TOKEN_OPEN_ARRAY:
		return enter(w, i, key);
	case TOKEN_STRING:
	case TOKEN_NUMBER:
		if (w->copied > t->at) /* it was replaced */
			return true;
		if (i < w->hidden)
			return hide_value(w, i, w->hidden_why, key.len ? key : w->hidden_name);
		if (i == w->pair && w->pair_why != WHY_NOT)
			return hide_value(w, i, w->pair_why, w->pair_name);
		return t->kind == TOKEN_NUMBER || (look_into(w, i) && find_next(w, i));
	default:
		return true;
	}
}

bool redact_json(struct redaction *r, struct bytes text, unsigned depth, struct buffer *out, bool *is_json)
{
	struct json_tokens t;
	struct json_error e;
	struct walk w = { .r = r, .in = text, .t = &t, .depth = depth, .out = out };
	*is_json = json_tokenize(text, true, &t, &e);
	if (!*is_json)
		return true;
	w.levels = calloc(JSON_DEPTH_MAX + 2, sizeof *w.levels);
	bool fine = w.levels != NULL;
	for (size_t i = 0; fine && i < t.count; i++)
		fine = look_at(&w, i);
	fine = fine && (w.copied == text.len || buffer_append(out, text.at + w.copied, text.len - w.copied));
	free(w.levels);
	buffer_free(&w.text);
	buffer_free(&w.inner);
	json_tokens_free(&t);
	return fine;
}

/* ---- JSON whose end is missing ---- */

/* What a text that ends within JSON lacks: the quote, and brackets; up to JSON_DEPTH_MAX of them. False: it is not
 * that, or is too deep. */
static bool find_missing(struct bytes in, bool *string, bool *escape, char *brackets, size_t *depth)
{
	*string = *escape = false;
	*depth = 0;
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.at[i];
		if (*string) {
			*string = *escape || c != '"';
			*escape = !*escape && c == '\\';
		} else if (c == '"') {
			*string = true;
		} else if (c == '{' || c == '[') {
			if (*depth == JSON_DEPTH_MAX)
				return false;
			brackets[(*depth)++] = c == '{' ? '}' : ']';
		} else if (c == '}' || c == ']') {
			if (*depth == 0 || brackets[--*depth] != (char)c)
				return false;
		}
	}
	return *string || *depth > 0;
}

bool redact_cut_json(struct redaction *r, struct bytes text, unsigned depth, struct buffer *out, bool *is_json)
{
	/* Behind a value, a key, a colon, a comma of an object. */
	static const char *const ends[] = { "", ":0", "0", "\"\":0" };
	char brackets[JSON_DEPTH_MAX];
	bool string, escape, fine = true;
	size_t open, start = out->len;
	struct buffer whole = { 0 };
	*is_json = false;
	if (!find_missing(text, &string, &escape, brackets, &open))
		return true;
	for (size_t k = 0; fine && !*is_json && k < sizeof ends / sizeof *ends; k++) {
		whole.len = 0;
		fine = buffer_append_bytes(&whole, text) && (!escape || buffer_put_u8(&whole, '\\')) &&
		       (!string || buffer_put_u8(&whole, '"')) && buffer_append_text(&whole, ends[k]);
		for (size_t i = open; fine && i > 0; i--)
			fine = buffer_put_u8(&whole, (uint8_t)brackets[i - 1]);
		fine = fine && redact_json(r, buffer_view(&whole), depth, out, is_json);
	}
	/* What was added is at the end still: of what it consists nothing goes. */
	size_t added = whole.len - text.len;
	if (fine && *is_json)
		out->len = out->len - start > added ? out->len - added : start;
	buffer_free(&whole);
	return fine;
}
