/* A body shown as what it is: its first bytes decide before its Content-Type does. Codings are undone first, within
 * 8 MiB; what is shown otherwise than received says so in a line of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/http/decode.h"
#include "shared/http/headers.h"
#include "shared/json/json_tokens.h"
#include "shared/formats/markup.h"
#include "shared/base/text.h"
#include "tui/documents/doc_multipart.h"
#include "tui/documents/rows.h"

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

/* Without a byte order mark and blanks. */
static struct bytes begin_of(struct bytes body)
{
	size_t i = body.len >= 3 && memcmp(body.at, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	while (i < body.len && body.at[i] && strchr(" \t\r\n", body.at[i]))
		i++;
	return bytes_make(body.at + i, body.len - i);
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

/* ---- XML and HTML ---- */

#define MARKUP_GROWS ((size_t)4) /* times, by indentation */

enum markup { MARKUP_NONE, MARKUP_MAYBE, MARKUP_XML, MARKUP_HTML };

static bool begins_nocase(struct bytes b, const char *with)
{
	size_t len = strlen(with);
	return b.len >= len && bytes_equal_nocase(bytes_make(b.at, len), with);
}

/* What is said of it, then what it begins with; something with a tag may be XML. */
static enum markup markup_of(struct bytes type, struct bytes body)
{
	struct bytes from = begin_of(body);
	if (ends_with(type, "html"))
		return MARKUP_HTML;
	if (ends_with(type, "/xml") || ends_with(type, "+xml") || begins_nocase(from, "<?xml"))
		return MARKUP_XML;
	if (from.len == 0 || *from.at != '<')
		return MARKUP_NONE;
	return begins_nocase(from, "<!doctype html") || begins_nocase(from, "<html") ? MARKUP_HTML : MARKUP_MAYBE;
}

/* "text, 3 lines" with another first word. */
static struct doc *named_text(struct doc *d, const char *kind)
{
	char rest[80];
	if (!d)
		return NULL;
	memcpy(rest, d->about, sizeof rest);
	const char *comma = strchr(rest, ',');
	snprintf(d->about, sizeof d->about, "%s%.60s", kind, comma ? comma : "");
	return d;
}

/* As received, with the reason and the place. */
static struct doc *broken_markup(struct bytes body, uint64_t total, const char *kind, const struct markup_error *e)
{
	char note[128];
	if (e->at >= body.len && total > body.len) {
		snprintf(note, sizeof note, "%s, cut: shown as received", kind);
		return named_text(under_note(note, doc_text(body, total)), kind);
	}
	if (e->at == 0 || strncmp(kind, "XML", 3) != 0) {
		snprintf(note, sizeof note, "%s, shown as received: %s", kind, e->what);
		return named_text(under_note(note, doc_text(body, total)), kind);
	}
	snprintf(note, sizeof note, "invalid XML, line %zu column %zu: %s", e->line, e->column, e->what);
	struct doc *d = under_note(note, doc_text_wrong(body, total, e->at));
	if (d)
		snprintf(d->about, sizeof d->about, "invalid XML, line %zu column %zu", e->line, e->column);
	return d;
}

struct doc *doc_markup(struct bytes headers, struct bytes body, uint64_t total, bool forced)
{
	enum markup markup = markup_of(media_type(headers), body);
	const char *kind = markup == MARKUP_HTML ? "HTML" : "XML";
	struct markup_error e;
	struct buffer out = { 0 };
	char note[80], size[32], cut[80];
	if (markup == MARKUP_NONE || !doc_is_text(body))
		return NULL;
	if (body.len > DOC_PRETTY_MOST && !forced) {
		if (markup == MARKUP_MAYBE)
			return NULL;
		doc_amount(size, body.len);
		snprintf(note, sizeof note, "%s of %s: shown as received, p shows it pretty", kind, size);
		return named_text(under_note(note, doc_text(body, total)), kind);
	}
	if (!markup_lay_out(body, markup == MARKUP_HTML, MARKUP_GROWS * (body.len + DOC_LINE_MAX), &out, &e)) {
		buffer_free(&out);
		return markup == MARKUP_MAYBE ? NULL : broken_markup(body, total, kind, &e);
	}
	struct bytes shown = buffer_view(&out);
	struct doc *d = doc_owning(doc_text(shown, shown.len), out), *parts[2] = { d, NULL };
	if (d && doc_cut_note(cut, body.len, total)) {
		parts[1] = doc_note(cut);
		d = doc_join(parts, 2);
	}
	if (d)
		snprintf(d->about, sizeof d->about, "%s", kind);
	return d;
}

struct doc *doc_body_plain(struct bytes headers, struct bytes body, uint64_t total, int columns, int depth)
{
	struct bytes type = media_type(headers);
	struct bytes begin = begin_of(body);
	uint8_t first = begin.len ? *begin.at : 0;
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
	d = doc_markup(headers, body, total, false);
	return d ? d : doc_text(body, total);
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
