/* A body shown as what it is: its first bytes decide before its Content-Type does. Codings are undone first, within
 * 8 MiB; what is shown otherwise than received says so in a line of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/decode.h"
#include "shared/headers.h"
#include "shared/json_tokens.h"
#include "shared/text.h"
#include "tui/doc_multipart.h"
#include "tui/doc_rows.h"

#define LOOK_AT ((size_t)64 << 10)

/* Valid UTF-8 with few exceptions, so that Latin-1 is read as well; a cut character at the end of the look is one. */
bool doc_is_text(struct bytes body)
{
	size_t odd = 0, len = body.len < LOOK_AT ? body.len : LOOK_AT;
	for (size_t i = 0; i < len;) {
		uint8_t c = body.at[i];
		size_t n = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
		if (c == 0)
			return false;
		if (c >= 0x80 && !text_is_utf8(bytes_make(body.at + i, n < body.len - i ? n : body.len - i))) {
			odd++;
			n = 1;
		} else if ((c < 0x20 && !strchr("\t\n\r\f\x1b", c)) || c == 0x7f) {
			odd++;
		}
		i += n;
	}
	return odd * 10 <= len;
}

static struct bytes media_type(struct bytes headers)
{
	struct bytes type = { 0 };
	if (!headers_find(headers, "content-type", &type))
		return type;
	const uint8_t *end = memchr(type.at, ';', type.len);
	if (end)
		type.len = (size_t)(end - type.at);
	while (type.len && (type.at[type.len - 1] == ' ' || type.at[type.len - 1] == '\t'))
		type.len--;
	return type;
}

static bool ends_with(struct bytes b, const char *end)
{
	size_t len = strlen(end);
	return b.len >= len && bytes_equal_nocase(bytes_make(b.at + b.len - len, len), end);
}

static uint8_t first_byte(struct bytes body)
{
	size_t i = body.len >= 3 && memcmp(body.at, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	while (i < body.len && body.at[i] && strchr(" \t\r\n", body.at[i]))
		i++;
	return i < body.len ? body.at[i] : 0;
}

static struct doc *under_note(const char *note, struct doc *d)
{
	struct doc *parts[] = { doc_note(note), d };
	return doc_join(parts, 2);
}

/* Text of what should be JSON: says what is wrong with it and marks the place. */
static struct doc *broken_json(struct bytes body, uint64_t total)
{
	struct json_tokens t;
	struct json_error e;
	char note[80];
	if (body.len > DOC_PRETTY_MOST) {
		char size[32];
		doc_amount(size, body.len);
		snprintf(note, sizeof note, "JSON of %s: shown as received, p shows it pretty", size);
		return under_note(note, doc_text(body, total));
	}
	/* It was broken a moment ago: without memory then, perhaps. */
	if (json_tokenize(body, true, &t, &e)) {
		json_tokens_free(&t);
		return NULL;
	}
	if (e.at >= body.len && total > body.len)
		return under_note("JSON, cut: shown as received", doc_text(body, total));
	snprintf(note, sizeof note, "invalid JSON, line %zu column %zu: %s", e.line, e.column, e.what);
	struct doc *d = under_note(note, doc_text_wrong(body, total, e.at));
	if (d)
		snprintf(d->about, sizeof d->about, "invalid JSON, line %zu column %zu", e.line, e.column);
	return d;
}

static void name_text(struct doc *d, struct bytes type, struct bytes body)
{
	const char *kind = ends_with(type, "html")                                                    ? "HTML"
			   : ends_with(type, "xml") || (body.len > 5 && !memcmp(body.at, "<?xml", 5)) ? "XML"
												      : NULL;
	char rest[sizeof d->about];
	if (!d || !kind)
		return;
	memcpy(rest, d->about, sizeof rest);
	/* "text, 3 lines" with another first word. */
	const char *comma = strchr(rest, ',');
	snprintf(d->about, sizeof d->about, "%s%.60s", kind, comma ? comma : "");
}

struct doc *doc_body_plain(struct bytes headers, struct bytes body, uint64_t total, int columns, int depth)
{
	struct bytes type = media_type(headers);
	uint8_t first = first_byte(body);
	bool declared = ends_with(type, "/json") || ends_with(type, "+json"), text = doc_is_text(body);
	struct doc *d;
	if (body.len == 0) {
		char note[80] = "no body";
		doc_cut_note(note, 0, total);
		return doc_note(note);
	}
	if (declared || first == '{' || first == '[') {
		d = body.len <= DOC_PRETTY_MOST ? doc_json(body, total) : NULL;
		if (d)
			return d;
		if (text && (declared || first == '{'))
			return broken_json(body, total);
	}
	if (depth < DOC_PARTS_DEEP && (d = doc_multipart(headers, body, total, columns, depth)))
		return d;
	if (text && bytes_equal_nocase(type, "application/x-www-form-urlencoded"))
		return doc_form(body, total);
	if (!text)
		return doc_hex(body, total, columns);
	d = doc_text(body, total);
	name_text(d, type, body);
	return d;
}

static const char *how_decoded(enum decode_result r, bool cut)
{
	return r == DECODE_CUT               ? "the first 8 MiB shown decoded"
	       : r == DECODE_DAMAGED && !cut ? "damaged: shown as far as it could be decoded"
	       : r == DECODE_DAMAGED         ? "cut: shown as far as it could be decoded"
					     : "shown decoded";
}

struct doc *doc_body(struct bytes headers, struct bytes body, uint64_t total, int columns)
{
	struct buffer decoded = { 0 };
	char codings[64], note[256], size[32], cut[80] = "", about[80];
	enum decode_result r = decode_body(headers, body, &decoded, codings);
	if (r == DECODE_NO_MEMORY)
		return NULL;
	if (r == DECODE_NONE) {
		struct doc *d = doc_body_plain(headers, body, total, columns, 0);
		if (!*codings || doc_is_text(body))
			return d;
		snprintf(note, sizeof note, "Content-Encoding %s could not be undone: shown as received", codings);
		return under_note(note, d);
	}
	doc_amount(size, total);
	if (doc_cut_note(cut, body.len, total))
		snprintf(note, sizeof note, "%s, %s received, %s, %s", codings, size, cut, how_decoded(r, true));
	else
		snprintf(note, sizeof note, "%s, %s received, %s", codings, size, how_decoded(r, false));
	struct bytes plain = buffer_view(&decoded);
	struct doc *d = doc_owning(doc_body_plain(headers, plain, plain.len, columns, 0), decoded);
	d = d ? under_note(note, d) : NULL;
	if (d) {
		memcpy(about, d->about, sizeof about);
		snprintf(d->about, sizeof d->about, "%.40s, %.36s", about, codings);
	}
	return d;
}
