/* A multipart body for reading: its parts one below the other, their fields as lines, JSON laid out where that is
 * wanted, text decoded and in UTF-8, and for pictures and other binary data only their size. Made safe for a terminal.
 * Pure; any thread. */
#pragma once

#include "shared/content/body.h"

/* Appends it. *left_out: bytes of some part are not in it. False: out of memory, or it is not multipart; `out` is then
 * as it was. */
MUST_CHECK bool readable_put_parts(struct body *b, bool pretty, struct buffer *out, bool *left_out);
/* Appends "29 bytes of image/png", or "… that are not text" where no type is named. False when out of memory. */
MUST_CHECK bool readable_put_amount(struct bytes headers, uint64_t bytes, struct buffer *out);
