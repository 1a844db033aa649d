/* A multipart body: each part as a document of its own, one below the other. */

#include <stdio.h>
#include <string.h>

#include "shared/content/multipart.h"
#include "shared/http/headers.h"
#include "tui/bodies/doc_body_private.h"
#include "tui/documents/doc_make.h"

static size_t add_part(struct doc **parts, size_t n, size_t number, const struct multipart_part *part, int columns,
		       int depth)
{
	char note[80], size[32];
	doc_amount(size, part->body.len);
	snprintf(note, sizeof note, "part %zu, %s%s", number, size, part->open ? ", cut" : "");
	bool valid = headers_valid(part->headers);
	parts[n++] = doc_note(note);
	parts[n++] = valid ? doc_headers(part->headers) : doc_text(part->headers, part->headers.len);
	parts[n++] =
	    doc_body_within(valid ? part->headers : bytes_of(NULL), part->body, part->body.len, columns, depth + 1);
	return n;
}

struct doc *doc_multipart(struct body *b, uint64_t total, int columns, int depth)
{
	struct doc *parts[DOC_PARTS_MOST * 3 + 3];
	size_t n = 0, count = 0;
	char note[80], size[32];
	struct bytes body = body_text(b);
	struct multipart m;
	struct multipart_part part;
	if (!multipart_open(b->headers, body, &m))
		return NULL;
	if (m.preamble > 0) {
		doc_amount(size, m.preamble);
		snprintf(note, sizeof note, "%s before the first part", size);
		parts[n++] = doc_note(note);
	}
	while (count < DOC_PARTS_MOST && multipart_next(&m, &part))
		n = add_part(parts, n, ++count, &part, columns, depth);
	if (m.pos < body.len) {
		doc_amount(size, body.len - m.pos);
		snprintf(note, sizeof note, "%s behind %s", size, m.over ? "the last part" : "these parts: not listed");
		parts[n++] = doc_note(note);
	}
	if (doc_cut_note(note, body.len, total))
		parts[n++] = doc_note(note);
	struct doc *d = doc_join(parts, n);
	if (d)
		snprintf(d->about, sizeof d->about, "multipart, %zu part%s", count, count == 1 ? "" : "s");
	return d;
}
