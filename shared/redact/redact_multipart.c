/* The parts of multipart/… (RFC 2046 §5.1, RFC 7578): names and file names stay. */
#include "shared/redact/redact_private.h"

#include <ctype.h>
#include <string.h>

#include "shared/http/form.h"
#include "shared/text/base64.h"
#include "shared/http/headers.h"

/* A parameter of a field's value: boundary of Content-Type, name of Content-Disposition. */
static bool parameter(struct bytes value, const char *name, struct bytes *out)
{
	size_t len = strlen(name);
	for (size_t i = 0; i + len + 1 < value.len; i++) {
		bool begins = i > 0 && (value.at[i - 1] == ';' || value.at[i - 1] == ' ' || value.at[i - 1] == '\t');
		if (!begins || value.at[i + len] != '=' || !bytes_equal_nocase(bytes_make(value.at + i, len), name))
			continue;
		size_t from = i + len + 1, end;
		bool quoted = value.at[from] == '"';
		from += quoted;
		end = from;
		while (end < value.len && (quoted ? value.at[end] != '"' : value.at[end] != ';' && value.at[end] > ' '))
			end++;
		*out = bytes_make(value.at + from, end - from);
		return true;
	}
	return false;
}

/* The name of a part: "name", or "name*" as RFC 8187 writes it, percent-encoded after a charset and a language. */
static bool part_name(struct bytes disposition, struct buffer *decoded, struct bytes *name)
{
	struct bytes coded;
	*name = bytes_of("");
	if (parameter(disposition, "name", name) || !parameter(disposition, "name*", &coded))
		return true;
	const uint8_t *quote = coded.len ? memrchr(coded.at, '\'', coded.len) : NULL;
	size_t from = quote ? (size_t)(quote - coded.at) + 1 : 0;
	decoded->len = 0;
	bool fine = form_decode(bytes_make(coded.at + from, coded.len - from), decoded);
	*name = buffer_view(decoded);
	return fine;
}

/* Where the head of a part ends and where its body begins, after an empty line; lines may end in LF alone. False: it
 * has none. */
static bool find_head(struct bytes part, size_t *head, size_t *body)
{
	for (size_t line = 0; line < part.len;) {
		const uint8_t *lf = memchr(part.at + line, '\n', part.len - line);
		size_t end = lf ? (size_t)(lf - part.at) : part.len;
		if (!lf)
			return false;
		if (end == line || (end == line + 1 && part.at[line] == '\r')) {
			*head = line;
			*body = end + 1;
			return true;
		}
		line = end + 1;
	}
	return false;
}

/* Behind a field's line and those that go on with it, which begin with a blank; *end is before the last line's end. */
static size_t field_end(struct bytes head, size_t at, size_t *end)
{
	size_t next = at;
	do {
		const uint8_t *lf = memchr(head.at + next, '\n', head.len - next);
		*end = lf ? (size_t)(lf - head.at) : head.len;
		next = lf ? *end + 1 : head.len;
	} while (next < head.len && (head.at[next] == ' ' || head.at[next] == '\t'));
	*end -= *end > at && head.at[*end - 1] == '\r';
	return next;
}

/* Field lines as headers.h wants them: exactly one blank after the colon, and a folded line's ends are blanks. False
 * in *is_block: they are none. */
static bool read_head(struct bytes head, struct buffer *block, bool *is_block)
{
	*is_block = true;
	for (size_t at = 0; at < head.len;) {
		size_t end, next = field_end(head, at, &end);
		struct bytes line = bytes_make(head.at + at, end - at);
		const uint8_t *colon = line.len ? memchr(line.at, ':', line.len) : NULL;
		size_t name_len = colon ? (size_t)(colon - line.at) : 0, from = name_len + 1;
		if (!name_len) {
			*is_block = false;
			return true;
		}
		while (from < line.len && (line.at[from] == ' ' || line.at[from] == '\t'))
			from++;
		size_t begin = block->len;
		if (!headers_append(block, bytes_make(line.at, name_len), bytes_make(line.at + from, line.len - from)))
			return false;
		for (size_t i = begin; i + 2 < block->len; i++)
			if (block->at[i] == '\r' || block->at[i] == '\n')
				block->at[i] = ' ';
		at = next;
	}
	*is_block = headers_valid(buffer_view(block));
	return true;
}

static bool is_text(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.at[i] < 0x20 && b.at[i] != '\n' && b.at[i] != '\r' && b.at[i] != '\t')
			return false;
	return true;
}

/* Lines of base64, as mails have them. *done: something was taken out of what they hold. */
static bool put_base64(struct redaction *r, struct bytes type, struct bytes body, unsigned depth, struct buffer *out,
		       bool *done)
{
	struct buffer joined = { 0 }, plain = { 0 }, inner = { 0 };
	size_t before = r->total;
	bool replaced, fine = buffer_reserve(&joined, body.len + 1);
	*done = false;
	for (size_t i = 0; fine && i < body.len; i++)
		if (body.at[i] > ' ')
			fine = buffer_put_u8(&joined, body.at[i]);
	if (fine && base64_decode(&plain, buffer_view(&joined))) {
		fine = r->within->content(r, type, buffer_view(&plain), depth + 1, &inner, &replaced);
		*done = fine && r->total > before;
		size_t start = out->len;
		if (*done)
			fine = base64_encode(out, buffer_view(&inner), 76);
		if (fine && *done && out->len > start)
			out->len--; /* the delimiter brings the last line's end */
	}
	buffer_free(&joined);
	buffer_free(&plain);
	buffer_free(&inner);
	return fine;
}

