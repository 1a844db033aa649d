/* Lines put together from pieces with a role each, the bytes copied: header fields under their request line, tables,
 * help. Built piece by piece; a failure on the way shows at the end. Pure. */
#pragma once

#include "tui/documents/doc.h"

struct styled;

struct styled *styled_new(void); /* NULL when out of memory: the others take that */
/* To the present line; at most 8 pieces. */
void styled_put(struct styled *s, enum role role, struct bytes text);
void styled_print(struct styled *s, enum role role, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Blanks up to the column; one at least. */
void styled_to(struct styled *s, int column);
/* Ends it. The tag is whatever the line stands for. */
void styled_end(struct styled *s, int64_t tag);
/* A line of a name and a value, which are the line's path and value. */
void styled_field(struct styled *s, struct bytes name, const char *between, struct bytes value);
/* The present line is such a one: its first piece is the name, piece `i` the value. */
void styled_value(struct styled *s, uint8_t i);
void styled_break(struct styled *s); /* an empty line */
/* Takes it over; NULL when out of memory, now or before. */
struct doc *styled_doc(struct styled *s);
/* Of a line of such a document; 0 past the end. */
int64_t styled_tag(struct doc *d, size_t line);
