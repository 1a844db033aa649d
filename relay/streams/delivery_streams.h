/* All streams of a delivery at once: what its sender's side (relay/senders) does with it. What a delivery is stands in
 * relay/common/delivery.h. Loop thread. */
#pragma once

#include "relay/common/delivery.h"

struct client;
struct spool;

/* More of the body came, or its end. */
void delivery_pump(struct delivery *d);
/* The sender's connection took `len` bytes of the answer. */
void delivery_consumed(struct delivery *d, size_t len);
/* Nobody waits any more: ends all streams but those that are being written, with RESET where something was sent. */
void delivery_reset(struct delivery *d, uint32_t code, const char *reason);
/* The body will not come whole: the same, and clients that know nothing of it get a REQUEST with REFUSED, for the
 * record. `status` is what the sender got, 0: nothing. */
void delivery_cut(struct delivery *d, uint32_t code, int status, const char *reason);
/* The reply timeout passed: what no client has recorded goes to the spool, the rest is reset. */
void delivery_on_timeout(struct delivery *d);
/* Gives up what clients that are here got and did not record within --record-timeout: it goes to the spool where it
 * may. In how many milliseconds to look again; -1: nothing is left to look at. */
int64_t delivery_on_record_timeout(struct delivery *d);
/* The sender is gone, or its answer is through: ends the streams that only the sender waited for, and gives the
 * sender's hold back. */
void delivery_leave_sender(struct delivery *d);
/* The copies on their way to mailboxes do not fit: they are missed, where a client that is here may still get its own.
 * False when there were none, or there is nothing else. */
bool delivery_leave_out_copies(struct delivery *d, enum refusal why);

/* ---- delivery_quota.c: what it takes of the relay's disk ---- */

/* Counts what the delivery needs of the disk, with `more` bytes of its body that are just coming, and takes the space
 * for it. When there is none: which limit it was, and it keeps what it had. Call it when a stream was opened or is to
 * go to the spool, and before the body grows. */
enum refusal delivery_take_quota(struct delivery *d, uint64_t more);
/* Gives back what is no longer needed, and frees a body that no stream needs. */
void delivery_give_quota(struct delivery *d);

/* ---- delivery_missed.c: clients whose copy did not fit ---- */

/* The client's copy does not fit: it is told of a gap once the delivery is safe elsewhere. */
void delivery_note_missed(struct delivery *d, const struct client *c);
/* Somebody has it, so the sender is told of no failure: clients that miss their copy are told of a gap. */
void delivery_now_safe(struct delivery *d, struct spool *spool);
