/* The parts of multipart/… (RFC 2046 §5.1, RFC 7578), as shared/content/multipart.h reads them: names and file names
 * stay, and a part with a transfer coding has it afterwards too. */
#include "shared/redact/redact_private.h"

#include <string.h>

#include "shared/content/media_type.h"
#include "shared/content/multipart.h"
#include "shared/http/headers.h"

static bool is_text(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.at[i] < 0x20 && b.at[i] != '\n' && b.at[i] != '\r' && b.at[i] != '\t')
			return false;
	return true;
}

/* By its name. *done: it is a secret, and taken out. */
static bool put_named(struct redaction *r, const struct multipart_part *part, const struct multipart_content *c,
		      struct buffer *out, bool *done)
{
	struct bytes name, value, file;
	struct buffer memory = { 0 };
	bool fine = multipart_name(c->headers, &memory, &name);
	bool is_file =
	    headers_find(c->headers, "content-disposition", &value) && media_type_parameter(value, "filename", &file);
	struct redact_match m = redact_match_name(r->names, WHERE_PART, name, bytes_of(NULL));
	*done = fine && m.why != WHY_NOT && !redact_is_done(part->body) &&
		(m.why == WHY_ASKED || !is_file || is_text(c->body));
	if (*done)
		redact_note_named(r, REDACT_PART, name, m.why);
	buffer_free(&memory);
	return fine && (!*done || redact_put_value(out, m.why, part->body));
}

/* By its type. What is coded and has nothing in it stays as it was written. */
static bool put_content(struct redaction *r, const struct multipart_part *part, const struct multipart_content *c,
			unsigned depth, struct buffer *out)
{
	struct bytes type = bytes_of("");
	struct buffer inner = { 0 };
	size_t before = r->total;
	bool replaced;
	(void)headers_find(c->headers, "content-type", &type);
	if (c->coding == MULTIPART_AS_IS)
		return r->within->content(r, type, part->body, depth + 1, out, &replaced);
	bool fine = r->within->content(r, type, c->body, depth + 1, &inner, &replaced);
	fine = fine && (r->total > before ? multipart_put_coded(c->coding, buffer_view(&inner), out)
					  : buffer_append_bytes(out, part->body));
	buffer_free(&inner);
	return fine;
}

static bool put_part(struct redaction *r, const struct multipart_part *part, unsigned depth, struct buffer *out)
{
	struct multipart_content c;
	struct buffer put = { 0 };
	size_t before = r->total;
	const uint8_t *end = part->headers.at + part->headers.len;
	bool done = false, fine = multipart_read(part, &c);
	/* Without fields it is a text, as far as it goes. */
	bool is_block = fine && (c.headers.len || !part->headers.len) && part->body.at != end;
	if (fine && !is_block)
		fine = redact_scan(
		    r, bytes_make(part->headers.at, (size_t)(part->body.at - part->headers.at) + part->body.len),
		    depth + 1, out);
	if (!fine || !is_block)
		goto out;
	fine = redact_fields(r, c.headers, &put);
	/* Unless something was taken out they stay as they were written. */
	fine = fine && buffer_append_bytes(out, r->total > before ? buffer_view(&put) : part->headers) &&
	       buffer_append(out, end, (size_t)(part->body.at - end)) && put_named(r, part, &c, out, &done) &&
	       (done || put_content(r, part, &c, depth, out));
out:
	multipart_content_free(&c);
	buffer_free(&put);
	return fine;
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
	struct multipart m;
	struct multipart_part part;
	struct bytes boundary;
	*is_multipart = (media_type_parameter(type, "boundary", &boundary) || first_delimiter(body, &boundary)) &&
			multipart_open_by(boundary, body, &m);
	if (!*is_multipart)
		return true;
	size_t copied = 0;
	bool fine = true;
	/* What stands before the first part, between two and after the last is a text. */
	while (fine && multipart_next(&m, &part)) {
		size_t start = (size_t)(part.headers.at - body.at);
		fine = redact_scan(r, bytes_make(body.at + copied, start - copied), depth + 1, out) &&
		       put_part(r, &part, depth, out);
		copied = (size_t)(part.body.at - body.at) + part.body.len;
	}
	return fine && redact_scan(r, bytes_make(body.at + copied, body.len - copied), depth + 1, out);
}
