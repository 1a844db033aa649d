/* A multipart body: each part as a document of its own, one below the other. */

#include <stdio.h>
#include <string.h>

#include "shared/http/headers.h"
#include "tui/bodies/doc_body_private.h"
#include "tui/documents/doc_make.h"

#define BOUNDARY_MOST 70 /* RFC 2046 §5.1.1 */

/* Out of `multipart/form-data; boundary="x"`: "--x". */
static size_t find_boundary(struct bytes headers, uint8_t out[BOUNDARY_MOST + 2])
{
	static const char name[] = "boundary=";
	struct bytes type;
	if (!headers_find(headers, "content-type", &type) || type.len < 10 ||
	    !bytes_equal_nocase(bytes_make(type.at, 10), "multipart/"))
		return 0;
	size_t at = doc_search(type, bytes_of(name), 10), n = 0;
	if (at == SIZE_MAX)
		return 0;
	at += strlen(name);
	bool quoted = at < type.len && type.at[at] == '"';
	out[n++] = '-';
	out[n++] = '-';
	for (at += quoted; at < type.len; at++) {
		uint8_t c = type.at[at];
		if (quoted ? c == '"' : c == ';' || c == ' ' || c == '\t')
			break;
		if (n == BOUNDARY_MOST + 2)
			return 0;
		out[n++] = c;
	}
	return n > 2 ? n : 0;
}

struct parser {
	struct bytes body, boundary;
	size_t pos; /* after the last boundary line */
	bool over;  /* that was the closing one */
};

/* The next line that begins with the boundary, from `from` on: gives where it begins; p->pos is then after it. */
static size_t next_boundary(struct parser *p, size_t from)
{
	while (from <= p->body.len && p->body.len - from >= p->boundary.len) {
		const uint8_t *at = memmem(p->body.at + from, p->body.len - from, p->boundary.at, p->boundary.len);
		if (!at)
			break;
		size_t start = (size_t)(at - p->body.at), end = start + p->boundary.len;
		from = end;
		if (start > 0 && p->body.at[start - 1] != '\n')
			continue;
		p->over = p->body.len - end >= 2 && p->body.at[end] == '-' && p->body.at[end + 1] == '-';
		end += p->over ? 2 : 0;
		while (end < p->body.len && (p->body.at[end] == ' ' || p->body.at[end] == '\t'))
			end++;
		if (end < p->body.len && p->body.at[end] == '\r')
			end++;
		if (end < p->body.len && p->body.at[end] != '\n')
			continue;
		p->pos = end < p->body.len ? end + 1 : end;
		return start;
	}
	return SIZE_MAX;
}

/* Without the line end that belongs to the boundary after it. */
static struct bytes without_end(struct bytes part)
{
	if (part.len && part.at[part.len - 1] == '\n')
		part.len--;
	if (part.len && part.at[part.len - 1] == '\r')
		part.len--;
	return part;
}

/* Header lines up to the empty one. */
static void split_part(struct bytes part, struct bytes *headers, struct bytes *body)
{
	size_t i = 0;
	while (i < part.len) {
		const uint8_t *start = part.at + i, *end = memchr(start, '\n', part.len - i);
		size_t len = end ? (size_t)(end - start) + 1 : part.len - i;
		bool empty = (len == 1 && *start == '\n') || (len == 2 && start[0] == '\r' && end);
		if (empty) {
			*headers = bytes_make(part.at, i);
			*body = bytes_make(start + len, part.len - i - len);
			return;
		}
		i += len;
	}
	*headers = part;
	*body = bytes_make(part.at + part.len, 0);
}

static size_t add_part(struct doc **parts, size_t n, size_t number, struct bytes part, bool cut, int columns, int depth)
{
	struct bytes headers, body;
	char note[80], size[32];
	split_part(part, &headers, &body);
	doc_amount(size, body.len);
	snprintf(note, sizeof note, "part %zu, %s%s", number, size, cut ? ", cut" : "");
	parts[n++] = doc_note(note);
	parts[n++] = headers_valid(headers) ? doc_headers(headers) : doc_text(headers, headers.len);
	parts[n++] = doc_body_plain(headers, body, body.len, columns, depth + 1);
	return n;
}

struct doc *doc_multipart(struct bytes headers, struct bytes body, uint64_t total, int columns, int depth)
{
	uint8_t boundary[BOUNDARY_MOST + 2];
	struct doc *parts[DOC_PARTS_MOST * 3 + 3];
	size_t n = 0, count = 0;
	char note[80], size[32];
	struct parser p = { .body = body, .boundary = { boundary, find_boundary(headers, boundary) } };
	size_t preamble = p.boundary.len ? next_boundary(&p, 0) : SIZE_MAX;
	if (preamble == SIZE_MAX || p.over)
		return NULL;
	if (preamble > 0) {
		doc_amount(size, preamble);
		snprintf(note, sizeof note, "%s before the first part", size);
		parts[n++] = doc_note(note);
	}
	while (!p.over && count < DOC_PARTS_MOST) {
		size_t start = p.pos, end = next_boundary(&p, start);
		bool open = end == SIZE_MAX;
		struct bytes part = bytes_make(body.at + start, (open ? body.len : end) - start);
		n = add_part(parts, n, ++count, open ? part : without_end(part), open, columns, depth);
		if (open)
			p.pos = body.len;
		if (open)
			break;
	}
	if (p.pos < body.len) {
		doc_amount(size, body.len - p.pos);
		snprintf(note, sizeof note, "%s behind %s", size, p.over ? "the last part" : "these parts: not listed");
		parts[n++] = doc_note(note);
	}
	if (doc_cut_note(note, body.len, total))
		parts[n++] = doc_note(note);
	struct doc *d = doc_join(parts, n);
	if (d)
		snprintf(d->about, sizeof d->about, "multipart, %zu part%s", count, count == 1 ? "" : "s");
	return d;
}
