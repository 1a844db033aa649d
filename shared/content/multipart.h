/* The parts of a multipart body (RFC 2046 §5.1), as they lie in it: the one reader of them, for what a body says, for
 * the inspector and for what takes secrets out. In a body that ends early the last part is open. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

#define MULTIPART_BOUNDARY_MOST 200 /* RFC 2046 §5.1.1 allows 70 */

struct multipart {
	struct bytes body;
	uint8_t boundary[MULTIPART_BOUNDARY_MOST + 2]; /* with its two - */
	size_t boundary_len;
	size_t preamble; /* bytes before the first part */
	size_t pos;      /* after the last boundary line, or at the end */
	bool over;       /* that was the closing one */
};

struct multipart_part {
	struct bytes headers; /* lines as they came: check headers_valid before they are walked */
	struct bytes body;
	bool open; /* the body ends before the part does */
};

/* By the boundary in the block's Content-Type. False when it is not multipart, or has no boundary or no part. */
bool multipart_open(struct bytes headers, struct bytes body, struct multipart *out);
/* The same by a boundary that is known otherwise, without its two -. */
bool multipart_open_by(struct bytes boundary, struct bytes body, struct multipart *out);
/* The next part; false after the last. */
bool multipart_next(struct multipart *m, struct multipart_part *out);

enum multipart_coding { MULTIPART_AS_IS, MULTIPART_BASE64, MULTIPART_QUOTED };

/* A part as it is meant: header fields that can be walked (lines may have ended in LF alone, or been folded; none where
 * they are not valid), and the body without its Content-Transfer-Encoding (base64, quoted-printable; RFC 2045 §6). The
 * views point into the part or into the buffers. */
struct multipart_content {
	struct bytes headers, body;
	enum multipart_coding coding; /* that was undone */
	struct buffer head, plain;
};

/* A body that is not in the coding it claims stays as it came. False when out of memory. Ends with
 * multipart_content_free in any case. */
MUST_CHECK bool multipart_read(const struct multipart_part *part, struct multipart_content *out);
void multipart_content_free(struct multipart_content *c);
/* The part's name as its Content-Disposition has it: `name`, or `name*` of RFC 8187, for which `memory` is used. Empty:
 * it has none. False when out of memory. */
MUST_CHECK bool multipart_name(struct bytes headers, struct buffer *memory, struct bytes *name);
/* Appends a text in a transfer coding, without a line end after the last line. False when out of memory. */
MUST_CHECK bool multipart_put_coded(enum multipart_coding coding, struct bytes text, struct buffer *out);
