#include "relay/common/refusal.h"

static const struct refusal_text texts[REFUSE_COUNT] = {
	[REFUSE_NOTHING] = { "none", "", 200, 0 },
	[REFUSE_MALFORMED] = { "malformed", "The request's head is malformed.", 400, 0 },
	[REFUSE_BAD_FIELD] = { "bad_field", "A header field's name or value holds bytes that HTTP does not allow.", 400,
			       0 },
	[REFUSE_BAD_TARGET] = { "bad_target", "The request's target is not a path.", 400, 0 },
	[REFUSE_BAD_METHOD] = { "bad_method", "The request's method is not a token.", 400, 0 },
	[REFUSE_VERSION] = { "version", "This relay speaks HTTP/1.1 and HTTP/1.0.", 505, 0 },
	[REFUSE_HOST] = { "host", "An HTTP/1.1 request has exactly one Host field.", 400, 0 },
	[REFUSE_LENGTH] = { "length", "Content-Length is repeated or not a number.", 400, 0 },
	[REFUSE_LENGTH_AND_ENCODING] = { "length_and_encoding",
					 "Content-Length and Transfer-Encoding exclude each other.", 400, 0 },
	[REFUSE_ENCODING] = { "encoding", "The only transfer coding understood is chunked.", 400, 0 },
	[REFUSE_HEADERS_TOO_LARGE] = { "headers_too_large", "The request's head is over 64 KiB or 200 fields.", 431,
				       0 },
	[REFUSE_BODY_TOO_LARGE] = { "body_too_large", "The request's body is larger than this relay takes.", 413, 0 },
	[REFUSE_SLOW] = { "slow", "The request did not arrive in time.", 408, 0 },
	[REFUSE_TUNNEL_HERE] = { "tunnel_here",
				 "A tunnel needs a connection of its own: connect again with the WebSocket upgrade "
				 "(over TLS"
				 " with the ALPN protocol creel/1).",
				 426, 0 },
	[REFUSE_NO_UPGRADE] = { "no_upgrade", "A tunnel is a WebSocket: a proxy on the way must pass Upgrade on.", 426,
				0 },
	[REFUSE_PLAINTEXT] = { "plaintext",
			       "This relay takes webhooks and tunnels over TLS alone: use https:// in the place of "
			       "http://. What was sent could be read on the way.",
			       403, 0 },
	[REFUSE_TO_HTTPS] = { "to_https", "This relay answers over TLS alone: use https:// in the place of http://.",
			      308, 0 },
	[REFUSE_BROWSER_WARNING] = { "browser_warning", "This is somebody's tunnel.", 403, 0 },
	[REFUSE_WARNING_READ] = { "browser_warning_read", "Going on.", 303, 0 },
	[REFUSE_ORIGIN] = { "origin",
			    "A tunnel is opened by a creel client, never out of a web page: a handshake with an Origin "
			    "field is refused.",
			    403, 0 },
	[REFUSE_MISDIRECTED] = { "misdirected", "This relay does not answer to that host.", 421, 0 },
	[REFUSE_NO_TUNNEL] = { "no_tunnel", "There is no tunnel of that name here.", 404, 0 },
	[REFUSE_OFFLINE] = { "offline", "The tunnel's client is offline; try again later.", 503, 30 },
	[REFUSE_OFFLINE_READ] = { "offline_read", "The tunnel's client is offline.", 503, 30 },
	[REFUSE_OVERLOADED] = { "overloaded", "The relay is out of memory for this request; try again.", 503, 5 },
	[REFUSE_SPOOL_FULL] = { "spool_full",
				"The tunnel's client has not taken what waits for it, and its queue is full; try again "
				"later.",
				503, 60 },
	[REFUSE_SPOOL_TOTAL] = { "spool_total",
				 "The relay holds as much for all its tunnels together as it may; try again later.",
				 503, 60 },
	[REFUSE_LARGE_BODIES] = { "large_bodies",
				  "Other large requests to this tunnel are under way, as many as the relay holds at "
				  "once; try again.",
				  503, 10 },
	[REFUSE_DISK_FULL] = { "disk_full", "The relay's disk is full; try again later.", 503, 60 },
	[REFUSE_SPOOL_FAILED] = { "spool_failed", "The relay could not write the request down; try again.", 503, 10 },
	[REFUSE_CLIENT_LOST] = { "client_lost", "The tunnel's client went away before it answered.", 502, 0 },
	[REFUSE_CLIENT_STORE] = { "client_store", "The tunnel's client could not record the request; try again.", 503,
				  5 },
	[REFUSE_REPLY_TIMEOUT] = { "reply_timeout", "The app behind the tunnel did not answer in time.", 504, 0 },
	[REFUSE_DRAINING] = { "draining", "The relay is restarting; try again.", 503, 5 },
	[REFUSE_BAD_ANSWER] = { "bad_answer", "The app behind the tunnel gave no valid answer.", 502, 0 },
	[REFUSE_ANSWER_HEAD] = { "answer_head", "The head of the app's answer is larger than the relay can pass on.",
				 502, 0 },
	[REFUSE_RATE_ADDRESS] = { "rate_address", "Too many requests from this address; slow down.", 429, 1 },
	[REFUSE_PASSAGES] = { "passages", "The tunnel has as many WebSockets open as it may.", 503, 5 },
	[REFUSE_UNDER_WAY] = { "under_way", "Too many requests of this address are under way; try again.", 429, 1 },
	[REFUSE_PROXY_HEADER] = { "proxy_header", "The connection begins with a malformed PROXY header.", 400, 0 },
	[REFUSE_PROXY_UNTRUSTED] = { "proxy_untrusted",
				     "A PROXY header is taken only from a proxy that --trusted-proxy names.", 400, 0 },
	[REFUSE_RATE_REFUSED] = { "rate_refused", "Too many refused handshakes from this address; try again later.",
				  429, 1 },
	[REFUSE_RATE_TUNNEL] = { "rate_tunnel", "Too many requests to this tunnel; slow down.", 429, 1 },
};

const struct refusal_text *refusal_text(enum refusal r)
{
	return &texts[r < REFUSE_COUNT ? r : REFUSE_MALFORMED];
}
