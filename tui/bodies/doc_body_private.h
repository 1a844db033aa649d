/* What the kinds of bodies share with each other. Pure. */
#pragma once

#include "tui/bodies/doc_body.h"

#define DOC_PARTS_DEEP 4  /* multipart bodies within one another */
#define DOC_PARTS_MOST 64 /* parts of one body that are listed */

/* doc_body for a body whose Content-Encoding was undone already, `depth` multipart bodies deep. */
struct doc *doc_body_plain(struct bytes headers, struct bytes body, uint64_t total, int columns, int depth);
/* A multipart body (RFC 2046 §5.1), each part shown as a body of its own below its header fields. NULL as well when it
 * is not multipart, or has no boundary or no part. */
struct doc *doc_multipart(struct bytes headers, struct bytes body, uint64_t total, int columns, int depth);

/* The Content-Type without its parameters; empty when there is none. */
struct bytes doc_media_type(struct bytes headers);
/* Whether a media type ends so, in upper or lower case: "/json", "+json". */
bool doc_type_ends(struct bytes type, const char *end);
/* The body without the byte order mark and blanks before it. */
struct bytes doc_begin(struct bytes body);
