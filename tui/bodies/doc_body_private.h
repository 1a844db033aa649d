/* What the kinds of bodies share with each other. Pure. */
#pragma once

#include "tui/bodies/doc_body.h"

#define DOC_PARTS_DEEP 4  /* multipart bodies within one another */
#define DOC_PARTS_MOST 64 /* parts of one body that are listed */

/* doc_body, `depth` multipart bodies deep. */
struct doc *doc_body_within(struct bytes headers, struct bytes body, uint64_t total, int columns, int depth);
/* A multipart body (RFC 2046 §5.1), decoded as `b` has it, each part shown as a body of its own below its header
 * fields. NULL as well when it is not multipart, or has no boundary or no part. */
struct doc *doc_multipart(struct body *b, uint64_t total, int columns, int depth);
/* Server-sent events, the data of each as JSON where it is that. */
struct doc *doc_events(struct bytes body, uint64_t total);
/* Protocol Buffers as a tree of numbered fields, or gRPC's frames of them; by Content-Type. NULL as well when it is not
 * that. `b` as doc_multipart has it. */
struct doc *doc_protobuf(struct body *b, uint64_t total);
/* An image drawn in cells. NULL as well when it cannot be drawn: *why then says why, or is NULL where creel draws none
 * of its kind. */
struct doc *doc_picture(struct bytes image, int columns, const char **why);
/* An image: its kind and size, a picture of it where it can be drawn, and its bytes in hexadecimal. NULL as well when
 * it is not an image. */
struct doc *doc_image(struct bytes body, uint64_t total, int columns);
/* A body that is one JSON Web Token. NULL as well when it is not one. */
struct doc *doc_jwt(struct bytes body);

/* The body without the byte order mark and blanks before it. */
struct bytes doc_begin(struct bytes body);
