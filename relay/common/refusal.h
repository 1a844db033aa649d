/* Why the relay answers a request itself: one row a reason, with the answer's status, its sentence and the word that
 * metrics and logs know it by. Where a reason is a limit's, relay/common/limits.def names it. Pure; any thread. */
#pragma once

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
	const char *name;     /* in metrics, logs and the field Creel-Refused */
	const char *sentence; /* the answer's body */
	int status;           /* of HTTP */
	int retry_after;      /* seconds; 0: the answer has no Retry-After */
};

/* Never NULL; lives as long as the program. */
const struct refusal_text *refusal_text(enum refusal r);
