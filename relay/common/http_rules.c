#include "relay/common/http_rules.h"

#include "shared/http/headers.h"
#include "shared/wire/wire.h"

#include <string.h>

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

bool http_rules_is_no_request(struct bytes start)
{
	while (start.len > 0 && (*start.at == '\r' || *start.at == '\n'))
		start = bytes_make(start.at + 1, start.len - 1);
	const uint8_t *end = start.len > 0 ? memchr(start.at, '\n', start.len) : NULL;
	if (!end || *start.at == 0) /* libmicrohttpd 0.9.75 takes a line that begins with NUL for an empty one */
		return false;
	return *start.at == ' ' || !memchr(start.at, ' ', (size_t)(end - start.at));
}

/* 1*DIGIT, fitting 63 bits. */
static bool parse_length(struct bytes value, uint64_t *out)
{
	*out = 0;
	while (value.len > 0 && (value.at[value.len - 1] == ' ' || value.at[value.len - 1] == '\t'))
		value.len--;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9' || *out > (INT64_MAX - 9) / 10)
			return false;
		*out = *out * 10 + (uint64_t)(value.at[i] - '0');
	}
	return value.len > 0;
}

static bool is_chunked(struct bytes value)
{
	while (value.len > 0 && (value.at[value.len - 1] == ' ' || value.at[value.len - 1] == '\t'))
		value.len--;
	return bytes_equal_nocase(value, "chunked");
}

/* Every byte visible: RFC 3986's characters and, as some senders have it, raw 8-bit ones. */
static bool target_valid(struct bytes target)
{
	for (size_t i = 0; i < target.len; i++)
		if (target.at[i] <= 0x20 || target.at[i] == 0x7f)
			return false;
	return target.len > 0 && target.at[0] == '/';
}

static enum refusal check_fields(struct bytes block, bool http11, struct http_framing *framing)
{
	size_t hosts = 0, lengths = 0, encodings = 0;
	struct bytes name, value;
	framing->has_body = false;
	framing->body_len = 0;
	for (size_t pos = 0; headers_next(block, &pos, &name, &value);) {
		if (bytes_equal_nocase(name, "Host")) {
			hosts++;
		} else if (bytes_equal_nocase(name, "Content-Length")) {
			if (lengths++ > 0 || !parse_length(value, &framing->body_len))
				return REFUSE_LENGTH;
		} else if (bytes_equal_nocase(name, "Transfer-Encoding")) {
			if (encodings++ > 0 || !is_chunked(value))
				return REFUSE_ENCODING;
		}
	}
	if (lengths && encodings)
		return REFUSE_LENGTH_AND_ENCODING;
	if (encodings && !http11)
		return REFUSE_ENCODING;
	if (hosts > 1 || (http11 && hosts == 0))
		return REFUSE_HOST;
	framing->has_body = lengths || encodings;
	if (encodings)
		framing->body_len = WIRE_UNKNOWN_LENGTH;
	return REFUSE_NOTHING;
}

enum refusal http_rules_check(const struct http_head *head, uint64_t max_body, struct http_framing *framing)
{
	bool http11 = bytes_equal(head->version, bytes_of("HTTP/1.1"));
	if (!http11 && !bytes_equal(head->version, bytes_of("HTTP/1.0")))
		return REFUSE_VERSION;
	if (head->size > WIRE_MAX_HEADER_BLOCK || head->fields > HTTP_MAX_FIELDS)
		return REFUSE_HEADERS_TOO_LARGE;
	if (!headers_name_valid(head->method))
		return REFUSE_BAD_METHOD;
	if (!target_valid(head->target))
		return REFUSE_BAD_TARGET;
	if (!headers_valid(head->headers))
		return REFUSE_BAD_FIELD;
	enum refusal r = check_fields(head->headers, http11, framing);
	if (r == REFUSE_NOTHING && framing->body_len != WIRE_UNKNOWN_LENGTH && framing->body_len > max_body)
		r = REFUSE_BODY_TOO_LARGE;
	return r;
}
