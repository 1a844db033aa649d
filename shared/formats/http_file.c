#include "shared/formats/http_file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shared/transcripts/draft.h"
#include "shared/syntax/variables.h"
#include "shared/http/headers.h"

struct request {
	struct bytes left; /* of its lines */
	size_t line;       /* the number of the one taken last */
	size_t number;     /* of the request in the file */
	json_t *values;    /* of the file's variables */
	const struct import_sink *sink;
	struct draft draft;
};

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

static bool begins(struct bytes text, const char *with)
{
	size_t len = strlen(with);
	return text.len >= len && memcmp(text.at, with, len) == 0;
}

static struct bytes trim(struct bytes b)
{
	while (b.len && isspace(b.at[0]))
		b = bytes_make(b.at + 1, b.len - 1);
	while (b.len && isspace(b.at[b.len - 1]))
		b.len--;
	return b;
}

/* A line without its end; *rest is what follows it. */
static struct bytes cut_line(struct bytes text, struct bytes *rest)
{
	struct bytes line = bytes_until(text, '\n');
	size_t whole = line.len + (line.len < text.len);
	*rest = bytes_make(text.at + whole, text.len - whole);
	if (line.len && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool take_line(struct request *r, struct bytes *line)
{
	if (!r->left.len)
		return false;
	*line = cut_line(r->left, &r->left);
	r->line++;
	return true;
}

/* ---- variables ---- */

/* "@name = value"; one that is not so is a comment to nobody. */
static bool define(json_t *values, struct bytes line)
{
	const uint8_t *equals = memchr(line.at, '=', line.len);
	if (!equals)
		return true;
	struct bytes name = trim(bytes_make(line.at + 1, (size_t)(equals - line.at) - 1));
	struct bytes value = trim(bytes_make(equals + 1, line.len - (size_t)(equals - line.at) - 1));
	char *key = bytes_dup_text(name);
	json_t *text = json_stringn(value.len ? (const char *)value.at : "", value.len);
	bool fine = key && (!text || json_object_set_new(values, key, text) == 0); /* NULL: it is not UTF-8 */
	free(key);
	return fine;
}

/* Those of the whole file hold for all requests: lines before a request's first one. */
static bool define_all(json_t *values, struct bytes text)
{
	bool before = true, fine = true;
	while (fine && text.len) {
		struct bytes line = cut_line(text, &text), shown = trim(line);
		if (begins(shown, "###"))
			before = true;
		else if (before && begins(shown, "@"))
			fine = define(values, shown);
		else if (shown.len && !begins(shown, "#") && !begins(shown, "//"))
			before = false;
	}
	return fine;
}

static bool replace(const struct request *r, struct bytes in, struct buffer *out, struct error *e)
{
	return variables_replace(r->values, VARIABLES_ALONE, in, out, e);
}

/* ---- head ---- */

static bool is_version(struct bytes word)
{
	return begins(word, "HTTP/");
}

static bool is_method(struct bytes word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!isalpha(word.at[i]) && word.at[i] != '-')
			return false;
	return word.len > 0;
}

/* Takes the version off its end; false: there is none. */
static bool cut_version(struct bytes *line)
{
	size_t i = line->len;
	while (i > 0 && line->at[i - 1] != ' ')
		i--;
	if (i == 0 || !is_version(bytes_make(line->at + i, line->len - i)))
		return false;
	*line = trim(bytes_make(line->at, i - 1));
	return true;
}

/* "POST http://host/path HTTP/1.1", the first and the last word of which may be missing. With both it is a line as it
 * is sent: any method, in the case that it has. */
static bool read_request_line(struct request *r, struct bytes line, struct error *e)
{
	static const char *const others[] = { "GRAPHQL", "GRPC", "WEBSOCKET", "WS", "RSOCKET" };
	bool as_sent = cut_version(&line);
	struct bytes method = bytes_until(line, ' '), url = line;
	if ((as_sent ? headers_name_valid(method) : is_method(method)) && method.len < line.len) {
		url = trim(bytes_make(line.at + method.len, line.len - method.len));
		for (size_t i = 0; i < method.len; i++)
			if (!buffer_put_u8(&r->draft.method, as_sent ? method.at[i] : (uint8_t)toupper(method.at[i])))
				return no_memory(e);
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (bytes_equal(buffer_view(&r->draft.method), bytes_of(others[i])))
			return error_set(e, EXIT_USAGE, "%s is not a request over HTTP", others[i]);
	return buffer_append_bytes(&r->draft.url, url) || no_memory(e);
}

/* The URL may go on in indented lines. */
static bool read_url_lines(struct request *r, struct error *e)
{
	while (r->left.len && (r->left.at[0] == ' ' || r->left.at[0] == '\t')) {
		struct bytes rest, line = trim(cut_line(r->left, &rest));
		if (!line.len)
			break;
		r->left = rest;
		r->line++;
		if (!begins(line, "#") && !begins(line, "//") && !buffer_append_bytes(&r->draft.url, line))
			return no_memory(e);
	}
	return true;
}

static bool finish_url(struct request *r, struct error *e)
{
	struct buffer url = { 0 };
	bool fine = replace(r, buffer_view(&r->draft.url), &url, e);
	struct bytes text = buffer_view(&url);
	r->draft.url.len = 0;
	if (fine && text.len && text.at[0] != '/' && !memmem(text.at, text.len, "://", 3))
		fine = buffer_append_text(&r->draft.url, "http://") || no_memory(e);
	fine = fine && (buffer_append_bytes(&r->draft.url, text) || no_memory(e));
	buffer_free(&url);
	return fine;
}

/* "Basic user password" stands for its base64, and what others stand for is made when they are sent. */
static bool read_authorization(struct request *r, struct bytes value, bool *taken, struct error *e)
{
	struct bytes scheme = bytes_until(value, ' '), rest, user;
	*taken = true;
	if (bytes_equal_nocase(scheme, "digest") || bytes_equal_nocase(scheme, "aws") ||
	    bytes_equal_nocase(scheme, "cognito") || bytes_equal_nocase(scheme, "oauth2"))
		return error_set(e, EXIT_USAGE, "its Authorization is made only when it is sent");
	rest = trim(bytes_make(value.at + scheme.len, value.len - scheme.len));
	user = bytes_until(rest, memchr(rest.at, ':', rest.len) ? ':' : ' ');
	*taken = bytes_equal_nocase(scheme, "basic") && user.len < rest.len;
	if (!*taken)
		return true;
	return draft_add_basic(&r->draft, user, trim(bytes_make(rest.at + user.len + 1, rest.len - user.len - 1)), e);
}

static bool read_field(struct request *r, struct bytes line, struct error *e)
{
	struct buffer text = { 0 };
	bool taken = false, fine = replace(r, line, &text, e);
	struct bytes field = buffer_view(&text), name = bytes_until(field, ':');
	if (fine && (name.len == field.len || !headers_name_valid(name)))
		fine = error_set(e, EXIT_USAGE, "line %zu: a header field is Name: value", r->line);
	struct bytes value = fine ? bytes_make(field.at + name.len + 1, field.len - name.len - 1) : name;
	if (fine && bytes_equal_nocase(name, "authorization") && trim(value).len)
		fine = read_authorization(r, trim(value), &taken, e);
	if (fine && bytes_equal_nocase(name, "x-request-type"))
		fine = error_set(e, EXIT_USAGE, "a GraphQL request is put together by its client");
	if (fine && !taken)
		fine = draft_add_exact(&r->draft, name, value, e);
	buffer_free(&text);
	return fine;
}

static bool read_head(struct request *r, struct bytes line, struct error *e)
{
	if (!read_request_line(r, trim(line), e) || !read_url_lines(r, e) || !finish_url(r, e))
		return false;
	while (take_line(r, &line) && trim(line).len) {
		if (begins(line, "#") || begins(line, "//"))
			continue;
		if (!read_field(r, line, e))
			return false;
	}
	return true;
}

/* ---- body ---- */

static bool ends_as(struct bytes text, const char *end)
{
	size_t len = strlen(end);
	return text.len >= len && memcmp(text.at + text.len - len, end, len) == 0;
}

/* What follows a body: a script that looks at the answer, or where that is written to. */
static bool is_handler(struct bytes line)
{
	if (begins(line, "<> ") || begins(line, ">> ") || begins(line, ">>! ") || begins(line, "> {%"))
		return true;
	return begins(line, "> ") && (ends_as(trim(line), ".js") || ends_as(trim(line), ".ts"));
}

/* "< ./a.json", "<@ ./a.json" with variables in it, "<@utf8 ./a.json". */
static bool is_reference(struct bytes line, struct bytes *name, struct bytes *coding, bool *variables)
{
	if (!begins(line, "<") || line.len < 2)
		return false;
	*variables = line.at[1] == '@';
	struct bytes rest = bytes_make(line.at + 1 + *variables, line.len - 1 - *variables);
	*coding = bytes_until(rest, ' ');
	*name = trim(bytes_make(rest.at + coding->len, rest.len - coding->len));
	return name->len > 0 && (*variables || coding->len == 0);
}

static bool put_reference(struct request *r, struct bytes name, struct bytes coding, bool variables, struct error *e)
{
	struct buffer content = { 0 }, path = { 0 };
	if (coding.len && !bytes_equal_nocase(coding, "utf8") && !bytes_equal_nocase(coding, "utf-8"))
		return error_set(e, EXIT_USAGE, "line %zu: a file in another encoding than UTF-8", r->line);
	bool fine = replace(r, name, &path, e) && r->sink->beside(r->sink->user, buffer_view(&path), &content, e);
	if (fine && variables)
		fine = replace(r, buffer_view(&content), &r->draft.body, e);
	else if (fine)
		fine = buffer_append_bytes(&r->draft.body, buffer_view(&content)) || no_memory(e);
	buffer_free(&content);
	buffer_free(&path);
	return fine;
}

/* The body's lines, without what follows them. */
static struct bytes body_lines(const struct request *r)
{
	struct bytes rest = r->left;
	while (rest.len) {
		struct bytes after;
		if (is_handler(cut_line(rest, &after)))
			return bytes_make(r->left.at, r->left.len - rest.len);
		rest = after;
	}
	return r->left;
}

/* Line breaks at the end are not sent, but for those that Content-Length counts: ours are whole that way. */
static struct bytes without_end(const struct request *r, struct bytes body)
{
	struct bytes value;
	uint64_t length;
	size_t len = body.len;
	while (len && (body.at[len - 1] == '\n' || body.at[len - 1] == '\r'))
		len--;
	if (headers_find(buffer_view(&r->draft.headers), "content-length", &value) &&
	    headers_read_length(value, &length) && length >= len && length <= body.len)
		len = (size_t)length;
	return bytes_make(body.at, len);
}

/* How clients end the lines of a body that is not JSON or the like. */
static bool put_line_end(struct request *r, struct bytes body, struct bytes next, struct error *e)
{
	struct bytes type = { 0 };
	headers_find(buffer_view(&r->draft.headers), "content-type", &type);
	bool crlf = memmem(body.at, body.len, "\r\n", 2) != NULL;
	if (bytes_contains_nocase(type, "x-www-form-urlencoded") && begins(next, "&"))
		return true;
	if (crlf || bytes_contains_nocase(type, "multipart/"))
		return buffer_append_text(&r->draft.body, "\r\n") || no_memory(e);
	return buffer_put_u8(&r->draft.body, '\n') || no_memory(e);
}

static bool has_references(struct bytes body)
{
	struct bytes name, coding;
	bool variables;
	while (body.len)
		if (is_reference(cut_line(body, &body), &name, &coding, &variables))
			return true;
	return false;
}

static bool is_length(const struct request *r, size_t len)
{
	struct bytes value;
	uint64_t length;
	return headers_find(buffer_view(&r->draft.headers), "content-length", &value) &&
	       headers_read_length(value, &length) && length == len;
}

static bool put_lines(struct request *r, struct bytes body, struct error *e)
{
	struct bytes left = body, name, coding;
	bool variables, fine = true;
	while (fine && left.len) {
		struct bytes rest, line = cut_line(left, &rest);
		bool ended = rest.at > line.at + line.len;
		fine = is_reference(line, &name, &coding, &variables) ? put_reference(r, name, coding, variables, e)
								      : replace(r, line, &r->draft.body, e);
		if (fine && ended && rest.len)
			fine = put_line_end(r, body, rest, e);
		left = rest;
		r->line++;
	}
	return fine;
}

static bool read_body(struct request *r, struct error *e)
{
	struct bytes body = without_end(r, body_lines(r)), type = { 0 };
	r->draft.has_body = body.len > 0 || draft_has_field(&r->draft, "content-length");
	headers_find(buffer_view(&r->draft.headers), "content-type", &type);
	bool by_lines = has_references(body) || bytes_contains_nocase(type, "multipart/") ||
			bytes_contains_nocase(type, "x-www-form-urlencoded");
	if (by_lines && !(is_length(r, body.len) && !has_references(body)))
		return put_lines(r, body, e);
	return replace(r, body, &r->draft.body, e);
}

/* ---- the file ---- */

/* The first line that is neither blank nor a comment nor a variable. False: there is none. */
static bool first_line(struct request *r, struct bytes *line)
{
	while (take_line(r, line)) {
		struct bytes shown = trim(*line);
		if (shown.len && !begins(shown, "#") && !begins(shown, "//") && !begins(shown, "@"))
			return true;
	}
	return false;
}

static bool read_request(struct request *r, bool *found, struct error *e)
{
	struct bytes line;
	char place[60];
	*found = first_line(r, &line);
	if (!*found)
		return true;
	r->number++;
	r->draft.keep_head = true;
	snprintf(place, sizeof place, "request %zu (line %zu)", r->number, r->line);
	bool fine = begins(trim(line), "< {%") ? error_set(e, EXIT_USAGE, "a script before it may change the request")
					       : read_head(r, line, e) && read_body(r, e);
	fine = draft_take(&r->draft, fine, r->number, place, r->sink, e);
	draft_free(&r->draft);
	return fine;
}

/* Up to the next line of ###, without the line break before it. */
static struct bytes take_block(struct bytes *text, size_t *lines)
{
	struct bytes block = *text, rest = *text;
	size_t count = 0;
	*text = bytes_of(NULL);
	while (rest.len) {
		struct bytes at = rest;
		if (begins(cut_line(rest, &rest), "###") && at.at > block.at) {
			*text = at;
			block.len = (size_t)(at.at - block.at) - 1;
			break;
		}
		count++;
	}
	*lines = count;
	return block;
}

bool http_file_read(struct bytes text, const struct import_sink *sink, struct error *e)
{
	struct request r = { .sink = sink, .values = json_object() };
	bool fine = r.values && define_all(r.values, text), found;
	size_t line = 0, lines;
	if (!fine)
		no_memory(e);
	while (fine && text.len) {
		r.left = take_block(&text, &lines);
		r.line = line;
		line += lines;
		fine = read_request(&r, &found, e);
	}
	json_decref(r.values);
	return fine;
}

static bool is_name_start(uint8_t c)
{
	return isalpha(c) || c == '{' || c == '_';
}

bool http_file_has_syntax(struct bytes body)
{
	struct bytes rest = body;
	if (variables_in(body))
		return true;
	for (size_t i = 0; i + 1 < body.len; i++)
		if (body.at[i] == '$' && is_name_start(body.at[i + 1]))
			return true;
	while (rest.len) {
		struct bytes line = trim(cut_line(rest, &rest));
		if (begins(line, "###") || begins(line, "< ") || begins(line, "<@") || begins(line, "> ") ||
		    begins(line, ">>") || begins(line, "<> ") || begins(line, "# @") || begins(line, "// @"))
			return true;
	}
	return false;
}
