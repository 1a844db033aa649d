/* XML and HTML laid out, a tag a line. */
#include <stdio.h>
#include <string.h>

#include "shared/syntax/markup.h"
#include "shared/content/media_type.h"
#include "tui/bodies/doc_body_private.h"
#include "tui/documents/doc_make.h"

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
	struct bytes from = doc_begin(body);
	if (media_type_ends(type, "html"))
		return MARKUP_HTML;
	if (media_type_ends(type, "/xml") || media_type_ends(type, "+xml") || begins_nocase(from, "<?xml"))
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
		return named_text(doc_under_note(note, doc_text(body, total)), kind);
	}
	if (e->at == 0 || strncmp(kind, "XML", 3) != 0) {
		snprintf(note, sizeof note, "%s, shown as received: %s", kind, e->what);
		return named_text(doc_under_note(note, doc_text(body, total)), kind);
	}
	snprintf(note, sizeof note, "invalid XML, line %zu column %zu: %s", e->line, e->column, e->what);
	struct doc *d = doc_under_note(note, doc_text_wrong(body, total, e->at));
	if (d)
		snprintf(d->about, sizeof d->about, "invalid XML, line %zu column %zu", e->line, e->column);
	return d;
}

struct doc *doc_markup(struct bytes headers, struct bytes body, uint64_t total, bool forced)
{
	enum markup markup = markup_of(media_type_of(headers), body);
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
		return named_text(doc_under_note(note, doc_text(body, total)), kind);
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
