/* The gate between untrusted bytes and a terminal for line output (list, show on a terminal, status, errors).
 *
 * C0 and DEL become ^X, C1 <9b>, invalid UTF-8 <ff>, bidi and zero-width controls <202e>, private use and unassigned
 * U+FFFD (TUI.md §3.11); LF and TAB pass only in TEXT_BODY. utf8proc knows the properties. Pure. */
#pragma once

#include "shared/bytes.h"

enum text_mode { TEXT_LINE, TEXT_BODY };

MUST_CHECK bool text_sanitize(struct buffer *out, struct bytes in, enum text_mode mode);
/* True when the bytes are UTF-8 (RFC 3629) throughout. */
bool text_is_utf8(struct bytes in);
/* Columns a sanitised string takes. */
size_t text_width(struct bytes in);
/* "2026-11-23T13:42:34.123456Z" (RFC 3339, UTC) into out. */
#define TEXT_TIME_LEN 40
void text_format_time(char out[TEXT_TIME_LEN], uint64_t at_us);
