/* base64 of a text or of gzip, which stays base64. */
#include "shared/redact/redact_private.h"

#include <ctype.h>
#include <string.h>

#include "shared/text/base64.h"
#include "shared/text/text.h"

/* base64 or base64url, with its padding or without: *url_safe, *padded say how. */
static bool is_base64(struct bytes b, bool *url_safe, bool *padded)
{
	size_t pads = 0;
	bool standard = false;
	*url_safe = false;
	while (pads < 2 && pads < b.len && b.at[b.len - 1 - pads] == '=')
		pads++;
	for (size_t i = 0; i + pads < b.len; i++) {
		uint8_t c = b.at[i];
		standard = standard || c == '+' || c == '/';
		*url_safe = *url_safe || c == '-' || c == '_';
		if (c >= 0x80 || !(isalnum(c) || (c && strchr("+/-_", c))))
			return false;
	}
	*padded = pads > 0 || b.len % 4 == 0;
	return !(standard && *url_safe) && (b.len - pads) % 4 != 1 && (pads == 0 || b.len % 4 == 0);
}

static bool decode_base64(struct bytes b, bool url_safe, struct buffer *plain)
{
	struct buffer text = { 0 };
	bool fine = buffer_append_bytes(&text, b);
	for (size_t i = 0; url_safe && fine && i < text.len; i++)
		text.at[i] = text.at[i] == '-' ? '+' : text.at[i] == '_' ? '/' : text.at[i];
	while (fine && text.len % 4)
		fine = buffer_put_u8(&text, '=');
	fine = fine && base64_decode(plain, buffer_view(&text));
	buffer_free(&text);
	return fine;
}

static bool encode_base64(struct bytes plain, bool url_safe, bool padded, struct buffer *out)
{
	size_t start = out->len;
	if (!base64_encode(out, plain, 0))
		return false;
	for (size_t i = start; url_safe && i < out->len; i++)
		out->at[i] = out->at[i] == '+' ? '-' : out->at[i] == '/' ? '_' : out->at[i];
	while (!padded && out->len > start && out->at[out->len - 1] == '=')
		out->len--;
	return true;
}

static bool is_plain_text(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.at[i] < 0x20 && b.at[i] != '\n' && b.at[i] != '\r' && b.at[i] != '\t')
			return false;
	return text_is_utf8(b);
}

bool redact_base64(struct redaction *r, struct bytes value, unsigned depth, struct buffer *out, bool *done)
{
	struct buffer plain = { 0 }, inner = { 0 };
	bool url_safe, padded, replaced, fine = true;
	size_t before = r->total;
	*done = false;
	if (value.len < REDACT_BASE64_MIN || !is_base64(value, &url_safe, &padded) ||
	    !decode_base64(value, url_safe, &plain))
		goto out;
	bool is_gzip = plain.len > 18 && plain.at[0] == 0x1f && plain.at[1] == 0x8b && plain.at[2] == 8;
	if (!is_gzip && !is_plain_text(buffer_view(&plain)))
		goto out;
	fine = r->within->content(r, bytes_of(""), buffer_view(&plain), depth + 1, &inner, &replaced);
	*done = fine && r->total > before;
	if (*done)
		fine = encode_base64(buffer_view(&inner), url_safe, padded, out);
out:
	buffer_free(&plain);
	buffer_free(&inner);
	return fine;
}
