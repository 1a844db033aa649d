/* The ways in which frameworks and proxies write a body again: what a signature over the original may still match. */
#include "shared/json/json_tokens.h"
#include "shared/signature/signature_private.h"

#include <stdlib.h>
#include <string.h>

#define BODY_MOST ((size_t)1 << 20) /* longer ones are not tried: each costs a walk and a MAC */

enum spelling { AS_IS, AS_JAVASCRIPT, AS_PYTHON };

struct layout {
	const char *comma, *colon;
	int indent; /* blanks a level; 0: all on one line */
};

static const struct layout layouts[] = { { ",", ":", 0 }, { ", ", ": ", 0 }, { ",", ": ", 2 }, { ",", ": ", 4 } };
#define LAYOUTS 4
#define SPELLINGS 3
#define JSON_STEPS (LAYOUTS * 2 * SPELLINGS * 2)

static const char *const json_names[LAYOUTS][2] = {
	{ "re-serialised as compact JSON", "re-serialised as compact JSON with its keys sorted" },
	{ "re-serialised as JSON with blanks after commas and colons",
	  "re-serialised as JSON with blanks after commas and colons and its keys sorted" },
	{ "re-serialised as JSON indented by two blanks",
	  "re-serialised as JSON indented by two blanks with its keys sorted" },
	{ "re-serialised as JSON indented by four blanks",
	  "re-serialised as JSON indented by four blanks with its keys sorted" },
};

struct writer {
	struct bytes in;
	const struct json_tokens *t;
	const struct layout *layout;
	enum spelling spelling;
	bool sorted;
	struct buffer *out;
};

/* ---- strings ---- */

static bool put_unit(struct buffer *out, unsigned unit)
{
	return buffer_printf(out, "\\u%04x", unit);
}

static bool put_code(struct buffer *out, unsigned code)
{
	if (code < 0x10000)
		return put_unit(out, code);
	code -= 0x10000;
	return put_unit(out, 0xd800 | (code >> 10 & 0x3ff)) && put_unit(out, 0xdc00 | (code & 0x3ff));
}

/* One character of UTF-8 from its first byte on, as Python's json writes what is not ASCII. */
static bool put_escaped(struct buffer *out, struct json_text *text, unsigned first)
{
	int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
	unsigned code = first & (0x3fu >> more);
	for (int i = 0; i < more; i++) {
		int c = json_text_next(text);
		if (c < 0)
			return true;
		code = code << 6 | ((unsigned)c & 0x3f);
	}
	return put_code(out, code);
}

