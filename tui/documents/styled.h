/* Lines put together from pieces with a role each, the bytes copied: header fields under their request line, tables,
 * help. A failure on the way is reported by styled_doc. Pure. */
#pragma once

#include "tui/documents/doc.h"

struct styled;

struct styled *styled_new(void); /* NULL when out of memory, which all others accept */
/* Adds a piece to the present line; at most 8. */
void styled_put(struct styled *s, enum role role, struct bytes text);
void styled_print(struct styled *s, enum role role, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A bar that lies, of so many eighths of a column, at most 64 columns. */
void styled_meter(struct styled *s, enum role role, unsigned eighths);
/* Blanks up to the column; one at least. */
void styled_to(struct styled *s, int column);
/* Ends the present line. `tag`: what the line stands for, to the caller. */
void styled_end(struct styled *s, int64_t tag);
/* A line of a name and a value, which are the line's path and value. */
void styled_field(struct styled *s, struct bytes name, const char *between, struct bytes value);
/* Makes the present line one of a name and a value: its first piece and piece `i`. */
void styled_value(struct styled *s, uint8_t i);
void styled_break(struct styled *s); /* an empty line */
/* Makes it a document, which takes it. NULL when out of memory, now or before. */
struct doc *styled_doc(struct styled *s);
/* The tag of a line of such a document; 0 after the end. */
int64_t styled_tag(struct doc *d, size_t line);
