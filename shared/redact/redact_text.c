/* Any text, also JSON that is cut off, XML, HTML, a log: once from its beginning to its end. */
#include "shared/redact/redact_private.h"

#include <ctype.h>
#include <string.h>

#define LIST_MOST 4096
#define CURL_MOST 4096 /* from the command to its option */

/* What is found at a place: text[from, end) is to become `put`. */
struct edit {
	size_t from, end;
	struct buffer put;
};

/* Lines below a name of YAML, whose values go; end 0: none. */
struct block {
	size_t next, end; /* the line that is to be looked at */
	struct bytes name;
	bool scalar, deep;
};

struct scan {
	struct redaction *r;
	struct bytes text;
	unsigned depth;
	struct shape_scan shapes;
	size_t name_end;   /* of the last word that could be a name */
	size_t base64_end; /* of the last word that could be base64 */
	/* What was found ahead: the value of an element or of an attribute that another one names, and of NAME=VALUE.
	 * What stands before it is still looked at. */
	struct redact_ahead tagged, assigned;
	struct block block;
	size_t curl;  /* after the last word "curl" */
	size_t netrc; /* here another word of a netrc stands */
};

static size_t skip_blanks(struct bytes text, size_t at)
{
	for (int i = 0; i < 8 && at < text.len && (text.at[at] == ' ' || text.at[at] == '\t'); i++)
		at++;
	return at;
}

/* A quote, or one with a backslash before it; its length, and *quote. */
static size_t quote_at(struct bytes text, size_t at, uint8_t *quote)
{
	bool escaped = at + 1 < text.len && text.at[at] == '\\';
	if (at + escaped >= text.len)
		return 0;
	*quote = text.at[at + escaped];
	return *quote == '"' || *quote == '\'' || (*quote == '`' && !escaped) ? 1u + escaped : 0;
}

/* Behind a quoted value's last byte: where the same quote stands again, or the end of the text. */
static size_t quoted_end(struct bytes text, size_t from, uint8_t quote, bool escaped)
{
	for (size_t i = from; i < text.len; i++) {
		if (text.at[i] == '\\' && i + 1 < text.len) {
			if (escaped && text.at[i + 1] == quote)
				return i;
			i++;
		} else if (text.at[i] == quote) {
			return i;
		}
	}
	return text.len;
}

static size_t line_end(struct bytes text, size_t from)
{
	size_t i = from;
	while (i < text.len && text.at[i] != '\n' && text.at[i] != '\r' && text.at[i] != '<' &&
	       !(text.at[i] == '\\' && i + 1 < text.len && (text.at[i + 1] == 'n' || text.at[i + 1] == 'r')))
		i++;
	return i;
}

static size_t word_end(struct bytes text, size_t from)
{
	size_t i = from;
	while (i < text.len && text.at[i] > ' ' && !strchr("&;,\"'<>)}]|\\`", text.at[i]))
		i++;
	return i;
}

/* "Bearer abc", "Basic abc": the first word says only how the second is to be read. Behind the one that counts. */
static size_t credentials_end(struct bytes text, size_t from)
{
	static const char *const schemes[] = { "Bearer", "Basic", "Digest",    "Token", "Negotiate", "NTLM",
					       "ApiKey", "Key",   "GenieKey",  "DPoP",  "Hawk",      "Bot",
					       "OAuth",  "SSWS",  "SharedKey", "JWT",   NULL };
	size_t end = word_end(text, from);
	for (size_t i = 0; schemes[i]; i++) {
		size_t next = skip_blanks(text, end);
		if (next > end && bytes_equal_nocase(bytes_make(text.at + from, end - from), schemes[i]))
			return word_end(text, next);
	}
	return end;
}

/* Only blanks, quotes and the like stand before it on its line. */
static bool begins_line(struct bytes text, size_t at)
{
	while (at > 0 && strchr(" \t-\"'#", text.at[at - 1]) && text.at[at - 1])
		at--;
	return at == 0 || text.at[at - 1] == '\n' || (at >= 2 && text.at[at - 2] == '\\' && text.at[at - 1] == 'n');
}

static bool is_word_of_json(struct bytes value)
{
	return bytes_equal_nocase(value, "null") || bytes_equal_nocase(value, "true") ||
	       bytes_equal_nocase(value, "false");
}

