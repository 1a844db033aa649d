/* The call of the app for a delivery, the same for every origin: what differs between origins is in struct origin_ops
 * (client/stream/stream.h). Loop thread. */
#pragma once

#include "client/stream/stream.h"

/* Calls the app; the end is recorded and goes back to the relay. Without an app the delivery stays on record. May free
 * the stream. */
void call_begin(struct stream *st);
/* Gives this answer instead of calling the app. `sentence` says why, for the record; `began_us` (clock_now_us) is when
 * the recorded duration begins. May free the stream. */
void call_answer(struct stream *st, int status, struct bytes headers, struct bytes body, const char *sentence,
		 uint64_t began_us);
/* For a stream in CALL_WAITING: gives up the call; the delivery goes back to the store in this state. May free the
 * stream. */
void call_leave(struct stream *st, enum delivery_state state);

/* After 101: takes bytes from the sender, for the app. False when they exceed the window, or come after the end. */
MUST_CHECK bool call_take_upgraded(struct stream *st, struct bytes piece, bool end);
/* The sender is gone, or the connection to the relay: closes the app's connection. May free the stream. */
void call_hang_up(struct stream *st);
/* Ends the call, if there is one, as cancelled. May free the stream. */
void call_cancel(struct stream *st);
