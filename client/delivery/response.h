/* What goes back to the relay on a stream, and what is kept of it until the relay has credited it (PROTOCOL.md §3, §4).
 * Nothing is sent before the delivery is synced. Loop thread. */
#pragma once

#include "client/stream/stream.h"

/* Sends what the windows allow. The stream may leave the wire, but is not freed. */
void response_send(struct stream *st);

/* The app's status and headers. For a spooled delivery they are for the record alone. */
void response_take_head(struct stream *st, int status, struct bytes reason, struct bytes headers, uint64_t body_len);
/* A piece of the app's body. False when the app is to be made to wait. */
MUST_CHECK bool response_take_body(struct stream *st, struct bytes piece);
/* The fields behind the app's chunked body. */
void response_take_trailers(struct stream *st, struct bytes trailers);
/* The call is over (st->result): the end, a break, or a sentence in the app's place. */
void response_take_end(struct stream *st);
/* The whole response is a status and nothing else. */
void response_take_status(struct stream *st, int status);

/* WINDOW for the stream. False when the window is lifted above 2^31. */
MUST_CHECK bool response_credit(struct stream *st, uint32_t credit);
/* Goes back to where the relay stands after a lost connection. False when it claims what was never sent. */
MUST_CHECK bool response_rewind(struct stream *st, bool head, uint64_t body_seen);
/* The attempt is on record: says there as well when the response had been given to the tunnel, if that came later. */
void response_record_given(struct stream *st);
