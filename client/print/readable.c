#include "client/print/readable.h"

#include <inttypes.h>
#include <string.h>

#include "client/print/json_pretty.h"
#include "shared/content/media_type.h"
#include "shared/content/multipart.h"
#include "shared/http/headers.h"
#include "shared/text/text.h"

#define TYPE_MOST 100

bool readable_put_amount(struct bytes headers, uint64_t bytes, struct buffer *out)
{
	struct bytes type = media_type_of(headers);
	if (!buffer_printf(out, "%" PRIu64 " %s ", bytes, bytes == 1 ? "byte" : "bytes"))
		return false;
	if (type.len == 0 || type.len > TYPE_MOST || media_type_begins(type, "text/"))
		return buffer_append_text(out, "that are not text");
	return buffer_append_text(out, "of ") && text_sanitize(out, type, TEXT_LINE);
}

static bool put_line(struct bytes line, struct buffer *out)
{
	return text_sanitize(out, line, TEXT_LINE) && buffer_put_u8(out, '\n');
}

/* One line each, as they came where they cannot be read. */
static bool put_fields(const struct multipart_part *part, struct bytes block, struct buffer *out)
{
	struct bytes name, value;
	bool fine = block.len || text_sanitize(out, part->headers, TEXT_BODY);
	for (size_t pos = 0; fine && headers_next(block, &pos, &name, &value);)
		fine = put_line(bytes_make(name.at, (size_t)(value.at + value.len - name.at)), out);
	return fine && buffer_put_u8(out, '\n');
}

static bool put_text(struct bytes text, struct buffer *out)
{
	return text_sanitize(out, text, TEXT_BODY) &&
	       (!text.len || text.at[text.len - 1] == '\n' || buffer_put_u8(out, '\n'));
}

static bool put_content(const struct multipart_content *c, bool pretty, struct buffer *out, bool *left_out)
{
	struct body own;
	struct buffer laid = { 0 };
	body_open(&own, c->headers, c->body, BODY_MOST);
	struct bytes text = body_text(&own);
	const struct json_tokens *tokens = pretty ? body_json(&own) : NULL;
	bool fine, is_text = text_is_utf8(text) && !(text.len && memchr(text.at, 0, text.len));
	if (tokens && json_pretty_put(&laid, text, tokens))
		fine = put_text(buffer_view(&laid), out);
	else if (is_text)
		fine = put_text(text, out);
	else
		fine = buffer_put_u8(out, '(') && readable_put_amount(c->headers, c->body.len, out) &&
		       buffer_append_text(out, ")\n");
	*left_out = *left_out || !is_text;
	fine = fine && !own.no_memory;
	buffer_free(&laid);
	body_free(&own);
	return fine;
}

bool readable_put_parts(struct body *b, bool pretty, struct buffer *out, bool *left_out)
{
	struct multipart m;
	struct multipart_part part = { 0 };
	struct multipart_content c;
	size_t start = out->len;
	bool fine = multipart_open(b->headers, body_text(b), &m);
	*left_out = false;
	while (fine && multipart_next(&m, &part)) {
		fine = put_line(bytes_make(m.boundary, m.boundary_len), out) && multipart_read(&part, &c);
		if (!fine)
			break;
		fine = put_fields(&part, c.headers, out) && put_content(&c, pretty, out, left_out);
		multipart_content_free(&c);
	}
	if (fine && !part.open)
		fine = text_sanitize(out, bytes_make(m.boundary, m.boundary_len), TEXT_LINE) &&
		       buffer_append_text(out, "--\n");
	if (!fine)
		out->len = start;
	return fine;
}
