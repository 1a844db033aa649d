/* The app's call for a delivery. It knows no origin: what is particular to one is in its struct origin_ops. Loop
 * thread. */
#pragma once

#include "client/stream/stream.h"

/* Calls the app; the end is recorded and goes back to the relay. Without an app the delivery stays on record. May free
 * the stream. */
void call_begin(struct stream *st);
/* This is the answer, and the app is not called; the sentence says why, for the record, which counts the time since
 * `began_us` (clock_now_us). May free the stream. */
void call_answer(struct stream *st, int status, struct bytes headers, struct bytes body, const char *sentence,
		 uint64_t began_us);
/* Ends the wait of one that is CALL_WAITING: no call, the delivery goes back to the store in this state. May free the
 * stream. */
void call_leave(struct stream *st, enum delivery_state state);

/* After 101: bytes of the sender. False when they are beyond the window, or after the end. */
MUST_CHECK bool call_take_upgraded(struct stream *st, struct bytes piece, bool end);
/* The sender is gone, or the connection to the relay: the app's is closed. May free the stream. */
void call_hang_up(struct stream *st);
/* Ends the call, if there is one, as cancelled. May free the stream. */
void call_cancel(struct stream *st);
