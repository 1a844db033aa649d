/* The record of a call of the app: made once the call is over, and tried again while the store does not take it. Loop
 * thread. */
#pragma once

#include "client/stream/stream.h"

/* The answer's first bytes, for the record alone. */
void attempt_take_raw(struct stream *st, struct bytes raw);
/* A piece of the answer's body came, and its first bytes are kept for the record. */
void attempt_take_body(struct stream *st, struct bytes piece);
/* Records the call that is over (st->result). The origin's `recorded` follows; the stream may be freed then. */
void attempt_record(struct stream *st);

void attempt_init(struct streams *set);
/* Tries once more what could not be recorded, or gives it up when the session ends. */
void attempt_retry(struct streams *set);
