/* Reads a request's head and its trailers out of libmicrohttpd as the sender sent them, or finds that MHD smoothed
 * something over that must be refused (obs-fold, bare LF, NUL bytes, blanks in the request line). */
#pragma once

#include <microhttpd.h>

#include "shared/base/buffer.h"
#include "relay/common/http_rules.h"

/* `target` is the raw target, `target_in_place` where it stood in MHD's buffer. The fields are appended to *block, and
 * *out points into it, `method`, `version` and `target`. */
enum refusal ingress_read_head(struct MHD_Connection *connection, const char *method, const char *version,
			       const char *target, const char *target_in_place, struct buffer *block,
			       struct http_head *out);

/* The trailer fields of a chunked body that has just come whole, appended to *block. */
enum refusal ingress_read_trailers(struct MHD_Connection *connection, struct buffer *block);
