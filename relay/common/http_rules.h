/* Which requests the relay takes at all (shared/DESIGN.md §5): the rules of HTTP/1.1 (RFC 9110, RFC 9112) on a
 * request's head, strict where two readers of one message could differ. Pure; any thread. */
#pragma once

#include "relay/common/refusal.h"
#include "shared/base/bytes.h"

struct http_head {
	struct bytes method, target, version;
	struct bytes headers; /* shared/http/headers.h block, not yet validated */
	size_t size;          /* of the whole head as received */
	size_t fields;
};

/* Whether the first line of a connection is whole and cannot be a request line: it has no method, or nothing follows
 * it. Empty lines before it do not count (RFC 9112 §2.2). */
bool http_rules_is_no_request(struct bytes start);

struct http_framing {
	bool has_body;     /* Content-Length or chunked */
	uint64_t body_len; /* WIRE_UNKNOWN_LENGTH when chunked */
};

/* Why a request with this head must be refused, or REFUSE_NOTHING; then *framing says how its body is delimited. A body
 * declared longer than max_body is REFUSE_BODY_TOO_LARGE, and *framing is filled in as well. */
enum refusal http_rules_check(const struct http_head *head, uint64_t max_body, struct http_framing *framing);
