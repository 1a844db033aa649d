/* A request as text to be edited: request line, header fields, a blank line, the body (tui/DESIGN.md §3.9). Lines of
 * the head end in LF; the body is as it is, byte for byte, or `< NAME` for one that lies in a file beside it. What was
 * written is read back as the same bytes. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/base/error.h"

#define HTTP_TEXT_INLINE_MAX (1u << 20)

struct http_text {
	struct bytes method, target;
	struct bytes headers;   /* shared/http/headers.h block */
	struct bytes body;      /* empty where body_file is not */
	struct bytes body_file; /* its name, or empty */
};

/* Whether a body is better off in a file: not text or with control characters (an editor may hand them to its terminal
 * as they are), long, or it begins as a reference to one does. */
bool http_text_wants_file(struct bytes body);
/* The text without leading lines that begin with #, which editors of .http files take for comments; `creel export`
 * writes some. */
struct bytes http_text_skip_comments(struct bytes text);
MUST_CHECK bool http_text_write(struct buffer *out, const struct http_text *t);
/* Views into `text` and, for the fields, into `headers`, to which they are appended. CR LF is taken as well. False and
 * *e (EXIT_USAGE): "line 3: …"; *line, if not NULL, is its number. */
MUST_CHECK bool http_text_read(struct bytes text, struct http_text *out, struct buffer *headers, int *line,
			       struct error *e);
/* The same, but what follows the head is the body whatever it begins with: for texts no editor had. */
MUST_CHECK bool http_text_read_whole(struct bytes text, struct http_text *out, struct buffer *headers, struct error *e);
/* `after` without the newline that editors put at a file's end, where `before` had none. */
struct bytes http_text_unended(struct bytes before, struct bytes after);
/* Appends the block with every Content-Length saying body_len; one is added where there is none and a body is. */
MUST_CHECK bool http_text_fix_length(struct buffer *out, struct bytes headers, size_t body_len);
