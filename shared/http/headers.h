/* HTTP field lines as one block of bytes: `Name: value CR LF` repeated, in the order received.
 *
 * This one form travels on the wire, lies in the store and is walked by the forwarder, so nothing is re-encoded on
 * the way. Exactly one blank stands behind each colon; a value keeps its trailing blanks. Field syntax: RFC 9110 §5,
 * RFC 9112 §5. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

/* Appends one field. The caller has checked name and value (headers_name_valid, headers_value_valid). */
MUST_CHECK bool headers_append(struct buffer *block, struct bytes name, struct bytes value);

/* Steps through a block: start with *pos = 0. False at the end or at a malformed line (see headers_valid). */
bool headers_next(struct bytes block, size_t *pos, struct bytes *name, struct bytes *value);

/* The first field of that name, compared without case; false when there is none. */
bool headers_find(struct bytes block, const char *name, struct bytes *value);
/* Whether any field looks like a webhook's signature ("…signature…", "…hmac…" or X-Gitlab-Token). */
bool headers_has_signature(struct bytes block);
size_t headers_count(struct bytes block);

/* Every line well-formed: token name, one blank, value without control bytes (TAB excepted), CR LF. */
bool headers_valid(struct bytes block);
/* A token of RFC 9110 §5.6.2, not empty. */
bool headers_name_valid(struct bytes name);
/* No CR, LF, NUL, other C0 (TAB excepted) or DEL. */
bool headers_value_valid(struct bytes value);

/* Which fields of a block are hop-by-hop (shared/DESIGN.md §5, RFC 9110 §7.6.1): Connection, Keep-Alive,
 * Proxy-Connection, Proxy-Authenticate, Proxy-Authorization, TE, Trailer, Transfer-Encoding, Upgrade, and what the
 * block's Connection fields name; but never end-to-end fields, such as Host, Content-… and whatever a webhook's
 * signature is checked with, since a sender could otherwise have a signature dropped. The block is gone through once,
 * so that 64 KiB of fields cost no more than that. */
struct hop_by_hop {
	struct bytes *named; /* sorted; they point into the block */
	size_t count;
};

/* Zeroed by the caller; false: out of memory. hop_by_hop_free in any case. */
bool hop_by_hop_find(struct hop_by_hop *h, struct bytes block);
bool hop_by_hop_has(const struct hop_by_hop *h, struct bytes name);
void hop_by_hop_free(struct hop_by_hop *h);
/* The opening of a WebSocket as far as the fields tell (RFC 6455 §4.2.1): Upgrade: websocket, and Connection names it.
 */
bool headers_ask_for_websocket(struct bytes block);
/* Content-Type: text/event-stream, an answer without an end (HTML, server-sent events). */
bool headers_of_event_stream(struct bytes block);