/* ["abc", "def"]: from the first to the last, in one; not what is nested. */
static bool list_value(struct bytes text, size_t at, size_t *from, size_t *end)
{
	uint8_t quote;
	size_t i = skip_blanks(text, at + 1), opening = quote_at(text, i, &quote), to;
	bool many = false;
	*from = i + opening;
	for (to = i; to < text.len && to - at < LIST_MOST && !strchr("[]{}\n", text.at[to] ? text.at[to] : ' '); to++)
		many = many || text.at[to] == ',';
	if (to >= text.len || text.at[to] != ']')
		return false;
	while (to > *from && (text.at[to - 1] == ' ' || text.at[to - 1] == '\t'))
		to--;
	*end = to - opening;
	if (opening)
		return to >= *from + opening && text.at[to - 1] == quote;
	return many && to > i && isalpha(text.at[i]);
}

static size_t skip_some_space(struct bytes text, size_t at)
{
	for (int i = 0; i < 16 && at < text.len && isspace(text.at[at]); i++)
		at++;
	return at;
}

/* machine HOST login USER password PASSWORD, with the word `name` at `at`. */
static void look_at_netrc(struct scan *s, size_t at, struct bytes name)
{
	struct bytes text = s->text;
	size_t from = skip_some_space(text, at + name.len), end = from;
	bool is_default = bytes_equal_nocase(name, "default"),
	     begins = is_default || bytes_equal_nocase(name, "machine");
	bool is_password = bytes_equal_nocase(name, "password") || bytes_equal_nocase(name, "passwd");
	if (from == at + name.len || (begins ? !begins_line(text, at) : s->netrc == 0 || s->netrc != at))
		return;
	if (is_default) {
		s->netrc = from;
		return;
	}
	if (!begins && !is_password && !bytes_equal_nocase(name, "login") && !bytes_equal_nocase(name, "account"))
		return;
	while (end < text.len && end - from < 512 && text.at[end] > ' ')
		end++;
	s->netrc = skip_some_space(text, end);
	if (is_password && !redact_is_done(bytes_make(text.at + from, end - from)))
		s->assigned = (struct redact_ahead){ from, end, name, WHY_NAME };
}

/* Whether the value is on the lines below. */
static bool look_below(struct scan *s, size_t at, struct bytes name, size_t behind)
{
	bool scalar;
	size_t from, end;
	if (!begins_line(s->text, at) || !redact_lines_follow(s->text, behind, &scalar, &from))
		return false;
	struct redact_match m = redact_match_name(s->r->names, WHERE_TEXT, name, bytes_of(NULL));
	bool within = at < s->block.end && (s->block.deep || s->block.scalar);
	if (m.why != WHY_NOT && !within && (end = redact_lines_end(s->text, at, from, scalar)) > 0)
		s->block = (struct block){ from, end, name, scalar, m.deep };
	return true;
}

/* A line of those below a name. */
static void look_at_line(struct scan *s, size_t at)
{
	struct block *b = &s->block;
	const uint8_t *feed = memchr(s->text.at + at, '\n', b->end - at);
	size_t end = feed ? (size_t)(feed - s->text.at) : b->end;
	bool begins = at == b->next;
	b->next = end + 1;
	if (!begins)
		return;
	struct bytes value = redact_lines_value(s->text, at, end, b->scalar, b->deep);
	if (redact_is_done(value) || (!b->scalar && is_word_of_json(value)))
		return;
	enum redact_why why =
	    redact_match_value(s->r->names, WHERE_TEXT, b->name, bytes_of(NULL), value, BESIDE_NOTHING).why;
	size_t from = (size_t)(value.at - s->text.at);
	if (why != WHY_NOT)
		s->assigned = (struct redact_ahead){ from, from + value.len, b->name, why };
}

/* Whether it can be a secret's name at all, whatever its value is. */
static bool may_be_secret(const struct scan *s, struct bytes name)
{
	return redact_match_name(s->r->names, WHERE_TEXT, name, bytes_of(NULL)).why != WHY_NOT ||
	       bytes_equal_nocase(name, "code") || bytes_equal_nocase(name, "refresh");
}