static bool put_string(struct writer *w, struct bytes lexeme)
{
	static const char plain[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
	if (w->spelling == AS_IS)
		return buffer_append_bytes(w->out, lexeme);
	struct json_text text = json_text_of(lexeme);
	bool fine = buffer_put_u8(w->out, '"');
	for (int c = json_text_next(&text); fine && c >= 0; c = json_text_next(&text)) {
		const char *at = c ? strchr(plain, c) : NULL;
		if (at)
			fine = buffer_put_u8(w->out, '\\') && buffer_put_u8(w->out, (uint8_t)letters[at - plain]);
		else if (c < 0x20)
			fine = put_unit(w->out, (unsigned)c);
		else if (c >= 0x80 && w->spelling == AS_PYTHON)
			fine = put_escaped(w->out, &text, (unsigned)c);
		else
			fine = buffer_put_u8(w->out, (uint8_t)c);
	}
	return fine && buffer_put_u8(w->out, '"');
}

/* ---- values ---- */

static bool newline(struct writer *w, size_t depth)
{
	if (!w->layout->indent)
		return true;
	size_t blanks = depth * (size_t)w->layout->indent;
	if (!buffer_put_u8(w->out, '\n') || !buffer_reserve(w->out, blanks))
		return false;
	memset(w->out->at + w->out->len, ' ', blanks);
	w->out->len += blanks;
	return true;
}

struct key {
	struct bytes lexeme;
	size_t at;
};

static int compare_keys(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int order = json_text_compare(x->lexeme, y->lexeme);
	return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* Where the members begin, in the order to be written; one more than needed, so never NULL but without memory. */
static struct key *order_of(struct writer *w, size_t open, size_t *count)
{
	struct key *keys = calloc(json_members(w->t, open) + 1, sizeof *keys);
	*count = 0;
	for (size_t i = open + 1; keys && i < w->t->at[open].partner; (*count)++) {
		keys[*count] = (struct key){ json_lexeme(w->in, &w->t->at[i]), i };
		i = json_after(w->t, w->t->at[i].kind == TOKEN_KEY ? i + 1 : i);
	}
	if (keys && w->sorted && w->t->at[open].kind == TOKEN_OPEN_OBJECT && *count)
		qsort(keys, *count, sizeof *keys, compare_keys);
	return keys;
}

/* Goes down at most JSON_DEPTH_MAX levels. */
static bool put_value(struct writer *w, size_t at) // NOLINT(misc-no-recursion)
{
	const struct json_token *t = &w->t->at[at];
	if (!json_is_open(t))
		return t->kind == TOKEN_STRING ? put_string(w, json_lexeme(w->in, t))
					       : buffer_append_bytes(w->out, json_lexeme(w->in, t));
	size_t count;
	struct key *keys = order_of(w, at, &count);
	bool object = t->kind == TOKEN_OPEN_OBJECT;
	bool fine = keys && buffer_put_u8(w->out, object ? '{' : '[');
	for (size_t i = 0; fine && i < count; i++) {
		fine = (i == 0 || buffer_append_text(w->out, w->layout->comma)) && newline(w, t->depth + 1u);
		if (fine && object)
			fine = put_string(w, keys[i].lexeme) && buffer_append_text(w->out, w->layout->colon);
		fine = fine && put_value(w, keys[i].at + object);
	}
	fine = fine && (count == 0 || newline(w, t->depth)) && buffer_put_u8(w->out, object ? '}' : ']');
	free(keys);
	return fine;
}

static bool write_json(struct bytes body, int step, struct respelling *out)
{
	struct json_tokens t;
	struct json_error je;
	if (!json_tokenize(body, false, &t, &je))
		return false;
	int layout = step % LAYOUTS, sorted = step / LAYOUTS % 2;
	struct writer w = { body,   &t,        &layouts[layout], (enum spelling)(step / (LAYOUTS * 2) % SPELLINGS),
			    sorted, &out->body };
	out->name = json_names[layout][sorted];
	bool fine = t.count > 0 && put_value(&w, 0);
	if (step >= JSON_STEPS / 2)
		fine = fine && buffer_put_u8(&out->body, '\n');
	json_tokens_free(&t);
	return fine;
}

/* ---- bodies of any kind ---- */

static bool change_newlines(struct bytes body, bool to_crlf, struct buffer *out)
{
	for (size_t i = 0; i < body.len; i++) {
		bool crlf = body.at[i] == '\r' && i + 1 < body.len && body.at[i + 1] == '\n';
		if (crlf && !to_crlf)
			continue;
		if (to_crlf && body.at[i] == '\n' && (i == 0 || body.at[i - 1] != '\r') && !buffer_put_u8(out, '\r'))
			return false;
		if (!buffer_put_u8(out, body.at[i]))
			return false;
	}
	return true;
}

static bool plain(struct bytes body, int step, struct respelling *out)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct buffer *b = &out->body;
	size_t trimmed = body.len;
	while (trimmed && (body.at[trimmed - 1] == '\n' || body.at[trimmed - 1] == '\r'))
		trimmed--;
	switch (step) {
	case 0:
		out->name = "without the newline at its end";
		return trimmed < body.len && buffer_append(b, body.at, trimmed);
	case 1:
		out->name = "with a newline at its end";
		return buffer_append_bytes(b, body) && buffer_put_u8(b, '\n');
	case 2:
		out->name = "with LF at the ends of its lines in the place of CR LF";
		return change_newlines(body, false, b) && b->len != body.len;
	case 3:
		out->name = "with CR LF at the ends of its lines in the place of LF";
		return change_newlines(body, true, b) && b->len != body.len;
	case 4:
		out->name = "without its byte order mark";
		return body.len >= 3 && memcmp(body.at, mark, 3) == 0 && buffer_append(b, body.at + 3, body.len - 3);
	default:
		out->name = "empty";
		return body.len > 0;
	}
}
#define PLAIN_STEPS 6

bool signature_respell(struct bytes body, int *step, struct respelling *out)
{
	bool json = false;
	size_t first = 0;
	while (first < body.len && (body.at[first] == ' ' || (body.at[first] >= '\t' && body.at[first] <= '\r')))
		first++;
	json = first < body.len && (body.at[first] == '{' || body.at[first] == '[');
	memset(out, 0, sizeof *out);
	if (body.len > BODY_MOST)
		return false;
	while (*step < PLAIN_STEPS + (json ? JSON_STEPS : 0)) {
		int at = (*step)++;
		if (at < PLAIN_STEPS ? plain(body, at, out) : write_json(body, at - PLAIN_STEPS, out))
			return true;
		buffer_free(&out->body);
	}
	return false;
}

bool signature_respell_escaped(struct bytes body, struct buffer *out)
{
	bool fine = true, found = false;
	for (size_t i = 0; fine && i < body.len;) {
		uint8_t first = body.at[i++];
		if (first < 0x7f) {
			fine = buffer_put_u8(out, first);
			continue;
		}
		unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
		unsigned code = more ? first & (0x3fu >> more) : first;
		for (; more && i < body.len; more--)
			code = code << 6 | (body.at[i++] & 0x3fu);
		found = true;
		fine = put_code(out, code);
	}
	return fine && found;
}
