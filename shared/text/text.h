/* The gate between untrusted bytes and a terminal for line output (list, show on a terminal, status, errors).
 *
 * C0 and DEL become ^X, C1 <9b>, invalid UTF-8 <ff>, bidi and zero-width controls <202e>, private use and unassigned
 * U+FFFD (tui/DESIGN.md §3.11); LF and TAB pass only in TEXT_BODY. utf8proc knows the properties. Pure. */
#pragma once

#include "shared/base/buffer.h"

enum text_mode { TEXT_LINE, TEXT_BODY };

/* What stands at the beginning of untrusted text; text_sanitize and the inspector's cells are both made of these. */
enum text_kind {
	TEXT_PLAIN,   /* `code` may be shown, `width` columns wide */
	TEXT_MARK,    /* combines with the character before it */
	TEXT_ESCAPED, /* to be shown as `name` */
	TEXT_NEWLINE, /* both in TEXT_BODY only */
	TEXT_TAB,
	TEXT_DROPPED, /* not to be shown: a variation selector */
};
struct text_unit {
	enum text_kind kind;
	uint32_t code;
	size_t len; /* bytes of the input, at least 1 */
	int width;
	char name[12];
};
#define TEXT_NO_BASE 2 /* *marks at the beginning: a mark with nothing before it is escaped */
/* Takes what `in`, not empty, begins with; *marks counts those on the character before. */
struct text_unit text_next(struct bytes in, enum text_mode mode, int *marks);

MUST_CHECK bool text_sanitize(struct buffer *out, struct bytes in, enum text_mode mode);
/* The same gate for JSON text, which stays equal: what a terminal must not get becomes \uXXXX. */
MUST_CHECK bool text_guard_json(struct buffer *out, struct bytes json);
/* How many bytes at its beginning are below 0x80, eight at a step. */
size_t text_ascii_len(struct bytes in);
/* True when the bytes are UTF-8 (RFC 3629) throughout. */
bool text_is_utf8(struct bytes in);
/* At most the first `most` bytes, cut before a character that would be cut itself. */
struct bytes text_start(struct bytes in, size_t most);
/* Columns a sanitised string takes. */
size_t text_width(struct bytes in);
/* "2026-11-23T13:42:34.123456Z" (RFC 3339, UTC) into out. */
#define TEXT_TIME_LEN 40
void text_format_time(char out[TEXT_TIME_LEN], uint64_t at_us);