/* NAME=VALUE, NAME: VALUE, "NAME": "VALUE" and the like, with the name at `at`. */
static void find_assignment(struct scan *s, size_t at)
{
	struct bytes text = s->text;
	size_t i = at, end;
	uint8_t quote;
	while (i < text.len && i - at <= REDACT_NAME_MOST && redact_is_name_letter(text.at[i]))
		i++;
	s->name_end = i;
	struct bytes name = bytes_make(text.at + at, i - at);
	if (name.len > REDACT_NAME_MOST)
		return;
	look_at_netrc(s, at, name);
	i += quote_at(text, i, &quote);
	/* Properties of Java as they were written by it. */
	i += i + 1 < text.len && text.at[i] == '\\' && (text.at[i + 1] == '=' || text.at[i + 1] == ':');
	size_t behind = i;
	i = skip_blanks(text, i);
	if (i >= text.len)
		return;
	/* "--password VALUE" */
	bool is_option = i > behind && at >= 2 && text.at[at - 1] == '-' && text.at[at - 2] == '-' &&
			 text.at[i] != '-' && text.at[i] != '=' && text.at[i] != ':';
	if (!is_option && text.at[i] != '=' && text.at[i] != ':')
		return;
	bool colon = text.at[i] == ':';
	i += !is_option;
	if (!is_option && i < text.len && (text.at[i] == '=' || (!colon && text.at[i] == '>')))
		i++;
	i = skip_blanks(text, i);
	if (i >= text.len)
		return;
	size_t opening = quote_at(text, i, &quote);
	if (!may_be_secret(s, name) || (colon && look_below(s, at, name, i)))
		return;
	size_t from = i + opening;
	if (opening == 1 && i + 2 < text.len && text.at[i + 1] == quote && text.at[i + 2] == quote) {
		/* of three quotes */
		from += 2;
		const uint8_t *close = memmem(text.at + from, text.len - from, text.at + i, 3);
		end = close ? (size_t)(close - text.at) : text.len;
	} else if (text.at[i] == '[' && list_value(text, i, &from, &end)) {
		opening = 1;
		if (!redact_match_name(s->r->names, WHERE_TEXT, name, bytes_of(NULL)).deep)
			return;
	} else if (opening)
		end = quoted_end(text, from, quote, opening > 1);
	else if (text.at[i] == '{' || text.at[i] == '[' || text.at[i] == '$' || text.at[i] == '<')
		return; /* looked into, a variable, or an element's */
	else
		end = colon && begins_line(text, at) ? line_end(text, i) : credentials_end(text, i);
	struct bytes value = bytes_make(text.at + from, end - from);
	struct redact_match m =
	    redact_match_value(s->r->names, WHERE_TEXT, name, bytes_of(NULL), value, BESIDE_NOTHING);
	if (m.why != WHY_NOT && !redact_is_done(value) && (opening || !is_word_of_json(value)))
		s->assigned = (struct redact_ahead){ from, end, name, m.why };
}

/* ---- URLs ---- */

static size_t url_end(struct bytes text, size_t from)
{
	size_t i = from;
	while (i < text.len && text.at[i] > ' ' && text.at[i] != 0x7f && !strchr("\"'<>\\`", text.at[i]))
		i++;
	return i;
}

/* A URL with a user, a query or a fragment; of another one the rest is looked at as any text. */
static bool is_url_at(struct bytes text, size_t at, size_t *end)
{
	if (text.len - at < 4 || memcmp(text.at + at, "://", 3) != 0)
		return false;
	*end = url_end(text, at + 3);
	for (size_t i = at + 3; i < *end; i++)
		if (text.at[i] == '@' || text.at[i] == '?' || text.at[i] == '#')
			return true;
	return false;
}

/* ---- all of it ---- */

/* JSON in base64, which begins with eyJ, within other text. */
static bool put_base64_json(struct scan *s, size_t at, struct edit *e, bool *found)
{
	size_t end = at;
	*found = false;
	if (at < s->base64_end || s->text.len - at < REDACT_BASE64_MIN || memcmp(s->text.at + at, "eyJ", 3) != 0)
		return true;
	while (end < s->text.len && s->text.at[end] < 0x80 &&
	       (isalnum(s->text.at[end]) || (s->text.at[end] && strchr("+/-_=", s->text.at[end]))))
		end++;
	s->base64_end = end;
	e->from = at;
	e->end = end;
	return redact_base64(s->r, bytes_make(s->text.at + at, end - at), s->depth + 1, &e->put, found);
}

/* *found: the value ahead begins here, or began within what was taken out just before. */
static bool put_ahead(struct scan *s, size_t at, struct redact_ahead *ahead, struct edit *e, bool *found)
{
	struct redact_ahead a = *ahead;
	*found = a.end > at && at >= a.from;
	if (at >= a.from)
		ahead->end = 0;
	if (!*found)
		return true;
	e->from = at;
	e->end = a.end;
	redact_note_named(s->r, REDACT_TEXT, a.name, a.why);
	return redact_put_value(&e->put, a.why, bytes_make(s->text.at + at, a.end - at));
}

