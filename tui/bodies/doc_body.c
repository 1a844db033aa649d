/* A body shown as what it is: its first bytes decide before its Content-Type does. Codings and charsets are undone
 * first, within 8 MiB; what is shown otherwise than received says so in a line of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/content/media_type.h"
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

/* `total` of b->text. */
static struct doc *plain_body(struct body *b, uint64_t total, int columns, int depth)
{
	struct bytes body = body_text(b), type = media_type_of(b->headers);
	struct bytes begin = doc_begin(body);
	uint8_t first = begin.len ? *begin.at : 0;
	bool declared = media_type_ends(type, "/json") || media_type_ends(type, "+json"), text = doc_is_text(body);
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
	if (depth < DOC_PARTS_DEEP && (d = doc_multipart(b, total, columns, depth)))
		return d;
	if (text && bytes_equal_nocase(type, "application/x-www-form-urlencoded"))
		return doc_form(b, total);
	if (text && bytes_equal_nocase(type, "text/event-stream"))
		return doc_events(body, total);
	if ((d = doc_protobuf(b, total)) || (text && (d = doc_jwt(begin))))
		return d;
	if (!text) {
		d = doc_image(body, total, columns);
		return d ? d : doc_hex(body, total, columns);
	}
	d = doc_markup(b->headers, body, total, false);
	return d ? d : doc_text(body, total);
}

static const char *how_decoded(enum decode_result r, bool cut)
{
	return r == DECODE_CUT               ? "the first 8 MiB shown decoded"
	       : r == DECODE_DAMAGED && !cut ? "damaged: shown as far as it could be decoded"
	       : r == DECODE_DAMAGED         ? "cut: shown as far as it could be decoded"
	       : r == DECODE_NONE            ? "shown in UTF-8"
					     : "shown decoded";
}

static struct doc *shown_undone(struct body *b, uint64_t total, int columns, int depth)
{
	char undone[BODY_UNDONE_LEN], note[300], size[32], cut[80] = "", about[80];
	bool is_cut = doc_cut_note(cut, b->received.len, total);
	body_say_undone(b, undone);
	doc_amount(size, total);
	snprintf(note, sizeof note, "%s, %s received, %s%s%s", undone, size, cut, is_cut ? ", " : "",
		 how_decoded(b->decoded, is_cut));
	struct doc *d = plain_body(b, b->text.len, columns, depth);
	d = doc_owning(d, body_take(b));
	d = d ? doc_under_note(note, d) : NULL;
	if (d) {
		memcpy(about, d->about, sizeof about);
		snprintf(d->about, sizeof d->about, "%.40s, %.36s", about, undone);
	}
	return d;
}

struct doc *doc_body_within(struct bytes headers, struct bytes body, uint64_t total, int columns, int depth)
{
	struct body b;
	struct doc *d;
	char note[160];
	body_open(&b, headers, body, BODY_MOST);
	(void)body_text(&b);
	if (b.no_memory) {
		d = NULL;
	} else if (b.decoded != DECODE_NONE || *b.charset) {
		d = shown_undone(&b, total, columns, depth);
	} else {
		/* Without its byte order mark, which counts among what was received all the same. */
		d = plain_body(&b, total - (body.len - b.text.len), columns, depth);
		snprintf(note, sizeof note, "Content-Encoding %s could not be undone: shown as received", b.codings);
		if (*b.codings && !doc_is_text(body))
			d = doc_under_note(note, d);
	}
	body_free(&b);
	return d;
}

struct doc *doc_body(struct bytes headers, struct bytes body, uint64_t total, int columns)
{
	return doc_body_within(headers, body, total, columns, 0);
}
