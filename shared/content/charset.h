/* Character sets other than UTF-8, by iconv: ISO-8859-1, Windows-1252, Shift_JIS, UTF-16 and what else it knows. Names
 * are read by the WHATWG's Encoding Standard where a name is commonly used for its superset: ISO-8859-1 is
 * Windows-1252, Shift_JIS is Windows-31J, GB2312 is GB18030. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

#define CHARSET_NAME_LEN 40

struct charset {
	char name[CHARSET_NAME_LEN];  /* as iconv is asked for it; empty: UTF-8, or nothing is known */
	char label[CHARSET_NAME_LEN]; /* as the sender calls it, for people */
	size_t mark;                  /* bytes of the byte order mark */
};

/* Finds out a text's charset: by a byte order mark, then by the charset parameter of a Content-Type (may be empty),
 * then by the zeros of a UTF-16 or UTF-32 text that begins with a letter of ASCII and is text as far as it is looked at
 * (binary numbers have such zeros as well), then by XML's own declaration; and
 * text/... to which none of this applies, and that is not UTF-8, is Windows-1252. A text called UTF-16 that begins as
 * JSON or XML in single bytes, without a zero, is not UTF-16. */
struct charset charset_of(struct bytes content_type, struct bytes text);
/* Turns a charset's name as somebody wrote it into the one that iconv knows; empty for UTF-8 and for what cannot be a
 * name. */
void charset_named(struct bytes name, char out[CHARSET_NAME_LEN]);
/* Appends the text as UTF-8, at most `most` bytes: what cannot be read becomes U+FFFD. *unknown: iconv does not know
 * the name, and nothing is appended. False when out of memory. */
MUST_CHECK bool charset_to_utf8(const char *name, struct bytes text, size_t most, struct buffer *out, bool *unknown);
/* Appends UTF-8 in that charset. *exact: all of it could be written, and iconv knows the name. False when out of
 * memory. */
MUST_CHECK bool charset_from_utf8(const char *name, struct bytes text, struct buffer *out, bool *exact);
/* How many bytes a character takes at least: 2 in UTF-16, 4 in UTF-32. */
size_t charset_unit(const char *name);
