/* Base64 (RFC 4648 §4): how our own files and HAR hold bytes that are not text. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

/* Appends. With `columns` (a multiple of 4) each line ends in LF, the last one too; with 0 it is one line without an
 * end. False when out of memory. */
MUST_CHECK bool base64_encode(struct buffer *out, struct bytes in, size_t columns);
/* Appends. Whole groups with their padding and nothing between them: no two texts give the same bytes. False otherwise,
 * or when out of memory. */
MUST_CHECK bool base64_decode(struct buffer *out, struct bytes in);
/* The same as others write it: with or without padding, in the alphabet for URLs (§5) too. */
MUST_CHECK bool base64_decode_loose(struct buffer *out, struct bytes in);
