/* Reads a request's head and its trailers out of libmicrohttpd as the sender sent them, or finds that the sender sent
 * something that MHD tolerates and that must be refused: obs-fold, bare LF, NUL bytes, blanks in the request line
 * (RFC 9112 §2.2, §3, §5). Loop thread. */
#pragma once

#include <microhttpd.h>

#include "shared/base/buffer.h"
#include "relay/common/http_rules.h"

/* `target` is the raw target, `target_in_place` the place in MHD's buffer where it stood. The fields are appended to
 * *block; *out points into it and into `method`, `version` and `target`, which must outlive it. */
enum refusal ingress_read_head(struct MHD_Connection *connection, const char *method, const char *version,
			       const char *target, const char *target_in_place, struct buffer *block,
			       struct http_head *out);

/* Appends the trailer fields of a chunked body to *block, once the body is whole. */
enum refusal ingress_read_trailers(struct MHD_Connection *connection, struct buffer *block);
