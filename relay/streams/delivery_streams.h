/* What the sender's side (relay/senders) does with all streams of a delivery at once. relay/common/delivery.h says what
 * a delivery is. Loop thread. */
#pragma once

#include "relay/common/delivery.h"

struct client;
struct spool;

/* To be called when more of the body came, or its end. */
void delivery_pump(struct delivery *d);
/* To be called when the sender's connection took `len` bytes of the answer. */
void delivery_consumed(struct delivery *d, size_t len);
/* Nobody waits any more: ends all streams but those that are being written, with RESET where something was sent. */
void delivery_reset(struct delivery *d, uint32_t code, const char *reason);
/* For a body that will not be complete: does the same, and clients that know nothing of the delivery get a REQUEST with
 * REFUSED, for the record. `status` is what the sender got, 0: nothing. */
void delivery_cut(struct delivery *d, uint32_t code, int status, const char *reason);
/* The reply timeout passed: what no client has recorded goes to the spool, the rest is reset. */
void delivery_on_timeout(struct delivery *d);
/* Gives up streams of connected clients that did not record the delivery within --record-timeout: it goes to the spool
 * where it may. Returns after how many milliseconds to look again; -1: there is nothing left to look at. */
int64_t delivery_on_record_timeout(struct delivery *d);
/* To be called when the sender is gone, or has its answer: ends the streams that only the sender waited for, and gives
 * the sender's hold back. */
void delivery_leave_sender(struct delivery *d);
/* Gives up the copies on their way to mailboxes, which do not fit, when a connected client may still get the delivery.
 * False when there were no copies, or no such client. */
bool delivery_leave_out_copies(struct delivery *d, enum refusal why);

/* ---- delivery_quota.c: what it takes of the relay's disk ---- */

/* Reserves the disk space that the delivery needs, with `more` bytes of its body that are just arriving. Without space
 * it returns which limit was reached, and the delivery keeps what it had. To be called when a stream was opened or is
 * to go to the spool, and before the body grows. */
enum refusal delivery_take_quota(struct delivery *d, uint64_t more);
/* Gives back what is no longer needed, and frees a body that no stream needs. */
void delivery_give_quota(struct delivery *d);

/* ---- delivery_missed.c: clients whose copy did not fit ---- */

/* Notes that the client's copy does not fit: the client learns of a gap once the delivery is safe elsewhere. */
void delivery_note_missed(struct delivery *d, const struct client *c);
/* To be called when somebody has the delivery, so the sender sees no failure: clients that miss their copy learn of a
 * gap. */
void delivery_now_safe(struct delivery *d, struct spool *spool);
