#include "shared/content/multipart.h"

#include <string.h>

#include "shared/content/media_type.h"
#include "shared/http/headers.h"

/* The next line that begins with the boundary, from `from` on: gives where it begins; m->pos is then after it. */
static size_t next_boundary(struct multipart *m, size_t from)
{
	struct bytes body = m->body;
	while (from <= body.len && body.len - from >= m->boundary_len) {
		const uint8_t *at = memmem(body.at + from, body.len - from, m->boundary, m->boundary_len);
		if (!at)
			break;
		size_t start = (size_t)(at - body.at), end = start + m->boundary_len;
		from = end;
		if (start > 0 && body.at[start - 1] != '\n')
			continue;
		m->over = body.len - end >= 2 && body.at[end] == '-' && body.at[end + 1] == '-';
		end += m->over ? 2 : 0;
		while (end < body.len && (body.at[end] == ' ' || body.at[end] == '\t'))
			end++;
		if (end < body.len && body.at[end] == '\r')
			end++;
		if (end < body.len && body.at[end] != '\n')
			continue;
		m->pos = end < body.len ? end + 1 : end;
		return start;
	}
	m->over = false;
	return SIZE_MAX;
}

bool multipart_open_by(struct bytes boundary, struct bytes body, struct multipart *out)
{
	*out = (struct multipart){ .body = body, .boundary = "--" };
	if (boundary.len == 0 || boundary.len > MULTIPART_BOUNDARY_MOST)
		return false;
	memcpy(out->boundary + 2, boundary.at, boundary.len);
	out->boundary_len = boundary.len + 2;
	out->preamble = next_boundary(out, 0);
	return out->preamble != SIZE_MAX && !out->over;
}

bool multipart_open(struct bytes headers, struct bytes body, struct multipart *out)
{
	struct bytes type, boundary;
	*out = (struct multipart){ .body = body };
	return headers_find(headers, "Content-Type", &type) && media_type_begins(type, "multipart/") &&
	       media_type_parameter(type, "boundary", &boundary) && multipart_open_by(boundary, body, out);
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
static void split_part(struct bytes part, struct multipart_part *out)
{
	size_t i = 0;
	while (i < part.len) {
		const uint8_t *start = part.at + i, *end = memchr(start, '\n', part.len - i);
		size_t len = end ? (size_t)(end - start) + 1 : part.len - i;
		if ((len == 1 && *start == '\n') || (len == 2 && start[0] == '\r' && end)) {
			out->headers = bytes_make(part.at, i);
			out->body = bytes_make(start + len, part.len - i - len);
			return;
		}
		i += len;
	}
	out->headers = part;
	out->body = bytes_make(part.at + part.len, 0);
}

bool multipart_next(struct multipart *m, struct multipart_part *out)
{
	size_t start = m->pos;
	if (m->over || start > m->body.len)
		return false;
	size_t end = next_boundary(m, start);
	out->open = end == SIZE_MAX;
	if (out->open) {
		m->pos = m->body.len + 1;
		end = m->body.len;
	}
	struct bytes part = bytes_make(m->body.at + start, end - start);
	split_part(out->open ? part : without_end(part), out);
	return true;
}
