#include "shared/http/http_text.h"

#include <stdio.h>
#include <string.h>

#include "shared/http/headers.h"
#include "shared/text/text.h"

#define REFERENCE "< "

bool http_text_wants_file(struct bytes body)
{
	if (body.len > HTTP_TEXT_INLINE_MAX || !text_is_utf8(body) ||
	    (body.len >= 2 && memcmp(body.at, REFERENCE, 2) == 0))
		return true;
	for (size_t i = 0; i < body.len; i++) {
		uint8_t c = body.at[i];
		if ((c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f)
			return true;
		if (c == 0xc2 && body.at[i + 1] < 0xa0) /* C1; UTF-8 has one more */
			return true;
	}
	return false;
}

bool http_text_write(struct buffer *out, const struct http_text *t)
{
	struct bytes name, value, line;
	bool fine = buffer_append_bytes(out, t->method) && buffer_put_u8(out, ' ') &&
		    buffer_append_bytes(out, t->target) && buffer_append_text(out, " HTTP/1.1\n");
	for (size_t pos = 0; fine && headers_next_line(t->headers, &pos, &name, &value, &line);)
		fine = buffer_append(out, line.at, line.len - 2) && buffer_put_u8(out, '\n');
	fine = fine && buffer_put_u8(out, '\n');
	if (t->body_file.len)
		return fine && buffer_append_text(out, REFERENCE) && buffer_append_bytes(out, t->body_file) &&
		       buffer_put_u8(out, '\n');
	return fine && buffer_append_bytes(out, t->body);
}

struct lines {
	struct bytes left;
	int number; /* of the line taken last */
};

/* A line without its end. False when there is none. */
static bool next_line(struct lines *l, struct bytes *line)
{
	if (l->left.len == 0)
		return false;
	const uint8_t *end = memchr(l->left.at, '\n', l->left.len);
	size_t len = end ? (size_t)(end - l->left.at) : l->left.len;
	*line = bytes_make(l->left.at, len);
	if (end && len > 0 && line->at[len - 1] == '\r')
		line->len--;
	len += end ? 1 : 0;
	l->left = bytes_make(l->left.at + len, l->left.len - len);
	l->number++;
	return true;
}

struct bytes http_text_skip_comments(struct bytes text)
{
	struct lines l = { text, 0 };
	struct bytes line, rest = text;
	while (rest.len && rest.at[0] == '#' && next_line(&l, &line))
		rest = l.left;
	return rest;
}

static bool is_target(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.at[i] <= 0x20 || b.at[i] == 0x7f)
			return false;
	return b.len > 0;
}

static bool read_first(struct bytes line, struct http_text *out, struct error *e)
{
	static const char version[] = " HTTP/1.";
	size_t tail = sizeof version; /* and a digit */
	if (line.len < tail || memcmp(line.at + line.len - tail, version, tail - 1) != 0 ||
	    (line.at[line.len - 1] != '1' && line.at[line.len - 1] != '0'))
		return error_set(e, EXIT_USAGE, "line 1: a request begins with METHOD TARGET HTTP/1.1");
	line.len -= tail;
	const uint8_t *blank = line.len ? memchr(line.at, ' ', line.len) : NULL;
	if (!blank)
		return error_set(e, EXIT_USAGE, "line 1: the target is missing: METHOD TARGET HTTP/1.1");
	out->method = bytes_make(line.at, (size_t)(blank - line.at));
	out->target = bytes_make(blank + 1, line.len - out->method.len - 1);
	if (!headers_name_valid(out->method))
		return error_set(e, EXIT_USAGE, "line 1: a method is one word, such as POST");
	return is_target(out->target) ||
	       error_set(e, EXIT_USAGE, "line 1: a target has neither blanks nor control characters, write %%20");
}

static bool read_field(struct bytes line, int number, struct buffer *headers, struct error *e)
{
	const uint8_t *colon = memchr(line.at, ':', line.len);
	if (!colon)
		return error_set(e, EXIT_USAGE, "line %d: a header field is Name: value", number);
	struct bytes name = bytes_make(line.at, (size_t)(colon - line.at));
	struct bytes value = bytes_make(colon + 1, line.len - name.len - 1);
	if (!headers_name_valid(name))
		return error_set(e, EXIT_USAGE, "line %d: a header field's name is letters, digits and -", number);
	if (!headers_value_valid(value))
		return error_set(e, EXIT_USAGE, "line %d: a header field's value has no control characters", number);
	return (buffer_append_bytes(headers, line) && buffer_append(headers, "\r\n", 2)) ||
	       error_set(e, EXIT_STORE, "out of memory");
}

static bool read_body(struct lines *l, struct http_text *out, struct error *e)
{
	struct bytes line;
	out->body = l->left;
	if (out->body.len < 2 || memcmp(out->body.at, REFERENCE, 2) != 0)
		return true;
	out->body = bytes_of(NULL);
	if (next_line(l, &line))
		out->body_file = bytes_make(line.at + 2, line.len - 2);
	if (out->body_file.len == 0 || memchr(out->body_file.at, 0, out->body_file.len))
		return error_set(e, EXIT_USAGE, "line %d: the name of the body's file must follow <", l->number);
	while (next_line(l, &line))
		if (line.len)
			return error_set(e, EXIT_USAGE, "line %d: nothing may follow the name of the body's file",
					 l->number);
	return true;
}

static bool read_head(struct lines *l, struct http_text *out, struct buffer *headers, struct error *e)
{
	struct bytes at;
	size_t start = headers->len;
	memset(out, 0, sizeof *out);
	bool fine =
	    next_line(l, &at) ? read_first(at, out, e) : error_set(e, EXIT_USAGE, "line 1: the request is empty");
	while (fine && next_line(l, &at) && at.len)
		fine = read_field(at, l->number, headers, e);
	if (headers->len > start)
		out->headers = bytes_make(headers->at + start, headers->len - start);
	return fine;
}

bool http_text_read(struct bytes text, struct http_text *out, struct buffer *headers, int *line, struct error *e)
{
	struct lines l = { text, 0 };
	bool fine = read_head(&l, out, headers, e) && read_body(&l, out, e);
	if (line)
		*line = l.number > 0 ? l.number : 1;
	return fine;
}

bool http_text_read_whole(struct bytes text, struct http_text *out, struct buffer *headers, struct error *e)
{
	struct lines l = { text, 0 };
	bool fine = read_head(&l, out, headers, e);
	out->body = l.left;
	return fine;
}

struct bytes http_text_unended(struct bytes before, struct bytes after)
{
	bool had = before.len && before.at[before.len - 1] == '\n';
	if (had || after.len == 0 || after.at[after.len - 1] != '\n')
		return after;
	return bytes_make(after.at, after.len - 1);
}

bool http_text_fix_length(struct buffer *out, struct bytes headers, size_t body_len)
{
	char text[24];
	struct bytes name, value, line;
	bool found = false;
	snprintf(text, sizeof text, "%zu", body_len);
	for (size_t pos = 0; headers_next_line(headers, &pos, &name, &value, &line);) {
		bool is_length = bytes_equal_nocase(name, "content-length");
		found = found || is_length;
		if (!(is_length ? headers_append(out, name, bytes_of(text)) : buffer_append_bytes(out, line)))
			return false;
	}
	return found || body_len == 0 || headers_append(out, bytes_of("Content-Length"), bytes_of(text));
}
