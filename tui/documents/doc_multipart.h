/* Bodies of several parts (RFC 2046 §5.1), each shown as a body of its own below its header fields. */
#pragma once

#include "tui/documents/doc.h"

#define DOC_PARTS_DEEP 4  /* parts within parts */
#define DOC_PARTS_MOST 64 /* of one body that are listed */

/* NULL when it is not multipart, has no boundary or no part, or when out of memory. */
struct doc *doc_multipart(struct bytes headers, struct bytes body, uint64_t total, int columns, int depth);

/* doc_body without undoing codings. */
struct doc *doc_body_plain(struct bytes headers, struct bytes body, uint64_t total, int columns, int depth);
