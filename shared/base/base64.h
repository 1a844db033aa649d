/* Base64 (RFC 4648 §4), as files of ours and HAR hold bytes that are no text. Pure. */
#pragma once

#include "shared/base/buffer.h"

/* Appends; with `columns` (a multiple of 4) each line ends in LF, the last one too; 0: one line without an end. */
MUST_CHECK bool base64_encode(struct buffer *out, struct bytes in, size_t columns);
/* Appends. Whole groups with their padding, nothing in between: false otherwise, or when out of memory. */
MUST_CHECK bool base64_decode(struct buffer *out, struct bytes in);
