/* Bodies as documents, each kind laid out in its own way. `body` is borrowed for the document's life. `total` is the
 * size of what was received: when that is more than body.len, the last line says so. NULL when out of memory. Pure. */
#pragma once

#include "shared/content/body.h"
#include "tui/documents/doc.h"
#include "tui/documents/styled.h"

#define DOC_PRETTY_MOST ((size_t)8 << 20) /* bytes; a longer body is laid out only when that is asked for */

/* A body as what it is: by its first bytes, then by its Content-Type. Its content coding and its charset are undone
 * first (shared/content/body.h), under a note that says so. */
struct doc *doc_body(struct bytes headers, struct bytes body, uint64_t total, int columns);
struct doc *doc_json(struct bytes body, uint64_t total);
/* The same; NULL as well when it is not JSON: *why, if not NULL, says where. */
struct doc *doc_json_or(struct bytes body, uint64_t total, char why[80]);
struct doc *doc_text(struct bytes body, uint64_t total);
/* A text with the character at byte `wrong_at` shown as wrong; SIZE_MAX for none. */
struct doc *doc_text_wrong(struct bytes body, uint64_t total, size_t wrong_at);
/* A form as decoded pairs: of b->text. It borrows nothing of `b`. */
struct doc *doc_form(struct body *b, uint64_t total);
/* XML or HTML; `forced`: however long it is. NULL as well when it is neither. */
struct doc *doc_markup(struct bytes headers, struct bytes body, uint64_t total, bool forced);
/* Bytes in hexadecimal, doc_hex_bytes of them on a line: 16, 8 below 78 columns, 4 below 45, 32 from 144 on. */
struct doc *doc_hex(struct bytes body, uint64_t total, int columns);
int doc_hex_bytes(int columns);

/* Whether a body is for reading: no NUL, hardly a control character, hardly a byte that is not UTF-8. */
bool doc_is_text(struct bytes body);
/* Adds what a JSON Web Token says, under a line that names what it is `of`. False, and nothing added, when it is not
 * one. */
bool doc_jwt_put(struct styled *s, const char *of, struct bytes text);
