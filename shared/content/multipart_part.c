/* What a part of a multipart body says once it is unpacked (shared/content/multipart.h). */
#include <string.h>

#include "shared/content/media_type.h"
#include "shared/text/text_last.h"
#include "shared/content/multipart.h"
#include "shared/http/form.h"
#include "shared/http/headers.h"
#include "shared/text/base64.h"

#define LINE_MOST 76 /* RFC 2045 §6.7, §6.8 */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where a field's line and those that go on with it end, which begin with a blank; *end is before the last line's end.
 */
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

/* Field lines as headers.h wants them: exactly one blank after the colon, and the ends of folded lines are blanks.
 * Nothing where they are not fields. */
static bool read_head(struct bytes head, struct buffer *block)
{
	bool fine = true;
	for (size_t at = 0; fine && at < head.len;) {
		size_t end, next = field_end(head, at, &end);
		struct bytes line = bytes_make(head.at + at, end - at);
		const uint8_t *colon = line.len ? memchr(line.at, ':', line.len) : NULL;
		size_t name_len = colon ? (size_t)(colon - line.at) : 0, from = name_len + 1, begin = block->len;
		if (!name_len)
			break;
		while (from < line.len && (line.at[from] == ' ' || line.at[from] == '\t'))
			from++;
		fine =
		    headers_append(block, bytes_make(line.at, name_len), bytes_make(line.at + from, line.len - from));
		for (size_t i = begin; fine && i + 2 < block->len; i++)
			if (block->at[i] == '\r' || block->at[i] == '\n')
				block->at[i] = ' ';
		at = next;
		if (next == head.len && headers_valid(buffer_view(block)))
			return fine;
	}
	block->len = 0;
	return fine;
}

/* False when it is not base64, or out of memory. */
static bool undo_base64(struct bytes in, struct buffer *out)
{
	struct buffer line = { 0 };
	bool fine = buffer_reserve(&line, in.len);
	for (size_t i = 0; fine && i < in.len; i++)
		if (!is_blank(in.at[i]))
			line.at[line.len++] = in.at[i];
	fine = fine && base64_decode_loose(out, buffer_view(&line));
	buffer_free(&line);
	return fine;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What a = stands for at `i`: a byte, a line's soft end (-1), or itself. *len: how far it goes. */
static int quoted_at(struct bytes in, size_t i, size_t *len)
{
	size_t end = i + 1;
	if (i + 2 < in.len && hex_digit(in.at[i + 1]) >= 0 && hex_digit(in.at[i + 2]) >= 0) {
		*len = 3;
		return hex_digit(in.at[i + 1]) << 4 | hex_digit(in.at[i + 2]);
	}
	while (end < in.len && is_blank(in.at[end]) && in.at[end] != '\n')
		end++;
	bool soft = end == in.len || in.at[end] == '\n';
	*len = !soft ? 1 : end < in.len ? end + 1 - i : end - i;
	return soft ? -1 : '=';
}

/* RFC 2045 §6.7. False when out of memory. */
static bool undo_quoted(struct bytes in, struct buffer *out)
{
	bool fine = buffer_reserve(out, in.len);
	for (size_t i = 0, len = 1; fine && i < in.len; i += len, len = 1) {
		int c = in.at[i] == '=' ? quoted_at(in, i, &len) : in.at[i];
		fine = c < 0 || buffer_put_u8(out, (uint8_t)c);
	}
	return fine;
}

bool multipart_read(const struct multipart_part *part, struct multipart_content *out)
{
	struct bytes coding;
	*out = (struct multipart_content){ .headers = part->headers, .body = part->body };
	if (!headers_valid(part->headers)) {
		if (!read_head(part->headers, &out->head))
			return false;
		out->headers = out->head.len ? buffer_view(&out->head) : bytes_of(NULL);
	}
	if (!headers_find(out->headers, "Content-Transfer-Encoding", &coding))
		return true;
	if (bytes_equal_nocase(coding, "base64") && undo_base64(part->body, &out->plain))
		out->coding = MULTIPART_BASE64;
	else if (bytes_equal_nocase(coding, "quoted-printable") && undo_quoted(part->body, &out->plain))
		out->coding = MULTIPART_QUOTED;
	if (out->coding != MULTIPART_AS_IS)
		out->body = out->plain.len ? buffer_view(&out->plain) : bytes_of("");
	return true;
}

void multipart_content_free(struct multipart_content *c)
{
	buffer_free(&c->head);
	buffer_free(&c->plain);
}

bool multipart_name(struct bytes headers, struct buffer *memory, struct bytes *name)
{
	struct bytes disposition, coded;
	*name = bytes_of("");
	if (!headers_find(headers, "Content-Disposition", &disposition) ||
	    media_type_parameter(disposition, "name", name) || !media_type_parameter(disposition, "name*", &coded))
		return true;
	/* Percent-encoded, after a charset and a language. */
	const uint8_t *quote = text_last(coded, '\'');
	size_t from = quote ? (size_t)(quote - coded.at) + 1 : 0;
	memory->len = 0;
	if (!form_decode(bytes_make(coded.at + from, coded.len - from), memory))
		return false;
	*name = memory->len ? buffer_view(memory) : bytes_of("");
	return true;
}

/* ---- writing ---- */

/* Without the end of the last line. */
static bool put_base64(struct bytes text, struct buffer *out)
{
	size_t start = out->len;
	if (!base64_encode(out, text, LINE_MOST))
		return false;
	out->len -= out->len > start;
	return true;
}

static bool ends_line(struct bytes text, size_t i)
{
	return i == text.len || text.at[i] == '\n' ||
	       (text.at[i] == '\r' && i + 1 < text.len && text.at[i + 1] == '\n');
}

static bool put_quoted(struct bytes text, struct buffer *out)
{
	size_t column = 0;
	bool fine = true;
	for (size_t i = 0; fine && i < text.len; i++) {
		uint8_t c = text.at[i];
		if (ends_line(text, i)) {
			column = 0;
			fine = buffer_put_u8(out, c);
			continue;
		}
		bool plain = (c > ' ' && c < 0x7f && c != '=') || ((c == ' ' || c == '\t') && !ends_line(text, i + 1));
		size_t len = plain ? 1 : 3;
		if (column + len >= LINE_MOST) { /* the = that ends it takes one */
			fine = buffer_append_text(out, "=\r\n");
			column = 0;
		}
		column += len;
		fine = fine && (plain ? buffer_put_u8(out, c) : buffer_printf(out, "=%02X", c));
	}
	return fine;
}

bool multipart_put_coded(enum multipart_coding coding, struct bytes text, struct buffer *out)
{
	return coding == MULTIPART_BASE64   ? put_base64(text, out)
	       : coding == MULTIPART_QUOTED ? put_quoted(text, out)
					    : buffer_append_bytes(out, text);
}
