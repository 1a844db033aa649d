/* Bytes as recorded: offset, hexadecimal, text. 8 bytes a line take 45 columns, 16 take 77, 32 take 141. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/bodies/doc_body.h"
#include "tui/documents/doc_make.h"
#include "tui/documents/rows.h"

struct hex_doc {
	struct doc doc;
	struct bytes body;
	char cut[80];
	size_t width; /* bytes a line */
};

#define HEX_AT 11 /* "00000000 | " */

static size_t rows_of(const struct hex_doc *d)
{
	return (d->body.len + d->width - 1) / d->width;
}

static size_t hex_count(struct doc *doc)
{
	struct hex_doc *d = (struct hex_doc *)doc;
	return rows_of(d) + (*d->cut != 0);
}

/* Cells of printable ASCII of our own, written one at a time. */
struct sink {
	struct cell *out;
	size_t n, most;
};

static void put(struct sink *s, char c, enum role role)
{
	if (s->n < s->most)
		s->out[s->n++] = (struct cell){ .base = (uint8_t)c, .width = 1, .role = (uint8_t)role };
}

static void put_text(struct sink *s, const char *text, enum role role)
{
	while (*text)
		put(s, *text++, role);
}

static size_t hex_line(struct doc *doc, size_t i, struct cell *out, size_t most)
{
	static const char digits[] = "0123456789abcdef";
	struct hex_doc *d = (struct hex_doc *)doc;
	struct sink s = { out, 0, most };
	char offset[24];
	if (i >= rows_of(d))
		return *d->cut && i == rows_of(d) ? doc_own_words(d->cut, out, most) : 0;
	size_t at = i * d->width, len = d->body.len - at < d->width ? d->body.len - at : d->width;
	snprintf(offset, sizeof offset, "%08zx", at);
	put_text(&s, offset, ROLE_DIM);
	put_text(&s, " | ", ROLE_DIM);
	for (size_t k = 0; k < d->width; k++) {
		uint8_t c = k < len ? d->body.at[at + k] : 0;
		if (k)
			put(&s, ' ', ROLE_NORMAL);
		put(&s, k < len ? digits[c >> 4] : ' ', ROLE_NORMAL);
		put(&s, k < len ? digits[c & 15] : ' ', ROLE_NORMAL);
	}
	put_text(&s, " | ", ROLE_DIM);
	for (size_t k = 0; k < len; k++) {
		uint8_t c = d->body.at[at + k];
		bool plain = c >= 0x20 && c < 0x7f;
		put(&s, plain ? (char)c : '.', plain ? ROLE_NORMAL : ROLE_DIM);
	}
	return s.n;
}

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "hex:de ad" to bytes; false when it is not that, or has half a byte. */
static bool parse_hex(struct bytes needle, struct buffer *out)
{
	int high = -1;
	if (needle.len < 4 || !bytes_equal_nocase(bytes_make(needle.at, 4), "hex:"))
		return false;
	for (size_t i = 4; i < needle.len; i++) {
		int digit = digit_of(needle.at[i]);
		if (needle.at[i] == ' ' && high < 0)
			continue;
		if (digit < 0)
			return false;
		if (high >= 0 && !buffer_put_u8(out, (uint8_t)(high << 4 | digit)))
			return false;
		high = high >= 0 ? -1 : digit;
	}
	return high < 0 && out->len > 0;
}

/* Letters of either case only when text is looked for. */
static size_t search(const struct hex_doc *d, struct bytes needle, bool exact, bool backwards, size_t from)
{
	size_t hit = backwards ? doc_search_back(d->body, needle, from) : doc_search(d->body, needle, from);
	while (exact && hit != SIZE_MAX && memcmp(d->body.at + hit, needle.at, needle.len) != 0)
		hit = backwards ? doc_search_back(d->body, needle, hit) : doc_search(d->body, needle, hit + 1);
	return hit;
}

static size_t start_of(const struct hex_doc *d, struct doc_place from, bool backwards)
{
	size_t at = from.line * d->width;
	if (from.line >= rows_of(d))
		return backwards ? SIZE_MAX : d->body.len;
	if (from.column < HEX_AT)
		return backwards || from.column < 0 ? at : from.column == 0 ? at : at + 1;
	size_t byte = (size_t)(from.column - HEX_AT) / 3;
	byte = byte < d->width ? byte : d->width;
	return at + byte + !backwards;
}

static bool hex_find(struct doc *doc, struct doc_place from, bool backwards, struct bytes needle, struct doc_place *out)
{
	struct hex_doc *d = (struct hex_doc *)doc;
	struct buffer parsed = { 0 };
	bool exact = parse_hex(needle, &parsed);
	if (exact)
		needle = buffer_view(&parsed);
	size_t hit = search(d, needle, exact, backwards, start_of(d, from, backwards));
	if (hit == SIZE_MAX && from.columns != DOC_NO_WRAP)
		hit = search(d, needle, exact, backwards, backwards ? SIZE_MAX : 0);
	if (hit != SIZE_MAX) {
		size_t byte = hit % d->width, len = d->width - byte < needle.len ? d->width - byte : needle.len;
		*out = (struct doc_place){ hit / d->width, HEX_AT + (int)byte * 3, (int)len * 3 - 1 };
	}
	buffer_free(&parsed);
	return hit != SIZE_MAX;
}

/* The line's bytes in hexadecimal, or the offset. */
static bool hex_value(struct doc *doc, size_t i, bool path, struct buffer *out)
{
	struct hex_doc *d = (struct hex_doc *)doc;
	if (i >= rows_of(d))
		return false;
	size_t at = i * d->width;
	if (path)
		return buffer_printf(out, "0x%zx", at);
	for (size_t k = at; k < at + d->width && k < d->body.len; k++)
		if (!buffer_printf(out, "%s%02x", k > at ? " " : "", d->body.at[k]))
			return false;
	return true;
}

static void hex_free(struct doc *doc)
{
	free(doc);
}

static const struct doc_ops hex_ops = { hex_count,           hex_line,  doc_fold_nothing, hex_find,
					doc_partner_nothing, hex_value, hex_free };

int doc_hex_bytes(int columns)
{
	/* 13 columns and 4 a byte; below 45 the text of 8 would be off the screen. */
	return columns < 45 ? 4 : columns < 78 ? 8 : columns < 144 ? 16 : 32;
}

struct doc *doc_hex(struct bytes body, uint64_t total, int columns)
{
	struct hex_doc *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	*d = (struct hex_doc){ .doc = { .ops = &hex_ops }, .body = body, .width = (size_t)doc_hex_bytes(columns) };
	doc_cut_note(d->cut, body.len, total);
	snprintf(d->doc.about, sizeof d->doc.about, "hex, %zu byte%s", body.len, body.len == 1 ? "" : "s");
	return &d->doc;
}