static bool put_shape(struct scan *s, size_t at, const struct shape_hit *hit, struct edit *e)
{
	struct shape_hit next;
	e->from = at + hit->keep;
	e->end = hit->end;
	/* One that begins within this one may reach further: "whsec_…/ya29.…". A look at a kilobyte tells. */
	for (size_t i = e->from; i < e->end && e->end < s->text.len; i++) {
		struct bytes near = bytes_make(s->text.at, s->text.len - i < 1024 ? s->text.len : i + 1024);
		struct shape_scan own = { 0 };
		if (!redact_shape_at(s->r, &own, near, i, &next) || next.end <= e->end)
			continue;
		own.tried = 0;
		if (redact_shape_at(s->r, &own, s->text, i, &next) && next.end > e->end)
			e->end = next.end;
	}
	redact_note(s->r, REDACT_SHAPE, bytes_of(NULL), hit->what);
	if (hit->instead)
		return buffer_append_text(&e->put, hit->instead);
	/* Padded with what no token has in it, so that nothing takes it for one. */
	size_t len = e->end - e->from;
	bool fine = buffer_append_text(&e->put, REDACTED);
	for (size_t i = sizeof REDACTED - 1; fine && i < len && i < 256; i++)
		fine = buffer_put_u8(&e->put, '*');
	return fine;
}

/* *found: e says what becomes of what stands at `at`. */
static bool look_at(struct scan *s, size_t at, struct edit *e, bool *found)
{
	struct bytes text = s->text;
	uint8_t c = text.at[at];
	struct shape_hit hit;
	size_t from, end;
	if (at < s->block.end && at >= s->block.next)
		look_at_line(s, at);
	if (!put_ahead(s, at, &s->tagged, e, found))
		return false;
	if (*found)
		return true;
	if (!put_ahead(s, at, &s->assigned, e, found))
		return false;
	if (*found)
		return true;
	*found = true;
	if (c == 'c' && text.len - at > 4 && memcmp(text.at + at, "curl", 4) == 0 && !isalnum(text.at[at + 4]))
		s->curl = at + 4;
	if (c == '-' && s->curl && at - s->curl < CURL_MOST && redact_login_of_curl(text, at, &from, &end) &&
	    !redact_is_done(bytes_make(text.at + from, end - from)))
		s->assigned = (struct redact_ahead){ from, end, bytes_of("user"), WHY_NAME };
	if (c == '/' && redact_login_in_link(text, at, &end)) {
		e->from = at + 2;
		e->end = end;
		return redact_user(s->r, bytes_make(text.at + at + 2, end - at - 2), &e->put);
	}
	if (c == ':' && is_url_at(text, at, &end)) {
		e->from = at + 3;
		e->end = end;
		return redact_behind_scheme(s->r, bytes_make(text.at + at + 3, end - at - 3), false, s->depth + 1,
					    &e->put);
	}
	if (c == '<')
		redact_element_look_at(s->r->names, text, at, &s->tagged);
	if (redact_is_name_start(c) && at >= s->name_end && (at == 0 || !redact_is_name_start(text.at[at - 1])))
		find_assignment(s, at);
	if (redact_shape_at(s->r, &s->shapes, text, at, &hit))
		return put_shape(s, at, &hit, e);
	return put_base64_json(s, at, e, found);
}

bool redact_scan(struct redaction *r, struct bytes text, unsigned depth, struct buffer *out)
{
	struct scan s = { .r = r, .text = text, .depth = depth };
	struct edit e = { 0 };
	size_t copied = 0;
	bool fine = true;
	if (depth > REDACT_DEPTH_MAX) {
		redact_note(r, REDACT_TEXT, bytes_of(NULL), NESTED_TOO_DEEPLY);
		return redact_put(out, text.len);
	}
	redact_shapes_ready(r);
	for (size_t at = 0; fine && at < text.len;) {
		bool found;
		e.put.len = 0;
		fine = look_at(&s, at, &e, &found);
		if (fine && found) {
			fine = buffer_append(out, text.at + copied, e.from - copied) &&
			       buffer_append_bytes(out, buffer_view(&e.put));
			copied = e.end;
		}
		at = found && e.end > at ? e.end : at + 1;
	}
	fine = fine && (copied == text.len || buffer_append(out, text.at + copied, text.len - copied));
	buffer_free(&e.put);
	return fine;
}
