/* What the relay refuses before the tunnel (shared/DESIGN.md §5), as one table. Pure. */
#pragma once

#include "shared/base/bytes.h"

enum refusal {
	REFUSE_NOTHING,
	REFUSE_MALFORMED, /* framing: obs-fold, bare LF, NUL, odd blanks */
	REFUSE_BAD_FIELD,
	REFUSE_BAD_TARGET,
	REFUSE_BAD_METHOD,
	REFUSE_VERSION,
	REFUSE_HOST,
	REFUSE_LENGTH, /* differing or repeated Content-Length, or not a number */
	REFUSE_LENGTH_AND_ENCODING,
	REFUSE_ENCODING, /* a transfer coding that is not chunked alone */
	REFUSE_HEADERS_TOO_LARGE,
	REFUSE_BODY_TOO_LARGE,
	REFUSE_SLOW,
	REFUSE_TUNNEL_HERE,     /* a tunnel handshake on a connection for webhooks */
	REFUSE_NO_UPGRADE,      /* the tunnel's path, and no WebSocket */
	REFUSE_PLAINTEXT,       /* from elsewhere, to a relay that has a certificate */
	REFUSE_TO_HTTPS,        /* the same, where the sender may be sent on: plaintext.h has the Location */
	REFUSE_BROWSER_WARNING, /* a page first, browser_warning.h */
	REFUSE_WARNING_READ,    /* it was read: on to the tunnel */
	REFUSE_ORIGIN,          /* a tunnel handshake out of a web page */
	REFUSE_MISDIRECTED,     /* a Host that is not this relay's: host_check.h has the sentence */
	REFUSE_NO_TUNNEL,
	REFUSE_OFFLINE,
	REFUSE_OFFLINE_READ,
	REFUSE_OVERLOADED,
	REFUSE_SPOOL_FULL,   /* what may wait for the tunnel */
	REFUSE_SPOOL_TOTAL,  /* what the relay may hold of all tunnels */
	REFUSE_LARGE_BODIES, /* the tunnel's temporary files */
	REFUSE_DISK_FULL,
	REFUSE_SPOOL_FAILED,
	REFUSE_CLIENT_LOST,
	REFUSE_CLIENT_STORE,
	REFUSE_REPLY_TIMEOUT,
	REFUSE_DRAINING,
	REFUSE_BAD_ANSWER,
	REFUSE_ANSWER_HEAD,
	REFUSE_RATE_ADDRESS,
	REFUSE_RATE_TUNNEL,
	REFUSE_RATE_REFUSED, /* more handshakes of one address are refused than it is told of */
	REFUSE_PASSAGES,
	REFUSE_UNDER_WAY,       /* more requests of one address at once than it may have connections */
	REFUSE_PROXY_HEADER,    /* a PROXY header that is malformed, or a second one */
	REFUSE_PROXY_UNTRUSTED, /* one of somebody who is no trusted proxy */
	REFUSE_COUNT,
};

struct refusal_text {
	const char *name;     /* for metrics and logs */
	const char *sentence; /* the answer's body */
	int status;
	int retry_after; /* seconds; 0: no Retry-After */
};

const struct refusal_text *refusal_text(enum refusal r);

#define HTTP_MAX_FIELDS 200

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
