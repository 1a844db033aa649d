/* What goes back to the relay on a stream, and what is kept of it until the relay has credited it (PROTOCOL.md §3, §4):
 * in memory what has not been sent, and the rest only where the record of the answer does not have it. Nothing is sent
 * before the delivery is synced. Loop thread. */
#pragma once

#include "client/stream/stream.h"

/* Sends what the windows allow. The stream may leave the wire, but is not freed. */
void response_send(struct stream *st);

/* Whether some of it could go, but for what waits for the connection already. */
bool response_waits_for_link(const struct stream *st);

/* The app's status and headers. For a spooled delivery they are only recorded. */
void response_take_head(struct stream *st, int status, struct bytes reason, struct bytes headers, uint64_t body_len);
/* Takes a piece of the app's body. False when the app must wait. */
MUST_CHECK bool response_take_body(struct stream *st, struct bytes piece);
/* Takes the trailer fields after the app's chunked body. */
void response_take_trailers(struct stream *st, struct bytes trailers);
/* The call is over (st->result): sends the end, that the answer broke off, or a sentence in the app's place. */
void response_take_end(struct stream *st);
/* Makes a status without anything else the whole response. */
void response_take_status(struct stream *st, int status);

/* Takes a WINDOW frame for the stream. False when the window would exceed 2^31. */
MUST_CHECK bool response_credit(struct stream *st, uint32_t credit);
/* After a lost connection, goes back to what the relay says it has received. False when that was never sent. */
MUST_CHECK bool response_rewind(struct stream *st, bool head, uint64_t body_seen);
/* Whether that may have to be read from the body in st->answer, which then stays. */
bool response_needs_record(const struct stream *st);
/* Once the attempt is on record: adds when the whole response had been given to the tunnel, if that came later. */
void response_record_given(struct stream *st);
