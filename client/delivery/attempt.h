/* The record of a call of the app: made once the call is over, and tried again while the store does not take it. Loop
 * thread. */
#pragma once

#include "client/stream/stream.h"

/* Keeps the answer's first bytes as they came, for the record only. */
void attempt_take_raw(struct stream *st, struct bytes raw);
/* The answer's body is to have `len` bytes, or WIRE_UNKNOWN_LENGTH. Before the first piece. */
void attempt_expect_body(struct stream *st, uint64_t len);
/* Takes a piece of the answer's body and keeps for the record what --record-max allows. */
void attempt_take_body(struct stream *st, struct bytes piece);
/* Records the call that is over (st->result). The origin's `recorded` follows; the stream may be freed then. */
void attempt_record(struct stream *st);

/* Prepares the timer of attempt_retry; once for each set. */
void attempt_init(struct streams *set);
/* Tries once more what could not be recorded, or gives it up when the session ends. */
void attempt_retry(struct streams *set);
