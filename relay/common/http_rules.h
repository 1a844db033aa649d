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

/* Whether the first line of a connection is whole and no request line at all: no method, or nothing behind it. Empty
 * lines before it do not count (RFC 9112 §2.2). */
bool http_rules_is_no_request(struct bytes start);

struct http_framing {
	bool has_body;     /* Content-Length or chunked */
	uint64_t body_len; /* WIRE_UNKNOWN_LENGTH when chunked */
};

/* Checks a request's head; on REFUSE_NOTHING fills *framing. */
enum refusal http_rules_check(const struct http_head *head, uint64_t max_body, struct http_framing *framing);
