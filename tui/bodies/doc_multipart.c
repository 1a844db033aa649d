/* A multipart body: each part as a document of its own, one below the other. */

#include <stdio.h>
#include <string.h>

#include "shared/content/multipart.h"
#include "tui/bodies/doc_body_private.h"
#include "tui/documents/doc_make.h"

/* Its fields as they came where they are none that can be read. */
static struct doc *part_head(const struct multipart_part *part, struct multipart_content *c)
{
	struct doc *d =
	    c->headers.len || !part->headers.len ? doc_headers(c->headers) : doc_text(part->headers, part->headers.len);
	struct buffer memory = c->head;
	c->head = (struct buffer){ 0 };
	return doc_owning(d, memory);
}

/* Without its transfer coding. */
static struct doc *part_body(struct multipart_content *c, int columns, int depth)
{
	struct doc *d = doc_body_within(c->headers, c->body, c->body.len, columns, depth + 1);
	struct buffer memory = c->plain;
	c->plain = (struct buffer){ 0 };
	return doc_owning(d, memory);
}

static size_t add_part(struct doc **parts, size_t n, size_t number, const struct multipart_part *part, int columns,
		       int depth)
{
	static const char *const undone[] = { "", ", base64, shown decoded", ", quoted-printable, shown decoded" };
	char note[100], size[32];
	struct multipart_content c;
	bool fine = multipart_read(part, &c);
	doc_amount(size, part->body.len);
	snprintf(note, sizeof note, "part %zu, %s%s%s", number, size, undone[c.coding], part->open ? ", cut" : "");
	parts[n++] = doc_note(note);
	/* The body first: it is read by these fields. */
	parts[n + 1] = fine ? part_body(&c, columns, depth) : NULL;
	parts[n] = fine ? part_head(part, &c) : NULL;
	multipart_content_free(&c);
	return n + 2;
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
		snprintf(note, sizeof note, "%s after %s", size, m.over ? "the last part" : "these parts: not listed");
		parts[n++] = doc_note(note);
	}
	if (doc_cut_note(note, body.len, total))
		parts[n++] = doc_note(note);
	struct doc *d = doc_join(parts, n);
	if (d)
		snprintf(d->about, sizeof d->about, "multipart, %zu part%s", count, count == 1 ? "" : "s");
	return d;
}
