/* A body shown as what it is: its first bytes decide before its Content-Type does. Codings are undone first, within
 * 8 MiB; what is shown otherwise than received says so in a line of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/content/decode.h"
#include "shared/json/json_tokens.h"
#include "tui/bodies/doc_body_private.h"
#include "tui/documents/doc_make.h"

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
		return doc_under_note(note, doc_text(body, total));
	}
	/* It was broken a moment ago: without memory then, perhaps. */
	if (json_tokenize(body, true, &t, &e)) {
		json_tokens_free(&t);
		return NULL;
	}
	if (e.at >= body.len && total > body.len)
		return doc_under_note("JSON, cut: shown as received", doc_text(body, total));
	snprintf(note, sizeof note, "invalid JSON, line %zu column %zu: %s", e.line, e.column, e.what);
	struct doc *d = doc_under_note(note, doc_text_wrong(body, total, e.at));
	if (d)
		snprintf(d->about, sizeof d->about, "invalid JSON, line %zu column %zu", e.line, e.column);
	return d;
}

struct doc *doc_body_plain(struct bytes headers, struct bytes body, uint64_t total, int columns, int depth)
{
	struct bytes type = doc_media_type(headers);
	struct bytes begin = doc_begin(body);
	uint8_t first = begin.len ? *begin.at : 0;
	bool declared = doc_type_ends(type, "/json") || doc_type_ends(type, "+json"), text = doc_is_text(body);
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
		return doc_under_note(note, d);
	}
	doc_amount(size, total);
	if (doc_cut_note(cut, body.len, total))
		snprintf(note, sizeof note, "%s, %s received, %s, %s", codings, size, cut, how_decoded(r, true));
	else
		snprintf(note, sizeof note, "%s, %s received, %s", codings, size, how_decoded(r, false));
	struct bytes plain = buffer_view(&decoded);
	struct doc *d = doc_owning(doc_body_plain(headers, plain, plain.len, columns, 0), decoded);
	d = d ? doc_under_note(note, d) : NULL;
	if (d) {
		memcpy(about, d->about, sizeof about);
		snprintf(d->about, sizeof d->about, "%.40s, %.36s", about, codings);
	}
	return d;
}