static bool put_part_body(struct redaction *r, struct bytes block, struct bytes body, unsigned depth,
			  struct buffer *out)
{
	struct bytes value, name = bytes_of(""), file, type = bytes_of(""), coding;
	struct buffer decoded = { 0 };
	bool replaced, done = false, fine = true;
	if (headers_find(block, "content-disposition", &value))
		fine = part_name(value, &decoded, &name);
	bool is_file = headers_find(block, "content-disposition", &value) && parameter(value, "filename", &file);
	if (!headers_find(block, "content-type", &type))
		type = bytes_of("");
	struct redact_match m = redact_match_name(r->names, WHERE_PART, name, bytes_of(NULL));
	bool secret = m.why != WHY_NOT && !redact_is_done(body) && (m.why == WHY_ASKED || !is_file || is_text(body));
	if (fine && secret)
		redact_note_named(r, REDACT_PART, name, m.why);
	buffer_free(&decoded);
	if (!fine || secret)
		return fine && redact_put_value(out, m.why, body);
	if (headers_find(block, "content-transfer-encoding", &coding) && bytes_equal_nocase(coding, "base64") &&
	    !put_base64(r, type, body, depth, out, &done))
		return false;
	return done || r->within->content(r, type, body, depth + 1, out, &replaced);
}

static bool put_part(struct redaction *r, struct bytes part, unsigned depth, struct buffer *out)
{
	struct buffer block = { 0 }, put = { 0 };
	size_t head, body, before = r->total;
	bool is_block = false, fine = true;
	if (!find_head(part, &head, &body))
		return redact_scan(r, part, depth + 1, out);
	struct bytes lines = bytes_make(part.at, head);
	fine = read_head(lines, &block, &is_block);
	if (fine && !is_block)
		fine = redact_scan(r, part, depth + 1, out);
	if (!fine || !is_block)
		goto out;
	fine = redact_fields(r, buffer_view(&block), &put);
	/* Unless something was taken out they stay as they were written. */
	fine = fine && buffer_append_bytes(out, r->total > before ? buffer_view(&put) : lines) &&
	       buffer_append(out, part.at + head, body - head) &&
	       put_part_body(r, buffer_view(&block), bytes_make(part.at + body, part.len - body), depth, out);
out:
	buffer_free(&block);
	buffer_free(&put);
	return fine;
}

/* The delimiter at the beginning of a line, at or after `from`; SIZE_MAX: none. */
static size_t find_delimiter(struct bytes body, struct bytes delimiter, size_t from)
{
	while (from < body.len) {
		const uint8_t *at = memmem(body.at + from, body.len - from, delimiter.at, delimiter.len);
		if (!at)
			break;
		size_t i = (size_t)(at - body.at);
		if (i == 0 || body.at[i - 1] == '\n')
			return i;
		from = i + 1;
	}
	return SIZE_MAX;
}

/* The boundary of a body whose type names none: what follows "--" on its first line. */
static bool first_delimiter(struct bytes body, struct bytes *boundary)
{
	const uint8_t *lf = body.len > 2 && memcmp(body.at, "--", 2) == 0 ? memchr(body.at, '\n', body.len) : NULL;
	size_t end = lf ? (size_t)(lf - body.at) : 0;
	end -= end > 2 && body.at[end - 1] == '\r';
	*boundary = lf ? bytes_make(body.at + 2, end - 2) : bytes_of("");
	return lf != NULL;
}

bool redact_multipart(struct redaction *r, struct bytes type, struct bytes body, unsigned depth, struct buffer *out,
		      bool *is_multipart)
{
	struct bytes boundary;
	struct buffer delimiter = { 0 };
	*is_multipart = (parameter(type, "boundary", &boundary) || first_delimiter(body, &boundary)) &&
			boundary.len > 0 && boundary.len <= 200;
	if (!*is_multipart)
		return true;
	bool fine = buffer_append_text(&delimiter, "--") && buffer_append_bytes(&delimiter, boundary);
	size_t at = fine ? find_delimiter(body, buffer_view(&delimiter), 0) : SIZE_MAX;
	if (at == SIZE_MAX) {
		buffer_free(&delimiter);
		*is_multipart = false;
		return fine;
	}
	fine = redact_scan(r, bytes_make(body.at, at), depth + 1, out); /* before the first part */
	while (fine && at != SIZE_MAX) {
		size_t from = at + delimiter.len;
		bool last = body.len - from >= 2 && memcmp(body.at + from, "--", 2) == 0;
		const uint8_t *line = from < body.len ? memchr(body.at + from, '\n', body.len - from) : NULL;
		size_t start = line ? (size_t)(line - body.at) + 1 : body.len;
		size_t next = last ? SIZE_MAX : find_delimiter(body, buffer_view(&delimiter), start);
		size_t end = next == SIZE_MAX ? body.len : next;
		fine = buffer_append(out, body.at + at, delimiter.len) &&
		       redact_scan(r, bytes_make(body.at + from, start - from), depth + 1, out);
		/* The line's end before a delimiter is the delimiter's. */
		size_t tail = 0;
		if (next != SIZE_MAX && end > start)
			tail = end - start >= 2 && body.at[end - 2] == '\r' ? 2 : 1;
		struct bytes part = bytes_make(body.at + start, end - start - tail);
		if (fine && part.len)
			fine = last ? redact_scan(r, part, depth + 1, out) : put_part(r, part, depth, out);
		fine = fine && buffer_append(out, body.at + end - tail, tail);
		at = next;
	}
	buffer_free(&delimiter);
	return fine;
}
