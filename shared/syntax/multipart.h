/* Writing multipart/form-data (RFC 7578), where a file lists the parts of a body instead of its bytes. Pure; any
 * thread. */
#pragma once

#include "shared/base/buffer.h"

struct multipart_part {
	struct bytes name, value;
	struct bytes file_name; /* empty: it is not a file */
	struct bytes type;      /* its Content-Type, or empty */
};

/* Appends one part. False when out of memory. */
MUST_CHECK bool multipart_put(struct buffer *out, struct bytes boundary, const struct multipart_part *part);
MUST_CHECK bool multipart_end(struct buffer *out, struct bytes boundary);
/* Whether a name can stand in its quotes: without ", line breaks and NUL, which clients escape in different ways. */
bool multipart_can_name(struct bytes name);
/* The boundary that a Content-Type names; false when it names none. A view. */
bool multipart_boundary(struct bytes content_type, struct bytes *boundary);
/* Appends a boundary made of the parts' digest, so that the same parts have the same one. */
MUST_CHECK bool multipart_make_boundary(struct buffer *out, struct bytes digested);
