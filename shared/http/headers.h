/* HTTP field lines as one block of bytes: `Name: value CR LF` repeated, in the order received.
 *
 * This one form travels on the wire, lies in the store and is walked by the forwarder, so nothing is re-encoded on
 * the way: the blanks around a value stay as they came, none, one or many. Field syntax: RFC 9110 §5, RFC 9112 §5.
 * Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

/* Appends one field. The caller has checked name and value (headers_name_valid, headers_value_valid). */
MUST_CHECK bool headers_append(struct buffer *block, struct bytes name, struct bytes value);

/* Steps through a block: start with *pos = 0. A value comes without the blanks before it and with those after it. False
 * at the end or at a malformed line (see headers_valid). */
bool headers_next(struct bytes block, size_t *pos, struct bytes *name, struct bytes *value);

/* The same, and the whole line as it came, with its CR LF. */
bool headers_next_line(struct bytes block, size_t *pos, struct bytes *name, struct bytes *value, struct bytes *line);

/* The first field of that name, compared without case; false when there is none. */
bool headers_find(struct bytes block, const char *name, struct bytes *value);
/* Whether any field looks like a webhook's signature ("…signature…", "…hmac…" or X-Gitlab-Token). */
bool headers_has_signature(struct bytes block);
size_t headers_count(struct bytes block);

/* Every line well-formed: token name, colon, value without control bytes (TAB excepted), CR LF. */
bool headers_valid(struct bytes block);
/* Whether there is exactly one blank between each colon and its value, as headers_append writes it. */
bool headers_one_blank(struct bytes block);
/* A token of RFC 9110 §5.6.2, not empty. */
bool headers_name_valid(struct bytes name);
/* No CR, LF, NUL, other C0 (TAB excepted) or DEL. */
bool headers_value_valid(struct bytes value);

/* The next member of a comma-separated value (RFC 9110 §5.6.1), without the blanks around it: start with *pos = 0. May
 * be empty. False at the end. */
bool headers_next_member(struct bytes value, size_t *pos, struct bytes *member);
/* Content-Type: text/event-stream, an answer that does not end (HTML, server-sent events). */
bool headers_of_event_stream(struct bytes block);
/* A Content-Length's value, where it is one number of at most 18 digits (RFC 9110 §8.6); blanks may follow it. */
bool headers_read_length(struct bytes value, uint64_t *length);
