/* XML and HTML laid out for reading: line breaks and indentation are put between tags, in the place of blanks that
 * stood there, and nothing else is changed; a text, a comment, an attribute stays as it was received, byte by byte.
 * Iterative and bounded in depth and in what it gives. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

#define MARKUP_DEPTH_MAX 512

struct markup_error {
	size_t at;           /* offset */
	size_t line, column; /* from 1; columns are characters */
	const char *what;    /* "the end tag is not that of the element" */
};

/* Appends it. XML has to be well-formed as far as its tags go; HTML is taken as it comes. False and *e: it is not, or
 * would take more than `most` bytes, or there is no memory (at the offset 0); *out is of no use after that. */
MUST_CHECK bool markup_lay_out(struct bytes in, bool html, size_t most, struct buffer *out, struct markup_error *e);
