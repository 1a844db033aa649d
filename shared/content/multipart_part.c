/* What a part of a multipart body says once it is unpacked (shared/content/multipart.h). */
#include <string.h>

#include "shared/content/multipart.h"
#include "shared/http/headers.h"
#include "shared/text/base64.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Lines that end in LF alone get the CR that the walk over header fields wants. */
static bool put_head(struct bytes head, struct buffer *out)
{
	for (size_t i = 0; i < head.len; i++) {
		bool bare = head.at[i] == '\n' && (i == 0 || head.at[i - 1] != '\r');
		if ((bare && !buffer_put_u8(out, '\r')) || !buffer_put_u8(out, head.at[i]))
			return false;
	}
	return true;
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
		if (!put_head(part->headers, &out->head))
			return false;
		out->headers = headers_valid(buffer_view(&out->head)) ? buffer_view(&out->head) : bytes_of(NULL);
	}
	if (!headers_find(out->headers, "Content-Transfer-Encoding", &coding))
		return true;
	bool undone = bytes_equal_nocase(coding, "base64")             ? undo_base64(part->body, &out->plain)
		      : bytes_equal_nocase(coding, "quoted-printable") ? undo_quoted(part->body, &out->plain)
								       : false;
	if (undone)
		out->body = out->plain.len ? buffer_view(&out->plain) : bytes_of("");
	return true;
}

void multipart_content_free(struct multipart_content *c)
{
	buffer_free(&c->head);
	buffer_free(&c->plain);
}
